"""What the MongoDB store makes of routers that die between two writes, over the real wire protocol."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta

import pytest
from secantus import SecantusDBServer

from router.conversation import Conversation, Event
from router.errors import ConfigError, StoreDown
from router.ports import Change, Commit
from router.stores.mongo import MongoStore
from router.stores.mongo.client import Database
from router.testing import ManualClock
from tests.contract.store_values import accept, conversation, entry, event, item, next_state, put

pytestmark = pytest.mark.mongo


class PowerCut(Exception):
    """The process ended here."""


class DiesAfterCommitting(MongoStore):
    """Dies right after the compare-and-set, before anything that follows from it."""

    async def _follow(self, won: Sequence[Change]) -> None:
        raise PowerCut


class DiesAfterBooking(MongoStore):
    """Stops after booking; `wake` lets it go on, as a process that was only paused."""

    async def _compare_and_set(self, changes: Sequence[Change]) -> list[bool]:
        raise PowerCut

    async def wake(self, changes: Sequence[Change]) -> list[bool]:
        """Go on where it stopped."""
        return await super()._compare_and_set(changes)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Speak the MongoDB wire protocol."""
    server = SecantusDBServer(storage_path=":memory:")
    server.start()
    yield server.uri
    server.stop()


class Fleet:
    """Several routers on one database."""

    def __init__(self, url: str) -> None:
        self.clock, self._url, self._database = ManualClock(), url, f"test_{secrets.token_hex(6)}"
        self._opened: list[MongoStore] = []

    async def sound(self) -> MongoStore:
        """Start a router that lives."""
        return await self._start(MongoStore(self._url, clock=self.clock, database=self._database))

    async def dies_after_committing(self) -> DiesAfterCommitting:
        """Start a router that dies once it has committed."""
        store = DiesAfterCommitting(self._url, clock=self.clock, database=self._database)
        await self._start(store)
        return store

    async def dies_after_booking(self) -> DiesAfterBooking:
        """Start a router that dies before it commits."""
        store = DiesAfterBooking(self._url, clock=self.clock, database=self._database)
        await self._start(store)
        return store

    async def _start(self, store: MongoStore) -> MongoStore:
        self._opened.append(store)
        await store.open()
        return store

    async def close(self) -> None:
        """Stop all."""
        for store in self._opened:
            await store.close()


@pytest.fixture
async def fleet(url: str) -> AsyncIterator["Fleet"]:
    """Start with no router."""
    fleet = Fleet(url)
    yield fleet
    await fleet.close()


async def commit_and_die(fleet: Fleet) -> Conversation:
    """Let a router die between the two writes of a commit; returns what it committed."""
    dying = await fleet.dies_after_committing()
    await accept(dying, "m1")
    one = conversation("cv", links=("mid:<1@x>",), entries=(entry("m1", 3),), seq=3)
    change = Change(
        conversation=one,
        applied=[entry("m1", 3)],
        events=[event("decided", "cv"), event("promised", "cv")],
        archived=[item("r1", 1)],
    )
    with pytest.raises(PowerCut):
        await dying.commit(Commit(changes=[change]))
    return one


async def kinds(store: MongoStore) -> list[str]:
    """Return the kinds of all log lines."""
    return sorted(line.kind for _, line in await store.log(after=0, limit=50))


async def test_repair_finishes_a_commit(fleet: Fleet) -> None:
    """Messages, log, links and archive of a commit whose router died are written, once, however often."""
    await commit_and_die(fleet)
    store = await fleet.sound()
    assert await kinds(store) == []
    assert await store.repair(10) == 0, "a router may still be at work on it"
    fleet.clock.move(6)
    assert await store.repair(10) == 1
    assert await store.repair(10) == 0
    assert await kinds(store) == ["decided", "promised"]
    message = await store.message("m1")
    assert message is not None
    assert (message.state, message.conversation, message.seq) == ("applied", "cv", 3)
    assert [line.seq for line in await store.transcript("cv", after=0, limit=9)] == [1, 3]


async def test_a_message_that_comes_again_finds_its_conversation(fleet: Fleet) -> None:
    """Loading the message of an unfinished commit finishes it first, so nothing is decided twice."""
    one = await commit_and_die(fleet)
    store = await fleet.sound()
    loaded = await store.load(["m1"])
    assert loaded.messages["m1"].conversation == "cv"
    assert loaded.conversations == {"cv": one}
    assert await put(store, conversation("other"), applied=[entry("m1")]) == [False]
    assert await kinds(store) == ["decided", "promised"]


async def test_an_unfinished_commit_cannot_be_decided_again(fleet: Fleet) -> None:
    """A router that loaded before the other one committed loses, even if that one died at once."""
    await commit_and_die(fleet)
    store = await fleet.sound()
    assert await put(store, conversation("other", entries=(entry("m1"),)), applied=[entry("m1")]) == [False]


async def test_an_unfinished_conversation_is_found_by_its_links(fleet: Fleet) -> None:
    """An answer that arrives before the repair finds the conversation, and its transcript is complete."""
    one = await commit_and_die(fleet)
    store = await fleet.sound()
    assert await store.by_link("mid:<1@x>") == one
    assert await store.by_link(f"ref:{one.reference}") == one
    assert [line.seq for line in await store.transcript("cv", after=0, limit=9)] == [1, 3]


async def test_the_next_change_keeps_what_was_left_undone(fleet: Fleet) -> None:
    """A later commit on the conversation does not lose the earlier one's log lines."""
    one = await commit_and_die(fleet)
    store = await fleet.sound()
    assert await put(store, next_state(one), events=[event("answered", "cv")]) == [True]
    fleet.clock.move(6)
    await store.repair(10)
    assert await kinds(store) == ["answered", "decided", "promised"]


async def book_and_stop(fleet: Fleet, one: Conversation) -> tuple[DiesAfterBooking, Change]:
    """Let a router stop between booking the message and writing the conversation."""
    stopped = await fleet.dies_after_booking()
    await accept(stopped, "m1")
    change = Change(conversation=one, applied=[entry("m1")])
    with pytest.raises(PowerCut):
        await stopped.commit(Commit(changes=[change]))
    return stopped, change


async def test_the_same_decision_goes_through_at_once(fleet: Fleet) -> None:
    """A booking does not hinder another router that comes to the same conversation."""
    one = conversation("cv", entries=(entry("m1"),))
    stopped, change = await book_and_stop(fleet, one)
    store = await fleet.sound()
    assert await put(store, one, applied=[entry("m1")]) == [True]
    assert await stopped.wake([change]) == [False]


async def test_a_paused_router_is_fenced_before_its_new_conversation_is_given_up(fleet: Fleet) -> None:
    """After its time another conversation may take the message, and the paused router then loses."""
    stopped, change = await book_and_stop(fleet, conversation("first", entries=(entry("m1"),)))
    store = await fleet.sound()
    fleet.clock.move(11)
    assert await put(store, conversation("other", entries=(entry("m1"),)), applied=[entry("m1")]) == [True]
    assert await stopped.wake([change]) == [False]
    assert await store.conversation("first") is None
    assert await store.audit_conversations("", 9) == await store.conversations(["other"])


async def test_a_paused_router_is_fenced_from_a_known_conversation(fleet: Fleet) -> None:
    """Fencing raises the version of a conversation that exists and changes nothing else of it."""
    store = await fleet.sound()
    known = conversation("known")
    await put(store, known)
    stopped, change = await book_and_stop(fleet, next_state(known, entries=(entry("m1"),)))
    fleet.clock.move(11)
    assert await put(store, conversation("other", entries=(entry("m1"),)), applied=[entry("m1")]) == [True]
    assert await stopped.wake([change]) == [False]
    fenced = await store.conversation("known")
    assert fenced is not None
    assert (fenced.version, fenced.entries) == (2, ())


async def test_a_fenced_id_can_be_used_by_others(fleet: Fleet) -> None:
    """The id taken from a paused router serves the next message of the thread."""
    stopped, change = await book_and_stop(fleet, conversation("thread", entries=(entry("m1"),)))
    store = await fleet.sound()
    fleet.clock.move(11)
    await put(store, conversation("other", entries=(entry("m1"),)), applied=[entry("m1")])
    await accept(store, "m2")
    fresh = conversation("thread", entries=(entry("m2"),))
    assert await put(store, fresh, applied=[entry("m2")]) == [True]
    assert await store.conversation("thread") == fresh
    assert await stopped.wake([change]) == [False]


async def test_every_message_of_a_fenced_id_is_fenced(fleet: Fleet) -> None:
    """Two paused routers were about to begin the same thread with different messages: both lose."""
    first, one = await book_and_stop(fleet, conversation("thread", entries=(entry("m1"),)))
    second = await fleet.dies_after_booking()
    await accept(second, "m2")
    two = Change(conversation=conversation("thread", entries=(entry("m2"),)), applied=[entry("m2")])
    with pytest.raises(PowerCut):
        await second.commit(Commit(changes=[two]))
    store = await fleet.sound()
    fleet.clock.move(11)
    for key in ("m1", "m2"):
        other = conversation(f"other_{key}", entries=(entry(key),))
        assert await put(store, other, applied=[entry(key)]) == [True]
    assert await first.wake([one]) == [False]
    assert await second.wake([two]) == [False]


async def test_a_lost_conversation_frees_its_message(fleet: Fleet) -> None:
    """After losing the compare-and-set the message can go elsewhere at once."""
    store = await fleet.sound()
    await put(store, conversation("cv"))
    await accept(store, "m1")
    late = conversation("cv", entries=(entry("m1"),))
    assert await put(store, late, applied=[entry("m1")]) == [False]
    assert await put(store, conversation("other", entries=(entry("m1"),)), applied=[entry("m1")]) == [True]


async def test_log_lines_are_numbered_after_a_crash(fleet: Fleet) -> None:
    """A reader that died while numbering leaves no gap and no double number."""
    store, other = await fleet.sound(), await fleet.sound()
    await store.append([Event(at=fleet.clock.now() + timedelta(seconds=n), kind=f"k{n}") for n in range(3)])
    first = await store._database.rows("log", {"fresh": True}, sort=[("at", 1)], limit=1)
    numbered = store._database.updating(
        "log", {"_id": first[0]["_id"]}, {"$set": {"n": 1}, "$unset": {"fresh": 1}}
    )
    await store._database.write([numbered])
    assert [(n, line.kind) for n, line in await other.log(after=0, limit=9)] == [
        (1, "k0"),
        (2, "k1"),
        (3, "k2"),
    ]


async def test_a_newer_database_is_refused(fleet: Fleet) -> None:
    """A database written by a newer version is left alone, and the error says what to do."""
    store = await fleet.sound()
    await store._database.change("meta", {"_id": "schema"}, {"$set": {"version": 99}})
    with pytest.raises(ConfigError, match="newer version"):
        await fleet.sound()


async def test_no_server_is_store_down() -> None:
    """Where nobody answers, the store says that it is down."""
    store = MongoStore("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200", clock=ManualClock())
    with pytest.raises(StoreDown):
        await store.open()
    await store.close()


async def test_a_url_that_cannot_be_used_is_a_setting_to_mend() -> None:
    """A wrong URL names the setting."""
    with pytest.raises(ConfigError, match=r"store\.url"):
        Database("http://example.com", "x")


class Dying(MongoStore):
    """Dies now and then at either of the two places between writes."""

    dice = random.Random(0)
    pause_s = 0.005

    async def _compare_and_set(self, changes: Sequence[Change]) -> list[bool]:
        if self.dice.random() < 0.15:
            raise PowerCut
        return await super()._compare_and_set(changes)

    async def _follow(self, won: Sequence[Change]) -> None:
        if self.dice.random() < 0.2:
            raise PowerCut
        await super()._follow(won)


async def decide(store: Dying, clock: ManualClock, key: str, dice: random.Random) -> None:
    """Decide a message as a router does: load, attach somewhere, commit, go round until it is in a conversation."""
    for _ in range(60):
        loaded = await store.load([key])
        if loaded.messages[key].conversation:
            return
        name = f"cv{dice.randrange(6)}"
        known = await store.conversation(name)
        if known and any(one.key == key for one in known.entries):
            continue
        seq = known.seq + 1 if known else 1
        entries = (*(known.entries if known else ()), entry(key, seq))
        more = {"entries": entries, "seq": seq}
        after = next_state(known, **more) if known else conversation(name, **more)
        change = Change(
            conversation=after, applied=[entries[-1]], events=[event("decided", name, subject=key)]
        )
        clock.move(3)
        try:
            await store.commit(Commit(changes=[change]))
        except PowerCut:
            return
    raise AssertionError(f"{key} never found a conversation")


@pytest.mark.parametrize("seed", range(3))
async def test_routers_that_die_at_random_lose_and_double_nothing(fleet: Fleet, seed: int) -> None:
    """Whoever dies where: in the end each message is in exactly one conversation, and logged once."""
    dice = Dying.dice = random.Random(seed)
    stores = [Dying(fleet._url, clock=fleet.clock, database=fleet._database) for _ in range(3)]
    for store in stores:
        await fleet._start(store)
    keys = [f"m{number}" for number in range(15)]
    await accept(stores[0], *keys)
    for _ in range(4):  # deliveries come again until nothing is left
        async with asyncio.TaskGroup() as group:
            for store in stores:
                for key in dice.sample(keys, 8):
                    group.create_task(decide(store, fleet.clock, key, dice))
    sound = await fleet.sound()
    fleet.clock.move(60)
    for key in keys:
        while not (await sound.load([key])).messages[key].conversation:
            Dying.dice = random.Random(99)
            await decide(stores[0], fleet.clock, key, dice)
    fleet.clock.move(60)
    while await sound.repair(50):
        pass
    homes = [one.key for each in await sound.audit_conversations("", 50) for one in each.entries]
    assert sorted(homes) == sorted(keys)
    lines = [line.subject for _, line in await sound.log(after=0, limit=500)]
    assert sorted(lines) == sorted(keys)
    for each in await sound.audit_conversations("", 50):
        assert [one.seq for one in each.entries] == list(range(1, each.seq + 1))
        assert [line.seq for line in await sound.transcript(each.id, after=0, limit=99)] == [
            one.seq for one in each.entries
        ]
