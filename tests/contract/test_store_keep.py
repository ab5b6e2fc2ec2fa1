"""What every store promises about notes, leases, records, the log and the counts."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from router.conversation import Status
from router.ports import Change, Commit, Lease, QueueStat, Record, Store
from router.testing import ManualClock
from router.testing.time import START
from tests.contract.store_values import accept, conversation, entry, event, message, next_state, put

Another = Callable[[], Awaitable[Store]]
DAY = 86400.0


# --- notes


async def test_at_most_so_many_notes_in_the_window(store: Store) -> None:
    """The allowance is used up by identity and comes back when the window has passed."""
    pairs = [("email:a", "n1"), ("email:a", "n2"), ("email:b", "n1"), ("email:a", "n3")]
    assert await store.allow_notes(pairs, at=START, most=2, window_s=DAY) == [True, True, True, False]
    late = START + timedelta(days=2)
    assert await store.allow_notes([("email:a", "n4")], at=late, most=2, window_s=DAY) == [True]


async def test_asking_again_gives_the_same_answer(store: Store) -> None:
    """A note once allowed stays allowed, one refused stays refused, and neither counts twice."""
    await store.allow_notes([("a", "n1"), ("a", "n2")], at=START, most=1, window_s=DAY)
    late = START + timedelta(days=2)
    assert await store.allow_notes([("a", "n1"), ("a", "n2")], at=late, most=1, window_s=DAY) == [True, False]
    assert await store.allow_notes([("a", "n3"), ("a", "n3")], at=late, most=1, window_s=DAY) == [True, True]


async def test_two_routers_share_the_allowance(store_another: Another) -> None:
    """However many processes ask at once, no more than allowed are allowed."""
    one, two = await store_another(), await store_another()
    answers = await asyncio.gather(
        *(
            handle.allow_notes([("a.b$c", f"{name}{number}")], at=START, most=3, window_s=DAY)
            for name, handle in (("x", one), ("y", two))
            for number in range(5)
        )
    )
    assert sum(allowed for (allowed,) in answers) == 3


# --- leases


async def test_a_lease_is_held_by_one(store_another: Another) -> None:
    """While one process holds a lease nobody else gets it; the holder may take it again and save."""
    one, two = await store_another(), await store_another()
    held = await one.lease("cursor:a.b", "one", 3600)
    assert held == Lease(name="cursor:a.b", holder="one", fence=1, value="")
    assert await two.lease("cursor:a.b", "two", 3600) is None
    assert await one.save_lease(held, "uid 7", 3600)
    again = await one.lease("cursor:a.b", "one", 3600)
    assert again == Lease(name="cursor:a.b", holder="one", fence=1, value="uid 7")
    assert await two.lease("other", "two", 3600) is not None


async def test_a_released_lease_goes_on_with_its_value(store: Store) -> None:
    """After a release the next holder gets the value at once, and the old fence is refused."""
    held = await store.lease("timer", "one", 3600)
    assert held is not None
    await store.save_lease(held, "42", 3600)
    await store.release(held)
    taken = await store.lease("timer", "two", 3600)
    assert taken == Lease(name="timer", holder="two", fence=2, value="42")
    assert not await store.save_lease(held, "41", 3600)
    await store.release(held)
    assert await store.lease("timer", "three", 3600) is None
    assert await store.save_lease(taken, "43", 3600)


async def test_an_expired_lease_can_be_taken_and_fences_the_old_holder(
    store: Store, store_clock: ManualClock
) -> None:
    """A holder who overslept finds a newer fence and cannot save."""
    slept = await store.lease("timer", "one", 0.001)
    assert slept is not None
    taken = await _until_taken(store, store_clock)
    assert (taken.holder, taken.fence) == ("two", 2)
    assert not await store.save_lease(slept, "late", 60)
    assert await store.lease("timer", "one", 60) is None


async def _until_taken(store: Store, clock: ManualClock) -> Lease:
    while True:
        clock.move(1)
        taken = await store.lease("timer", "two", 3600)
        if taken is not None:
            return taken
        await asyncio.sleep(0.01)


async def test_two_processes_race_for_a_lease(store_another: Another) -> None:
    """Of two that ask at once for a free lease exactly one gets it."""
    one, two = await store_another(), await store_another()
    for number in range(5):
        found = await asyncio.gather(one.lease(f"l{number}", "one", 60), two.lease(f"l{number}", "two", 60))
        assert sum(lease is not None for lease in found) == 1


async def test_the_store_tells_its_time(store: Store) -> None:
    """The store's own time is an aware instant."""
    assert (await store.now()).utcoffset() == timedelta(0)


# --- records


async def test_records_are_compared_and_set(store: Store) -> None:
    """Version 1 must be new, later ones follow the stored version."""
    first = Record(
        kind="user", id="a.b@$c", value={"x.y": 1, "$z": [1, None, {"": 2.5}], "big": 2**60}, version=1
    )
    assert await store.put_record(first)
    assert not await store.put_record(first)
    assert await store.record("user", first.id) == first
    assert not await store.put_record(Record(kind="user", id=first.id, value={}, version=3))
    second = Record(kind="user", id=first.id, value={"name": "Ana"}, version=2)
    assert await store.put_record(second)
    assert await store.record("user", first.id) == second
    assert await store.record("session", first.id) is None


async def test_records_of_a_kind_come_by_id(store: Store) -> None:
    """A kind is listed by id, others are not in it; a dropped one is gone."""
    for name in "cab":
        await store.put_record(Record(kind="user", id=name, value={}, version=1))
    await store.put_record(Record(kind="users", id="z", value={}, version=1))
    assert [found.id for found in await store.records("user", 2)] == ["a", "b"]
    await store.drop_record("user", "a")
    await store.drop_record("user", "never")
    assert [found.id for found in await store.records("user", 9)] == ["b", "c"]


async def test_an_expired_record_is_not_there(store: Store, store_clock: ManualClock) -> None:
    """After its time a record is absent, can be made anew, and cannot be changed."""
    until = store_clock.now() + timedelta(minutes=1)
    record = Record(kind="session", id="s", value={"n": 1}, version=1, expires_at=until)
    assert await store.put_record(record)
    assert await store.record("session", "s") == record
    store_clock.move(60)
    assert await store.record("session", "s") is None
    assert await store.records("session", 5) == []
    assert not await store.put_record(Record(kind="session", id="s", value={}, version=2))
    assert await store.put_record(Record(kind="session", id="s", value={"n": 2}, version=1))
    await store.repair(10)
    assert await store.record("session", "s") is not None


async def test_two_processes_make_one_record(store_another: Another) -> None:
    """Of two that make the same record at once exactly one wins."""
    one, two = await store_another(), await store_another()
    for number in range(5):
        record = Record(kind="switch", id=f"s{number}", value={}, version=1)
        assert sorted(await asyncio.gather(one.put_record(record), two.put_record(record))) == [False, True]


# --- log


async def test_the_log_is_numbered_and_complete(store: Store) -> None:
    """Lines of commits and appended lines come once each, in order, with growing numbers."""
    change = Change(conversation=conversation("cv"), events=[event("decided", "cv", data={"a.b": {"$c": 1}})])
    await store.commit(Commit(changes=[change], events=[event("matched")]))
    await store.append([event("presence", agent="maria"), event("presence", agent="tom")])
    found = await store.log(after=0, limit=10)
    assert sorted(line.kind for _, line in found) == ["decided", "matched", "presence", "presence"]
    numbers = [number for number, _ in found]
    assert numbers == sorted(set(numbers))
    assert [line for _, line in found if line.kind == "decided"] == list(change.events)
    assert await store.log(after=numbers[0], limit=2) == found[1:3]
    assert await store.log(after=numbers[-1], limit=2) == []


async def test_a_reader_of_the_log_misses_nothing(store_another: Another) -> None:
    """Several writers write while two readers follow: both see every line once and in the same order."""
    writers = [await store_another(), await store_another()]
    readers = [await store_another(), await store_another()]

    async def write(store: Store, name: str) -> None:
        for number in range(10):
            await store.append([event(f"{name}{number}", at=START - timedelta(seconds=number))])

    async def follow(store: Store) -> list[str]:
        seen: list[str] = []
        after = 0
        while len(seen) < 20:
            for number, line in await store.log(after=after, limit=3):
                seen.append(line.kind)
                after = number
            await asyncio.sleep(0)
        return seen

    first, second, *_ = await asyncio.gather(
        *(follow(store) for store in readers), write(writers[0], "a"), write(writers[1], "b")
    )
    assert first == second
    assert sorted(first or []) == sorted(f"{name}{number}" for name in "ab" for number in range(10))


# --- counts


async def test_queue_stats_count_every_queue(store: Store) -> None:
    """Waiting, assigned, due, arrived, answered and parked work by queue and channel."""
    hour = timedelta(hours=1)
    await accept(store, "m1", "m2", "m3", received_at=START)
    await accept(store, "old", received_at=START - 9 * hour)
    await put(
        store, conversation("a", waiting_since=START - hour, due_at=START - hour), applied=[entry("m1")]
    )
    await put(store, conversation("b", owner="maria", due_at=START + hour), applied=[entry("old")])
    await put(store, conversation("c", due_at=START + 9 * hour, waiting_since=START))
    await put(store, conversation("d", queue="billing", status=Status.RESOLVED))
    await store.park("m2", reason="x", at=START)
    await store.append([event("answered"), event("answered", at=START - 9 * hour), event("other")])
    found = await store.queue_stats(now=START, since=START - 2 * hour, risk_s=2 * 3600)
    assert found == [
        QueueStat(
            queue="general",
            channel="email",
            waiting=2,
            assigned=1,
            oldest_at=START - hour,
            next_due_at=START - hour,
            overdue=1,
            at_risk=1,
            arrived=1,
            handled=1,
            parked=0,
        ),
        QueueStat(
            queue="triage",
            channel="email",
            waiting=1,
            assigned=0,
            oldest_at=START,
            next_due_at=START + 24 * hour,
            overdue=0,
            at_risk=0,
            arrived=2,
            handled=0,
            parked=1,
        ),
    ]


async def test_held_work_counts_as_work(store: Store) -> None:
    """Held work waits, is at risk and overdue like open work, also in a queue that has both."""
    hour = timedelta(hours=1)
    await put(store, conversation("open", due_at=START + 9 * hour, waiting_since=START))
    held = {"status": Status.HELD, "waiting_since": START - hour}
    await put(store, conversation("late", due_at=START - hour, **held))
    await put(store, conversation("soon", owner="maria", due_at=START + hour, **held))
    await put(store, conversation("spam", queue="spam", due_at=START - hour, **held))
    found = await store.queue_stats(now=START, since=START, risk_s=2 * 3600)
    assert [(one.queue, one.waiting, one.assigned, one.overdue, one.at_risk) for one in found] == [
        ("general", 2, 1, 1, 1),
        ("spam", 1, 0, 1, 0),
    ]
    assert (found[0].oldest_at, found[0].next_due_at) == (START - hour, START - hour)


async def test_an_answer_that_does_not_leave_is_overdue(store: Store) -> None:
    """Answered work whose answer is still on its way counts once its due time has passed, and not before."""
    hour = timedelta(hours=1)
    waits = {"status": Status.PENDING, "waiting_since": START - 2 * hour}
    await put(store, conversation("late", due_at=START - hour, **waits))
    await put(store, conversation("early", queue="early", due_at=START + hour, **waits))
    await put(store, conversation("left", queue="left", status=Status.PENDING, due_at=START - hour))
    [found] = await store.queue_stats(now=START, since=START, risk_s=2 * 3600)
    assert (found.queue, found.waiting, found.assigned, found.overdue, found.at_risk) == (
        "general",
        0,
        0,
        1,
        0,
    )
    late = await store.conversation("late")
    assert late is not None
    await put(store, next_state(late, waiting_since=None, due_at=None))
    assert await store.queue_stats(now=START, since=START, risk_s=2 * 3600) == []


async def test_an_idle_store_has_no_stats(store: Store) -> None:
    """With nothing going on there is nothing to tell."""
    await store.accept([(message("old", received_at=START - timedelta(days=2)), START)])
    await put(store, conversation("cv", status=Status.RESOLVED), applied=[entry("old")])
    assert await store.queue_stats(now=START, since=START, risk_s=60) == []


async def test_repair_of_a_sound_store_finds_nothing(store: Store) -> None:
    """After commits that ended, there is nothing to finish."""
    await accept(store, "m1")
    await put(store, conversation("cv"), applied=[entry("m1")])
    assert await store.repair(10) == 0
