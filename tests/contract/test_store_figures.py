"""What every store promises about the backlog and the figures of promises."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from router.conversation import SendState, Status
from router.house import House
from router.kept.figures import summed
from router.kept.tally import Tally, is_behind, read_days, read_weeks
from router.ports import Load, PromiseFigure, Store
from router.stores.mongo import MongoStore
from router.stores.mongo.fill import fill_backlog
from router.stores.sqlite import SqliteStore
from router.stores.sqlite.schema import connect
from router.testing import ManualClock, SequenceIds
from router.testing.time import START
from tests.contract.store_values import conversation, event, item, next_state, put

Another = Callable[[], Awaitable[Store]]
HOUR = timedelta(hours=1)
#: The bucket of normal priority work that is due four hours after the start.
BUCKET = int((2e11 + (START + 4 * HOUR).timestamp()) // 300)


def load(count: int, **more: object) -> Load:
    """Return a group of mails in the queue `general` that are due in four hours."""
    plain = {"queue": "general", "channel": "email", "language": "", "skills": (), "owner": ""}
    return Load(**{**plain, "bucket": BUCKET, "count": count, **more})  # type: ignore[arg-type]


async def backlog(store: Store) -> list[Load]:
    """Return the backlog in an order that a test can name."""
    return sorted(await store.backlog(), key=str)


async def test_the_backlog_groups_work_that_is_alike(store: Store) -> None:
    """What needs the same of an agent and is due within five minutes is one group; everything else is apart."""
    waits = {"waiting_since": START}
    await put(
        store,
        *(conversation(f"a{n}", **waits, due_at=START + 4 * HOUR + timedelta(seconds=n)) for n in range(3)),
        conversation("later", **waits, due_at=START + 4 * HOUR + timedelta(minutes=5)),
        conversation("skilled", **waits, skills=("tax", "billing"), language="da"),
        conversation("skills_again", **waits, skills=("billing", "tax"), language="da"),
        conversation("owned", **waits, owner="maria"),
        conversation("elsewhere", **waits, queue="a|b,c"),
        conversation("urgent", **waits, priority="urgent"),
    )
    wanted = [
        load(3),
        load(1, bucket=BUCKET + 1),
        load(2, language="da", skills=("billing", "tax")),
        load(1, owner="maria"),
        load(1, queue="a|b,c"),
        load(1, bucket=int((START + 4 * HOUR).timestamp() // 300)),
    ]
    assert await backlog(store) == sorted(wanted, key=str)


async def test_only_work_to_be_done_now_is_backlog(store: Store) -> None:
    """What is answered, held, set aside, wants to be reached later or waits for nothing is not counted."""
    waits = {"waiting_since": START}
    await put(
        store,
        conversation("held", **waits, status=Status.HELD),
        conversation("answered", **waits, status=Status.PENDING),
        conversation("snoozed", **waits, status=Status.SNOOZED, snoozed_until=START + HOUR),
        conversation("callback", **waits, not_before=START + HOUR),
        conversation("nobody_waits"),
    )
    assert await store.backlog() == []


async def test_the_backlog_follows_each_change(store: Store) -> None:
    """An owner, another queue, a time to wait for and an answer show at once; a sender's step changes nothing."""
    one = conversation("cv", waiting_since=START)
    await put(store, one)
    owned = next_state(one, owner="maria", queue="billing")
    await put(store, owned)
    assert await store.backlog() == [load(1, owner="maria", queue="billing")]
    sending = next_state(owned, outbox=(item("r", 1, state=SendState.SENDING),))
    await put(store, sending)
    assert await store.backlog() == [load(1, owner="maria", queue="billing")]
    later = next_state(sending, not_before=START + HOUR)
    await put(store, later)
    assert await store.backlog() == []
    again = next_state(later, not_before=None, language="da")
    await put(store, again)
    assert await store.backlog() == [load(1, owner="maria", queue="billing", language="da")]
    await put(store, next_state(again, status=Status.PENDING, waiting_since=None))
    assert await store.backlog() == []


async def test_promises_are_counted_by_queue_and_channel(store: Store) -> None:
    """Each queue and channel has its own counts of how promises were made and ended in the span, both ends told."""
    kinds = ["promised", "promised", "kept", "renewed", "broken", "withdrawn", "answered", "waited"]
    await store.append([event(kind) for kind in kinds])
    await store.append([event("kept", at=START + HOUR), event("kept", at=START - HOUR)])
    await store.append([event("kept", queue="billing"), event("broken", channel="forum")])
    assert await store.promise_figures(START, START + HOUR) == [
        PromiseFigure(queue="billing", channel="email", kept=1),
        PromiseFigure(queue="general", channel="email", made=2, kept=1, renewed=1, broken=1, withdrawn=1),
        PromiseFigure(queue="general", channel="forum", broken=1),
    ]
    assert await store.promise_figures(START + 2 * HOUR, START + 3 * HOUR) == []


async def test_what_happened_comes_newest_first(store: Store) -> None:
    """The lines of a kind in a span come whole, newest first, and no more than asked for."""
    lines = [event("waited", f"cv{n}", at=START + n * HOUR, data={"first": f"x{n}"}) for n in range(5)]
    await store.append([lines[3], lines[0], event("broken", at=START + HOUR), lines[4], lines[1], lines[2]])
    span = {"since": START + HOUR, "until": START + 4 * HOUR}
    assert await store.happened("waited", **span, limit=9) == [lines[3], lines[2], lines[1]]
    assert await store.happened("waited", **span, limit=1) == [lines[3]]
    assert [one.kind for one in await store.happened("broken", **span, limit=9)] == ["broken"]


async def test_a_file_of_an_older_version_has_its_backlog_counted(tmp_path: Path) -> None:
    """Work that was stored before the index existed is in it after the upgrade, as if it had been written since."""
    path = tmp_path / "store.db"
    store = SqliteStore(path, clock=ManualClock())
    await store.open()
    waits = {"waiting_since": START}
    await put(
        store,
        conversation("a", **waits, skills=("tax", "billing"), language="dä"),
        conversation("b", **waits, owner="maria"),
        conversation("held", **waits, status=Status.HELD),
        conversation("callback", **waits, not_before=START + HOUR),
        conversation("idle"),
    )
    counted = await backlog(store)
    await store.close()
    _back_to_version_2(path)
    again = SqliteStore(path, clock=ManualClock())
    await again.open()
    assert await backlog(again) == counted != []
    await again.close()


def _back_to_version_2(path: Path) -> None:
    """Copy the conversations into a file as version 2 made it."""
    old = path.with_name("old.db")
    conn = connect(old, cache_mb=1)
    steps = files("router.stores.sqlite").joinpath("migrations")
    for name in ("0001_start.sql", "0002_held.sql"):
        conn.executescript(steps.joinpath(name).read_text(encoding="utf-8"))
    names = ", ".join(row[1] for row in conn.execute("PRAGMA table_info(conversations)"))
    conn.execute("ATTACH ? AS now", (str(path),))
    conn.execute(f"INSERT INTO conversations ({names}) SELECT {names} FROM now.conversations")
    conn.execute("PRAGMA user_version = 2")
    conn.close()
    for each in path.parent.glob("store.db*"):
        each.unlink()
    old.rename(path)


@pytest.mark.mongo
async def test_rows_of_an_older_version_are_filled_in(store_wire: str) -> None:
    """Open rows without the fields of the backlog's index get them, twice over with the same result."""
    store = MongoStore(store_wire, clock=ManualClock(), database="test_fill")
    await store.open()
    await put(store, conversation("a", waiting_since=START, language="da"), conversation("idle"))
    database = store._database
    for name in ("a", "idle"):
        await database.change("conversations", {"_id": name}, {"$unset": {"needs": 1, "bucket": 1}})
    assert await store.backlog() == []
    for _ in range(2):
        await fill_backlog(database)
        assert await store.backlog() == [load(1, language="da")]
    await store.close()


def _nobody() -> House:
    raise AssertionError("the reasons stand in the lines")


async def test_the_log_is_counted_once_on_every_store(store_another: Another) -> None:
    """Counted in two steps by two processes, each line is in its day and its week once, and nothing is left behind."""
    one, two = await store_another(), await store_another()
    now = START + 2 * HOUR
    for handle, holder in ((one, "one"), (two, "two")):
        await handle.append(
            [event("kept"), event("broken", data={"reason": "away"}), event("waiting"), event("claimed")]
        )
        assert await is_behind(handle, now)
        lease = await handle.lease("figures", holder, 60)
        assert lease is not None
        await Tally(handle, SequenceIds(), ManualClock(), _nobody, ZoneInfo("UTC")).count(lease)
        await handle.release(lease)
        assert not await is_behind(handle, now)
    (week,) = await read_weeks(two, START.date(), 1)
    (day,) = await read_days(two, START.date(), 1)
    for found in (week, day):
        whole = summed([found], "")[""]
        assert (whole.kept, whole.broken) == (2, 2)
    assert (sum(day.arrivals[0].hours), len(day.missed), len(week.missed)) == (2, 2, 0)
