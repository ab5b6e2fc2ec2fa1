import pytest

from channels.message import Identity
from router.conversation import Status
from tests.unit.desk.office import Client, Office, visitor


async def test_my_work_lies_before_me_by_urgency(office: Office, maria: Client) -> None:
    """The refund with high priority stands before the older plain question."""
    await office.world.here("tom")
    first = await office.mail(text="Where is my parcel?")
    second = await office.mail(text="I want a refund", who="ben@example.org")
    async with visitor(office, "agent"):
        pass
    mine = (await maria.get("/work"))["mine"]
    assert mine == []
    owned = [one for one in (first, second) if one.owner == "tom"]
    assert owned
    listed = (await maria.get("/conversations"))["conversations"]
    assert [one["id"] for one in listed] == [second.id, first.id]
    assert listed[0]["owner"] == {"id": "tom", "name": "Tom Berg"}


async def test_what_i_own_and_what_i_watch_over_are_apart(office: Office, maria: Client) -> None:
    """Waiting work is watched by the person on duty, and becomes mine when I take it."""
    conversation = await office.mail()
    work = await maria.get("/work")
    assert (work["mine"], [one["id"] for one in work["watched"]]) == ([], [conversation.id])
    taken = await maria.post(f"/conversations/{conversation.id}/take")
    assert taken["owner"] == {"id": "maria", "name": "Maria Jensen"}
    work = await maria.get("/work")
    assert ([one["id"] for one in work["mine"]], work["watched"]) == ([conversation.id], [])


async def test_a_conversation_shows_who_when_and_why(office: Office, maria: Client) -> None:
    """Names, due time, promise and the stored decision are there, by id and by reference."""
    await office.world.here("tom")
    conversation = await office.mail(text="I want a refund", subject="Money")
    shown = await maria.get(f"/conversations/{conversation.reference.lower()}")
    assert shown["id"] == conversation.id
    assert shown["version"] == conversation.version
    assert (shown["queue"], shown["priority"], shown["subject"]) == ("billing", "high", "Money")
    assert shown["decision"]["rule"] == "Refunds go to billing"
    assert shown["decision"]["explanation"]
    assert shown["due_at"].endswith("Z")
    assert shown["promise"]["by"] == {"id": "tom", "name": "Tom Berg"}
    explained = await maria.get(f"/conversations/{conversation.id}/explain")
    assert explained["decision"] == shown["decision"]
    assert explained["promise"] == shown["promise"]


async def test_the_transcript_marks_notes_and_their_time(office: Office, maria: Client) -> None:
    """The message comes first, then the note, automatic, with the time that it promises."""
    await office.world.here("maria")
    conversation = await office.mail(text="Where is it?\n\n<b>bold</b>")
    await office.world.send()
    seen = await maria.get(f"/conversations/{conversation.id}/transcript")
    message, note = seen["lines"]
    assert (message["kind"], message["ours"], message["text"]) == (
        "customer",
        False,
        "Where is it?\n\n<b>bold</b>",
    )
    assert (note["kind"], note["automatic"], note["author"], note["state"]) == (
        "note",
        True,
        "Maria Jensen",
        "sent",
    )
    assert note["promised_at"] == (await maria.get(f"/conversations/{conversation.id}"))["promise"]["at"]
    later = await maria.get(f"/conversations/{conversation.id}/transcript", after=message["seq"])
    assert [one["seq"] for one in later["lines"]] == [note["seq"]]


async def test_a_transcript_can_be_read_in_pages(office: Office, maria: Client) -> None:
    """`next` leads on until the last page says null."""
    await office.world.here("maria")
    conversation = await office.mail()
    one = await maria.get(f"/conversations/{conversation.id}/transcript", limit=1)
    assert one["next"] == one["lines"][0]["seq"]
    two = await maria.get(f"/conversations/{conversation.id}/transcript", after=one["next"], limit=5)
    assert two["next"] is None
    assert two["lines"]


async def test_lists_are_read_in_pages(office: Office, maria: Client) -> None:
    """Following `next` gives every conversation once."""
    made = [await office.mail(who=f"c{number}@example.org") for number in range(5)]
    found: list[str] = []
    after = ""
    for _ in range(4):
        page = await maria.get("/conversations", limit=2, after=after)
        found += [one["id"] for one in page["conversations"]]
        after = page["next"]
        if not after:
            break
    assert sorted(found) == sorted(one.id for one in made)


async def test_search_finds_words_and_references(office: Office, maria: Client) -> None:
    """Words of a message find its conversation, a reference finds its own."""
    lamp = await office.mail(text="The lamp flickers")
    await office.mail(text="Something else", who="ben@example.org")
    assert [one["id"] for one in (await maria.get("/search", q="flickers"))["conversations"]] == [lamp.id]
    found = await maria.get("/search", q=lamp.reference.lower())
    assert [one["id"] for one in found["conversations"]] == [lamp.id]
    assert (await maria.get("/search", q="unheard"))["conversations"] == []


async def test_a_customer_is_shown_with_what_they_wrote_before(office: Office, maria: Client) -> None:
    """Identities and earlier conversations are there."""
    first = await office.mail(subject="One")
    await office.mail(subject="Two")
    customer = await maria.get(f"/customers/{first.customer}")
    assert [one["address"] for one in customer["identities"]] == ["ana@example.org"]
    assert {one["subject"] for one in customer["conversations"]} == {"One", "Two"}


async def test_queues_are_counted(office: Office, maria: Client) -> None:
    """Every queue of the rules is there, with the people on duty."""
    await office.mail()
    queues = {one["id"]: one for one in (await maria.get("/queues"))["queues"]}
    assert queues["general"]["waiting"] == 1
    assert [one["name"] for one in queues["general"]["duty"]] == ["Maria Jensen", "Tom Berg"]
    assert queues["billing"]["waiting"] == 0


async def test_an_unchanged_answer_is_not_sent_again(office: Office, maria: Client) -> None:
    """The ETag of the first answer makes the second one empty."""
    conversation = await office.mail()
    first = await maria.ask("GET", f"/conversations/{conversation.id}")
    again = await maria.ask(
        "GET", f"/conversations/{conversation.id}", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status == 304


async def test_the_outbox_shows_what_went_out(office: Office, maria: Client) -> None:
    """From, to, text, kind and state are there, newest first."""
    await office.world.here("maria")
    conversation = await office.mail(subject="Lamp")
    await office.world.send()
    (item,) = (await maria.get("/outbox"))["items"]
    assert (item["reference"], item["sender"], item["note"]) == (
        conversation.reference,
        "help@example.com",
        "first",
    )
    assert (item["author"], item["to"]["address"], item["state"]) == (
        "Maria Jensen",
        "ana@example.org",
        "sent",
    )


async def test_presence_is_said_and_seen(office: Office, maria: Client) -> None:
    """Here, away and letting shift and desk tell change whether new work comes."""
    await maria.post("/heartbeat")
    assert (await maria.get("/me"))["agent"]["present"] is True
    away = await maria.ask("PUT", "/presence", json={"said": "away"})
    assert (await away.json())["present"] is False
    again = await maria.ask("PUT", "/presence", json={"said": ""})
    assert (await again.json())["present"] is True
    office.world.clock.move(120)
    assert (await maria.get("/me"))["agent"]["present"] is False


async def test_a_lead_says_it_for_others(office: Office) -> None:
    """Somebody who forgot is set away by the lead."""
    await office.world.here("maria")
    async with visitor(office, "lead") as lea:
        response = await lea.ask("PUT", "/agents/maria/presence", json={"said": "away"})
        assert (await response.json())["present"] is False
        people = {one["id"]: one for one in (await lea.get("/agents"))["agents"]}
        assert people["maria"]["said"] == "away"
        assert (await lea.ask("PUT", "/agents/nobody/presence", json={"said": "away"})).status == 404


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "2026-12-01T10:00:00"])
async def test_an_end_of_presence_lies_ahead_and_names_its_zone(maria: Client, until: str) -> None:
    """A past time, or one without zone, is refused with an example."""
    response = await maria.ask("PUT", "/presence", json={"said": "here", "until": until})
    assert response.status == 422
    assert "2026-11-23T18:00:00Z" in (await response.json())["detail"]


async def test_the_rules_are_shown_with_their_text(office: Office) -> None:
    """A lead reads version, rules, channels, queues and the file."""
    async with visitor(office, "lead") as lea:
        rules = await lea.get("/rules")
    assert rules["version"] == office.world.book.version
    (refunds,) = [one for one in rules["rules"] if one["name"] == "Refunds go to billing"]
    assert refunds["says"]
    assert refunds["when"] == "text contains any of: refund, money back"
    assert refunds["where"].startswith("rules.yaml")
    assert rules["text"] == office.world.book.text
    assert {one["channel"]: one["target_s"] for one in rules["channels"]}["webchat"] == 60
    kept = {one["channel"]: (one["promise_level"], one["follow_up_s"]) for one in rules["channels"]}
    assert kept["email"] == (0.95, None)
    assert {one["id"]: one["overflow"] for one in rules["queues"]}["billing"] == []


async def test_a_held_conversation_is_let_in(office: Office, maria: Client) -> None:
    """Held mail is listed apart and opened by a person."""
    conversation = await office.mail(text="You won the lottery")
    assert conversation.status is Status.HELD
    (held,) = (await maria.get("/conversations", status="held"))["conversations"]
    assert held["id"] == conversation.id
    opened = await maria.post(f"/conversations/{conversation.id}/unhold")
    assert opened["status"] == "open"


async def test_somebody_who_left_the_rules_keeps_their_id_as_name(office: Office, maria: Client) -> None:
    """Old conversations stay readable when people go."""
    conversation = await office.mail()
    from msgspec.structs import replace

    from router.ports import Change, Commit

    gone = replace(conversation, owner="gone", version=conversation.version + 1)
    await office.parts.store.commit(Commit(changes=[Change(conversation=gone)]))
    shown = await maria.get(f"/conversations/{conversation.id}")
    assert shown["owner"] == {"id": "gone", "name": "gone"}
    assert Identity(kind="email", address="ana@example.org").key in conversation.participants
