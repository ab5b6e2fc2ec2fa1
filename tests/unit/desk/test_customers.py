from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.desk.office import Client, Office, visitor


async def put(client: Client, path: str, body: Any, status: int = 200) -> Any:
    """Send a PUT and return the JSON answer."""
    response = await client.ask("PUT", path, json=body)
    assert response.status == status, await response.text()
    return await response.json()


async def test_a_lead_says_what_is_known_of_a_customer(office: Office) -> None:
    """Named attributes change, null removes one, the others stay."""
    conversation = await office.mail()
    path = f"/customers/{conversation.customer}/attributes"
    async with visitor(office, "lead") as lea:
        await put(lea, path, {"attributes": {"tier": " premium ", "zone": "Europe/Madrid"}})
        await put(lea, path, {"attributes": {"tier": None, "language": "DA"}})
        found = await lea.get(f"/customers/{conversation.customer}")
    assert found["attributes"] == {"zone": "Europe/Madrid", "language": "da"}
    assert found["name"] == "Ana"


async def test_a_customer_can_be_known_before_they_write(office: Office) -> None:
    """Whoever writes from the address later is that customer."""
    async with visitor(office, "lead") as lea:
        path = f"/customers/by-identity/email/{quote('Ana@Example.ORG', safe='')}"
        made = await put(lea, path, {"name": "Ana P.", "attributes": {"tier": "premium"}})
        again = await put(lea, path, {"attributes": {}})
    assert again == made
    conversation = await office.mail(who="ana@example.org")
    assert conversation.customer == made["id"]


async def test_an_address_finds_its_customer(office: Office, maria: Client) -> None:
    """With or without its kind, in any spelling; a stranger's finds nobody."""
    conversation = await office.mail(who="ana@example.org")
    for address in ("ANA@example.org", "email:ana@example.org"):
        found = (await maria.get("/customers", address=address))["customers"]
        assert [one["id"] for one in found] == [conversation.customer]
    assert (await maria.get("/customers", address="ben@example.org"))["customers"] == []


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"Tier": "premium"}, "cannot be an attribute"),
        ({"tier": "x" * 201}, "at most 200"),
        ({"tier": "a\nb"}, "control characters"),
        ({"zone": "Copenhagen"}, "Europe/Copenhagen"),
        ({"language": "danish"}, "did you mean 'da'"),
    ],
)
async def test_what_rules_could_not_use_is_refused(office: Office, attributes: Any, said: str) -> None:
    """The refusal names what is wrong and how to mend it, and nothing is written."""
    conversation = await office.mail()
    async with visitor(office, "lead") as lea:
        path = f"/customers/{conversation.customer}/attributes"
        refused = await put(lea, path, {"attributes": attributes}, status=422)
        assert said in refused["detail"]
        assert (await lea.get(f"/customers/{conversation.customer}"))["attributes"] == {}


async def test_no_address_and_no_customer_are_refused(office: Office) -> None:
    """An address of no known form, a kind that is none, and an unknown customer are told apart."""
    async with visitor(office, "lead") as lea:
        assert "email address" in (await put(lea, "/customers/by-identity/email/ana", {}, 422))["detail"]
        assert "kind of address" in (await put(lea, "/customers/by-identity/E-Mail/a@b.c", {}, 422))["detail"]
        await put(lea, "/customers/c_none/attributes", {"attributes": {"tier": "x"}}, 404)
