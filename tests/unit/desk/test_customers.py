from typing import Any
from urllib.parse import quote

import pytest

from channels.message import Identity
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


# --- the same person


async def refused(client: Client, path: str, body: Any, status: int) -> str:
    """Send a POST that is refused and return why."""
    response = await client.ask("POST", path, json=body)
    assert response.status == status, await response.text()
    return str((await response.json())["detail"])


async def test_an_agent_joins_two_customers_and_undoes_it(office: Office, maria: Client) -> None:
    """By id or address; both ids then show one person with one history, and undoing gives back two."""
    one = await office.mail(who="ana@example.org")
    two = await office.mail(who="ana@work.example")
    joined = await maria.post(f"/customers/{two.customer}/join", {"other": "Ana@example.org"})
    assert {each["address"] for each in joined["identities"]} == {"ana@example.org", "ana@work.example"}
    assert {each["id"] for each in joined["conversations"]} == {one.id, two.id}
    (join,) = joined["joins"]
    assert (join["says"], join["by"]["id"]) == ("Maria Jensen said so.", "maria")
    for each in (one, two):
        assert await maria.get(f"/customers/{each.customer}") == joined
        history = await maria.get(f"/customers/{each.customer}/history", limit=1)
        assert [line["id"] for line in history["conversations"]] == [two.id]
        assert history["joins"] == joined["joins"]
    body = {"one": join["other"], "other": join["one"]}
    apart = (await maria.post(f"/customers/{one.customer}/split", body))["customers"]
    assert {each["id"]: [line["id"] for line in each["conversations"]] for each in apart} == {
        one.customer: [one.id],
        two.customer: [two.id],
    }
    log = [line for _, line in await office.world.store.log(after=0, limit=99)]
    told = [(line.kind, line.agent) for line in log if line.kind.startswith("customers")]
    assert told == [("customers joined", "maria"), ("customers split", "maria")]


async def test_words_and_addresses_find_customers(office: Office, maria: Client) -> None:
    """By what they wrote, what they are called or their address, each person once."""
    one = await office.mail(who="ana@example.org", text="The zebra lamp is broken")
    await office.mail(who="ana@example.org", text="The zebra lamp again")
    await office.mail(who="ben@example.org", text="A door")
    for words in ("zebra", "Ana", "ana@example.org"):
        found = (await maria.get("/customers", q=words))["customers"]
        assert [each["id"] for each in found] == [one.customer], words
    assert (await maria.get("/customers", q="nobody"))["customers"] == []
    for query in ({}, {"q": "a", "address": "b"}):
        assert (await maria.ask("GET", "/customers", params=query)).status == 422


async def test_what_cannot_be_joined_or_parted_is_refused(office: Office, maria: Client) -> None:
    """Nobody, oneself, two who are not joined: each is told apart."""
    one, two = await office.mail(who="ana@example.org"), await office.mail(who="ben@example.org")
    join, split = f"/customers/{one.customer}/join", f"/customers/{one.customer}/split"
    assert "No customer" in await refused(maria, join, {"other": "eve@example.org"}, 404)
    assert "already" in await refused(maria, join, {"other": "ana@example.org"}, 422)
    assert "no customer" in await refused(maria, "/customers/c_none/join", {"other": two.customer}, 404)
    both = {"one": one.customer, "other": two.customer}
    assert "not joined" in await refused(maria, split, both, 422)


async def test_who_is_no_agent_joins_nobody(office: Office, ada: Client) -> None:
    """A reader's account is refused; a lead's program may, and is named."""
    one, two = await office.mail(who="ana@example.org"), await office.mail(who="ben@example.org")
    for role, status in (("agent", 403), ("lead", 200)):
        user = await ada.post("/users", {"email": f"{role}@crm.example", "role": role, "name": "CRM"})
        token = (await ada.post(f"/users/{user['id']}/tokens", {"name": "x"}))["token"]
        async with visitor(office, Authorization=f"Bearer {token}") as crm:
            response = await crm.ask("POST", f"/customers/{one.customer}/join", json={"other": two.customer})
            assert response.status == status
    assert (await response.json())["joins"][0]["says"] == "CRM said so."


async def test_claims_are_shown_and_never_proved(office: Office, maria: Client) -> None:
    """A typed address stands apart from what is proved, and names who may be the same person."""
    known = await office.mail(who="ana@example.org")
    claim = Identity(kind="email", address="ana@example.org")
    (chat,) = await office.world.take(office.world.chat_from(claims=(claim,)))
    shown = await maria.get(f"/customers/{chat.customer}")
    assert [each["kind"] for each in shown["identities"]] == ["chat"]
    assert [each["address"] for each in shown["claims"]] == ["ana@example.org"]
    assert [(each["id"], each["address"]) for each in shown["likely"]] == [
        (known.customer, "ana@example.org")
    ]


async def test_where_joined_customers_differ_is_told(office: Office, maria: Client) -> None:
    """What holds, what the other had, and why."""
    one, two = await office.mail(who="ana@example.org"), await office.mail(who="ben@example.org")
    async with visitor(office, "lead") as lea:
        await put(lea, f"/customers/{one.customer}/attributes", {"attributes": {"tier": "gold"}})
        await office.world.clock.advance(60)
        await put(lea, f"/customers/{two.customer}/attributes", {"attributes": {"tier": "basic"}})
    joined = await maria.post(f"/customers/{one.customer}/join", {"other": two.customer})
    assert joined["attributes"] == {"tier": "basic"}
    assert joined["conflicts"] == [
        {"name": "tier", "value": "basic", "others": ["gold"], "why": "a person set it"}
    ]
