from io import BytesIO
from typing import Any

import pytest

from channels.message import Identity
from tests.unit.desk.office import Client, Office, visitor


async def reply(client: Client, id: str, *, key: str = "", status: int = 200, **body: Any) -> Any:
    """Send a reply and return the JSON answer."""
    headers = {"Idempotency-Key": key} if key else {}
    response = await client.ask("POST", f"/conversations/{id}/reply", json=body, headers=headers)
    assert response.status == status, await response.text()
    return await response.json()


async def test_a_reply_goes_to_the_customer(office: Office, maria: Client) -> None:
    """What the agent wrote is sent through the channel, and the customer is waited for."""
    await office.world.here("maria")
    conversation = await office.mail()
    changed = await reply(
        maria, conversation.id, text="  It is in Odense.\x00  ", version=conversation.version
    )
    assert changed["status"] == "pending"
    await office.world.send()
    assert [one.text for one in office.world.mail.sent if not one.automatic] == ["It is in Odense."]


async def test_a_reply_may_resolve(office: Office, maria: Client) -> None:
    """Answer and resolve are one step; reopening gives the work back."""
    conversation = await office.mail()
    changed = await reply(maria, conversation.id, text="Done.", resolve=True)
    assert changed["status"] == "resolved"
    assert (await maria.post(f"/conversations/{conversation.id}/reopen"))["status"] == "open"


async def test_the_same_key_sends_once(office: Office, maria: Client) -> None:
    """A browser that lost the first answer may ask again."""
    conversation = await office.mail()
    for _ in range(3):
        await reply(maria, conversation.id, text="Once.", key="k-1")
    await office.world.send()
    assert [one.text for one in office.world.mail.sent if not one.automatic] == ["Once."]


async def test_two_people_do_not_answer_the_same_thing(office: Office, maria: Client) -> None:
    """An answer written before a colleague's arrived is refused; after reading it may be sent."""
    conversation = await office.mail()
    async with visitor(office, "lead") as lea:
        await reply(lea, conversation.id, text="From Lea.", version=conversation.version)
    said = await reply(maria, conversation.id, text="From Maria.", version=conversation.version, status=409)
    assert said["code"] == "conflict"
    now = (await maria.get(f"/conversations/{conversation.id}"))["version"]
    await reply(maria, conversation.id, text="From Maria.", version=now)


async def test_taking_what_somebody_has_is_refused_by_name(office: Office, maria: Client) -> None:
    """The second hand is told who was first; who gives it back makes room."""
    conversation = await office.mail()
    await maria.post(f"/conversations/{conversation.id}/take")
    async with visitor(office, "lead") as lea:
        response = await lea.ask("POST", f"/conversations/{conversation.id}/take")
        assert response.status == 409
        assert "Maria Jensen" in (await response.json())["detail"]
    assert (await maria.post(f"/conversations/{conversation.id}/release"))["owner"] is None


async def test_files_go_along(office: Office, maria: Client) -> None:
    """An uploaded file is sent with the reply and can be downloaded from its line."""
    conversation = await office.mail()
    response = await maria.ask(
        "POST",
        "/files",
        params={"name": "../paper\n.pdf"},
        data=b"%PDF",
        headers={"Content-Type": "application/pdf"},
    )
    assert response.status == 201
    kept = await response.json()
    assert (kept["name"], kept["size"], kept["content_type"]) == ("_paper_.pdf", 4, "application/pdf")
    await reply(maria, conversation.id, text="Here it is.", files=[kept["file"]])
    line = (await maria.get(f"/conversations/{conversation.id}/transcript"))["lines"][-1]
    got = await maria.ask("GET", line["files"][0]["path"])
    assert await got.read() == b"%PDF"
    async with visitor(office, "lead") as lea:
        said = await reply(lea, conversation.id, text="Theirs.", files=[kept["file"]], status=422)
        assert "Upload the file again" in said["detail"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \x00 "}, "empty"),
        ({"text": 5}, "text"),
        ({"text": "x" * 50_001}, "text"),
        ({"text": "x", "colour": "red"}, "colour"),
        ({"text": "x", "files": ["nonsense"]}, "mark"),
        ({"text": "x", "files": ["f"] * 11}, "files"),
        ({"text": "x", "version": "one"}, "version"),
    ],
)
async def test_a_reply_that_is_not_understood_says_what_is_wrong(
    office: Office, maria: Client, body: dict[str, Any], told: str
) -> None:
    """The problem names the field, and nothing is sent."""
    conversation = await office.mail()
    response = await maria.ask("POST", f"/conversations/{conversation.id}/reply", json=body)
    assert response.status == 422
    assert response.content_type == "application/problem+json"
    assert told in (await response.json())["detail"]


@pytest.mark.parametrize("key", ["has space", "ü", "x" * 101])
async def test_a_strange_key_is_refused(office: Office, maria: Client, key: str) -> None:
    """Idempotency keys are short and plain."""
    conversation = await office.mail()
    headers = {"Idempotency-Key": key}
    response = await maria.ask(
        "POST", f"/conversations/{conversation.id}/reply", json={"text": "x"}, headers=headers
    )
    assert response.status == 422


async def test_sizes_are_limited(office: Office, maria: Client) -> None:
    """A file above the limit, an empty one and a huge body are refused."""
    big = await maria.ask("POST", "/files", params={"name": "a"}, data=BytesIO(b"x" * (10 * 1024 * 1024 + 1)))
    assert big.status == 413
    empty = await maria.ask("POST", "/files", params={"name": "a"})
    assert empty.status == 422
    conversation = await office.mail()
    huge = await maria.ask("POST", f"/conversations/{conversation.id}/reply", json={"text": "x" * 600_000})
    assert huge.status == 413


async def test_a_copy_by_mail_is_marked(office: Office, maria: Client) -> None:
    """Where a chat visitor left an address, the transcript says who gets a copy, and the answer stands once."""
    address = Identity(kind="email", address="ana@example.org")
    message = office.world.chat_from(claims=(address,))
    conversation = (await office.world.take(message))[0]
    await reply(maria, conversation.id, text="Yes.")
    lines = (await maria.get(f"/conversations/{conversation.id}/transcript"))["lines"]
    assert [(one["text"], one["copy"]) for one in lines if one["kind"] == "reply"] == [
        ("Yes.", ""),
        ("Yes.", "ana@example.org"),
    ]


async def test_work_is_snoozed_and_merged_by_the_api(office: Office, maria: Client) -> None:
    """By reference too; a time without a zone, another's customer and a late time are refused with why."""
    one, two = await office.mail(subject="Lamp"), await office.mail(subject="Door")
    other = await office.mail(who="ben@example.org")
    await office.world.send()
    lying = await maria.post(f"/conversations/{one.id}/snooze", {"until": "2026-11-23T13:00:00+01:00"})
    assert (lying["status"], lying["snoozed_until"]) == ("snoozed", "2026-11-23T12:00:00Z")
    for body, status in (({"until": "2026-11-23T12:00:00"}, 422), ({"until": "2026-12-23T12:00:00Z"}, 422)):
        response = await maria.ask("POST", f"/conversations/{two.id}/snooze", json=body)
        assert response.status == status
    refused = await maria.ask("POST", f"/conversations/{other.id}/merge", json={"into": two.id})
    assert refused.status == 403
    merged = await maria.post(f"/conversations/{one.id}/merge", {"into": two.reference.lower()})
    assert (merged["id"], merged["absorbed"]) == (two.id, [one.reference])
    assert (await maria.get(f"/conversations/{one.reference}"))["merged_into"] == two.id
    async with visitor(office, "lead") as lea:
        await lea.post(f"/conversations/{other.id}/merge", {"into": two.id})
