"""Asks the planners: no query of a store walks through a big table, however much it holds."""

import os
import re
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from secantus import SecantusDBServer

from channels.message import Identity
from router.conversation import Customer
from router.ports import Change, Commit, Record
from router.stores.mongo import MongoStore
from router.stores.mongo.client import Filter, Sort
from router.stores.mongo.indexes import MIGRATIONS, Index
from router.stores.sqlite import SqliteStore
from router.stores.sqlite.queries import SQL
from router.testing import ManualClock
from router.testing.time import START
from tests.contract.store_values import ANA, accept, agent, conversation, entry, event, next_state, put, sent

#: Statements that count all open, new or parked work; they may walk through the small index of just those.
COUNTS = {"standing", "standing_new", "parked_counts", "backlog"}
#: What changed since it was last indexed for searching; nothing else is in that index.
UNSEARCHED = "SCAN conversations USING INDEX conversations_unsearched"
#: Sorting what was found is fine for these: there are few, or they are limited before.
SORTED = {
    "linked",
    "search",
    "arrived",
    "handled",
    "standing_new",
    "standing_late",
    "parked_counts",
    "promises",
}
#: One row an agent: always read whole.
SMALL = {"agents"}
#: The same in MongoDB, and the single row that names the schema.
READ_WHOLE = {"agents", "meta"}
INDEXES = [index for step in MIGRATIONS for index in step]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[sqlite3.Connection]:
    """Create a store's file and open it."""
    store = SqliteStore(tmp_path / "store.db", clock=ManualClock())
    await store.open()
    await store.close()
    conn = sqlite3.connect(tmp_path / "store.db")
    yield conn
    conn.close()


def plan(conn: sqlite3.Connection, statement: str) -> list[str]:
    """Return the steps of the plan."""
    numbered = [int(number) for number in re.findall(r"\?(\d+)", statement)]
    count = max(numbered, default=0) or statement.count("?")
    return [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {statement}", (None,) * count)]


@pytest.mark.parametrize("name", sorted(SQL))
def test_no_statement_scans_a_big_table(database: sqlite3.Connection, name: str) -> None:
    """Every statement seeks in an index; what is scanned is a list of keys, a count's own index or a small table."""
    for step in plan(database, SQL[name]):
        if step.startswith("SCAN"):
            harmless = re.match(r"SCAN (\w+ VIRTUAL TABLE|CONSTANT ROW|\(?subquery|hit\b|line\b)", step)
            counting = name in COUNTS and "COVERING INDEX" in step
            small = step == UNSEARCHED or (name in SMALL and step == "SCAN agents")
            assert harmless or counting or small, step
        assert "AUTOMATIC" not in step, step


@pytest.mark.parametrize("name", sorted(set(SQL) - SORTED))
def test_no_statement_sorts(database: sqlite3.Connection, name: str) -> None:
    """Rows come out of their index in the order wanted; a limit then reads no more than it returns."""
    assert not [
        step for step in plan(database, SQL[name]) if "TEMP B-TREE" in step and "DISTINCT" not in step
    ]


# --- MongoDB


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Name a real server, or speak the MongoDB wire protocol."""
    if "HANDLEBY_TEST_MONGODB_URL" in os.environ:
        yield os.environ["HANDLEBY_TEST_MONGODB_URL"]
        return
    server = SecantusDBServer(storage_path=":memory:")
    server.start()
    yield server.uri
    server.stop()


async def everything(store: MongoStore, clock: ManualClock) -> None:
    """Call every verb once, so that each kind of query is asked."""
    chat = Identity(kind="chat", address="v")
    await accept(store, "m1", "m2", references=("<1@x>",), claims=(chat,))
    one = conversation("cv", links=("mid:<1@x>",), outbox=(sent("r1", 1, 1),), entries=(entry("m1"),))
    await store.commit(
        Commit(
            changes=[Change(conversation=one, applied=[entry("m1")], events=[event("answered", "cv")])],
            agents=[agent("maria", 1)],
            customers=[Customer(id="c_ana", version=1, identities=(ANA,))],
        )
    )
    await store.commit(
        Commit(agents=[agent("maria", 2)], customers=[Customer(id="c_ana", version=2, identities=(ANA,))])
    )
    await put(store, next_state(one))
    await put(store, conversation("x"), applied=[entry("m1")])
    await store.load(["m1", "m2"])
    lease = await store.lease("l", "h", 60)
    assert lease is not None
    record = Record(kind="k", id="i", value={}, version=1, expires_at=clock.now() + timedelta(days=1))
    day = START + timedelta(days=1)
    calls: list[Awaitable[Any]] = [
        store.unrouted(day, 5),
        store.park("m2", reason="x", at=START),
        store.parked(5),
        store.unpark("m2"),
        store.message("m1"),
        store.waiting(None, 5),
        store.repair(5),
        store.conversation("cv"),
        store.conversations(["cv"]),
        store.by_link("mid:<1@x>"),
        store.transcript("cv", after=0, limit=5),
        store.mine("maria", 5),
        store.watched("maria", 5),
        store.listed(status="open", queue="", limit=5, after="cv"),
        store.listed(status="open", queue="general", limit=5, after="cv"),
        store.search("text m1", 5),
        store.of_customer("c_ana", 5),
        store.customer("c_ana"),
        store.customers_of([ANA.key, chat.key]),
        store.recent_items(5),
        store.to_send(day, 5),
        store.to_wake(day, 5),
        store.allow_notes([(ANA.key, "n")], at=START, most=1, window_s=9),
        store.touch("maria", START),
        store.save_lease(lease, "v", 60),
        store.release(lease),
        store.put_record(record),
        store.record("k", "i"),
        store.records("k", 5),
        store.drop_record("k", "i"),
        store.log(after=0, limit=5),
        store.queue_stats(now=START, since=START, risk_s=60),
        store.promise_figures(START, day),
        store.happened("waited", since=START, until=day, limit=5),
        store.backlog(),
        store.audit_messages("", 5),
        store.audit_conversations("", 5),
    ]
    for call in calls:
        await call


def stages(found: Any) -> list[str]:
    """Return the names of all stages of a plan."""
    if isinstance(found, dict):
        here = [found["stage"]] if isinstance(found.get("stage"), str) else []
        return here + [name for part in found.values() for name in stages(part)]
    if isinstance(found, list):
        return [name for part in found for name in stages(part)]
    return []


@pytest.mark.mongo
async def test_every_mongo_query_uses_an_index(url: str) -> None:
    """Whatever a verb asks, a declared index finds it and gives the order.

    The stand-in's planner is not MongoDB's, so here each query is held against the table of indexes; a real
    server, where there is one, is asked for its plans as well.
    """
    clock = ManualClock()
    store = MongoStore(url, clock=clock, database=f"test_{secrets.token_hex(6)}")
    await store.open()
    asked: dict[str, tuple[str, Filter, Sort]] = {}

    def watch(collection: str, wanted: Filter, sort: Sort) -> None:
        asked.setdefault(f"{collection} {shape(wanted)} {sort}", (collection, wanted, sort))

    store._database.watch = watch
    await everything(store, clock)
    store._database.watch = None
    assert len(asked) > 40
    unserved = [name for name, query in asked.items() if query[0] not in READ_WHOLE and not serves(*query)]
    assert unserved == []
    if "HANDLEBY_TEST_MONGODB_URL" in os.environ:
        plans = {name: stages(await store._database.explain(*query)) for name, query in asked.items()}
        assert {name for name, found in plans.items() if "COLLSCAN" in found} <= {"agents {} ()"}
    await store.close()


def shape(wanted: Any) -> Any:
    """Return the filter without its values."""
    if isinstance(wanted, dict):
        return {name: shape(part) for name, part in wanted.items()}
    if isinstance(wanted, list):
        return [shape(part) for part in wanted[:1]]
    return "?"


def serves(collection: str, filter: Filter, sort: Sort) -> bool:
    """Tell whether a declared index begins with fields that the filter names, and then gives the order.

    MongoDB's rule: fields compared for equality first, then the sort's in their order; an index of some
    rows only serves a filter that asks for no others.
    """
    named = fields(filter)
    equal = {name for name, value in named.items() if not isinstance(value, dict)}
    wanted = [name for name, _ in sort]
    usable = [index.fields for index in INDEXES if index.collection == collection and implied(index, named)]
    for order in [("_id",), *usable]:
        rest = [name for name in order if name not in equal or name in wanted]
        if order[0] in named and rest[: len(wanted)] == wanted:
            return True
    return False


def implied(index: Index, named: dict[str, Any]) -> bool:
    """Tell whether every row that the filter wants is in the index."""
    return all(
        name in named if condition == {"$exists": True} else named.get(name) == condition
        for name, condition in (index.partial or {}).items()
    )


def fields(filter: Filter) -> dict[str, Any]:
    """Return the fields that every match must satisfy."""
    found: dict[str, Any] = {}
    for name, value in filter.items():
        if name == "$and":
            for part in value:
                found.update(fields(part))
        elif not name.startswith("$"):
            found[name] = value
    return found
