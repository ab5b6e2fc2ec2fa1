"""What every store promises about looking: lists, transcripts, search."""

from datetime import timedelta

from channels.message import Identity
from router.conversation import Item, Status
from router.ports import Change, Commit, Store, Stored
from router.testing.time import START
from tests.contract.store_values import accept, conversation, entry, item, message, next_state, put, sent


def ids(found: list[object]) -> list[str]:
    """Return the ids of what was found."""
    return [each.id for each in found]  # type: ignore[attr-defined]


async def test_conversations_come_in_the_order_asked_for(store: Store) -> None:
    """Those that exist come in the order of the question."""
    await put(store, *(conversation(name) for name in "abc"))
    assert ids(await store.conversations(["c", "x", "a"])) == ["c", "a"]
    assert await store.conversations([]) == []
    assert await store.conversation("x") is None


async def test_every_field_of_a_conversation_is_kept(store: Store) -> None:
    """A conversation comes back equal, with items, entries and dates."""
    one = conversation(
        "cv",
        participants=("email:a.b@$x",),
        outbox=(sent("r1", 2, 5), item("r2", 3, next_at=START, references=("<a@b>",))),
        entries=(entry("m1"),),
        fallback=Identity(kind="email", address="x@y", verified=True),
        waiting_since=START,
        unanswered=3,
        flags=("a $flag.",),
    )
    await put(store, one)
    assert await store.conversation("cv") == one


async def test_mine_is_open_work_by_urgency(store: Store) -> None:
    """An agent sees what they own and is open, most urgent first."""
    for name, hours in [("late", 9), ("soon", 1), ("mid", 5)]:
        await put(store, conversation(name, owner="maria", due_at=START + timedelta(hours=hours)))
    await put(store, conversation("high", owner="maria", priority="high"), conversation("other", owner="tom"))
    await put(store, conversation("done", owner="maria", status=Status.PENDING))
    assert ids(await store.mine("maria", 10)) == ["high", "soon", "mid", "late"]
    assert ids(await store.mine("maria", 2)) == ["high", "soon"]
    assert await store.mine("nobody", 2) == []


async def test_watched_is_what_has_no_owner(store: Store) -> None:
    """The duty person sees open and held work that nobody owns yet, most urgent first."""
    await put(store, conversation("b", due_at=START + timedelta(hours=2)), conversation("a", due_at=START))
    await put(store, conversation("owned", owner="tom"), conversation("theirs", accountable="tom"))
    await put(store, conversation("done", status=Status.RESOLVED))
    await put(store, conversation("held", status=Status.HELD, due_at=START + timedelta(hours=1)))
    assert ids(await store.watched("maria", 10)) == ["a", "held", "b"]
    assert ids(await store.watched("maria", 2)) == ["a", "held"]


async def test_pages_are_complete_and_in_order(store: Store) -> None:
    """Paging by the last id shows everything once, by urgency, equal urgencies by id."""
    names = [f"cv{number}" for number in range(7)]
    for number, name in enumerate(names):
        await put(store, conversation(name, due_at=START + timedelta(hours=number // 3)))
    await put(store, conversation("billing", queue="billing"), conversation("done", status=Status.RESOLVED))
    seen, after = [], ""
    while page := await store.listed(status="open", queue="general", limit=3, after=after):
        seen += ids(page)
        after = page[-1].id
    assert seen == names
    assert ids(await store.listed(status="open", queue="", limit=20, after="")) == [*names, "billing"]
    assert ids(await store.listed(status="resolved", queue="", limit=20, after="")) == ["done"]


async def test_of_customer_is_newest_first(store: Store) -> None:
    """A customer's conversations come in order of their last activity."""
    await put(store, *(conversation(f"cv{n}", updated_at=START + timedelta(minutes=n % 3)) for n in range(3)))
    await put(store, conversation("other", customer="c_bob"))
    assert ids(await store.of_customer("c_ana", 2)) == ["cv2", "cv1"]


async def test_a_transcript_is_in_order_of_seq(store: Store) -> None:
    """Messages, outbox items and archived items come as one line of seq, each once."""
    await accept(store, "m1", "m4", "m9")
    one = conversation("cv", outbox=(item("r2", 2), item("r3", 3)))
    await put(store, one, applied=[entry("m1", 1)])
    two = next_state(one, outbox=(item("r3", 3, text="sent"),))
    await put(store, two, applied=[entry("m4", 4)], archived=[item("r2", 2, text="archived")])
    await put(store, conversation("other"), applied=[entry("m9", 1)])
    found = await store.transcript("cv", after=0, limit=10)
    assert [(line.seq, _text(line)) for line in found] == [
        (1, "text of m1"),
        (2, "archived"),
        (3, "sent"),
        (4, "text of m4"),
    ]
    assert [line.seq for line in await store.transcript("cv", after=1, limit=2)] == [2, 3]
    assert await store.transcript("none", after=0, limit=2) == []


def _text(line: Stored | Item) -> str:
    return line.text if isinstance(line, Item) else line.message.text


async def test_search_finds_messages_and_answers(store: Store) -> None:
    """Words are found without regard to case and accents, in messages, answers and archived answers."""
    await store.accept([(message("m1", text="Where is my CAFÉ order_17?", subject="Größe"), START)])
    one = conversation("cv1", seq=3, outbox=(item("r2", 2, text="Sorry, the parcel was lost"),))
    await put(store, one, applied=[entry("m1", 1)])
    await put(
        store,
        conversation("cv2", seq=2, outbox=(item("r1", 2, text="parcel underway"),)),
        archived=[item("r0", 1, text="refund")],
    )
    for text, expected in [
        ("cafe", ["cv1"]),
        ("order_17 WHERE", ["cv1"]),
        ("grosse", ["cv1"]),
        ("parc", ["cv1", "cv2"]),
        ("parcel lost", ["cv1"]),
        ("refund", ["cv2"]),
        ("ana", ["cv1"]),
        ("nothing", []),
        ('" AND *', []),
        ("", []),
        ("!?", []),
    ]:
        assert sorted(ids(await store.search(text, 10))) == expected, text


async def test_search_sees_what_came_later(store: Store) -> None:
    """What is said after a first search is found by the next one; newest conversations come first."""
    one = conversation("cv1", seq=1, outbox=(item("r1", 1, text="alpha"),))
    await put(
        store,
        one,
        conversation(
            "cv2", updated_at=START + timedelta(hours=1), outbox=(item("x1", 1, text="beta"),), seq=1
        ),
    )
    assert ids(await store.search("alpha", 10)) == ["cv1"]
    await accept(store, "m2", text="beta gamma")
    await put(store, next_state(one, seq=2), applied=[entry("m2", 2)])
    assert ids(await store.search("beta", 10)) == ["cv2", "cv1"]
    assert ids(await store.search("beta", 1)) == ["cv2"]


async def test_recent_items_are_what_was_sent_last(store: Store) -> None:
    """The outbox page shows sent items, newest first, also those already archived."""
    one = conversation("cv1", outbox=(sent("r1", 1, 10), item("waiting", 2)))
    await put(store, one, conversation("cv2", outbox=(sent("r2", 1, 5), sent("r3", 2, 20))))
    assert [(home, line.id) for home, line in await store.recent_items(10)] == [
        ("cv2", "r3"),
        ("cv1", "r1"),
        ("cv2", "r2"),
    ]
    two = next_state(one, outbox=())
    await put(store, two, archived=[sent("r1", 1, 10)])
    assert [line.id for _, line in await store.recent_items(2)] == ["r3", "r1"]
    long = next_state(two)
    await put(store, long, archived=[sent(f"old{number}", number + 2, -number) for number in range(5)])
    assert [line.id for _, line in await store.recent_items(4)] == ["r3", "r1", "r2", "old0"]


async def test_to_send_is_due_and_earliest_first(store: Store) -> None:
    """Senders see conversations whose time to send has come."""
    for name, minute in [("b", 2), ("a", 1), ("later", 30)]:
        await put(
            store,
            conversation(name, outbox=(item(f"i_{name}", 1, next_at=START + timedelta(minutes=minute)),)),
        )
    await put(store, conversation("nothing"))
    now = START + timedelta(minutes=2)
    assert ids(await store.to_send(now, 10)) == ["a", "b"]
    assert ids(await store.to_send(now, 1)) == ["a"]


async def test_to_wake_is_due_and_earliest_first(store: Store) -> None:
    """Timers see conversations whose time to wake has come."""
    for name, hours in [("b", 2), ("a", 1), ("later", 3)]:
        await put(store, conversation(name, due_at=START + timedelta(hours=hours)))
    assert ids(await store.to_wake(START + timedelta(hours=2), 10)) == ["a", "b"]
    assert await store.to_wake(START, 10) == []


async def test_audit_walks_everything_once(store: Store) -> None:
    """Messages by key and conversations by id, page after page."""
    await accept(store, "m3", "m1", "m2")
    await store.commit(Commit(changes=[Change(conversation=conversation(name)) for name in "cab"]))
    page = await store.audit_messages("", 2)
    assert [found.message.key for found in page] == ["m1", "m2"]
    assert [found.message.key for found in await store.audit_messages("m2", 2)] == ["m3"]
    assert ids(await store.audit_conversations("", 2)) == ["a", "b"]
    assert ids(await store.audit_conversations("b", 2)) == ["c"]
