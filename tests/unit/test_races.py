"""Many routers want the same people at the same time."""

from pathlib import Path

from msgspec.structs import replace

from router.consume import Consumer
from router.ports import Commit, Outcome
from router.testing import ManualClock, MemoryStore
from tests.support.world import MONDAY_NOON, World


class HastyClock(ManualClock):
    """A clock on which every wait is over at once."""

    async def sleep(self, seconds: float) -> None:
        """Move on."""
        self.move(seconds)


class BusyStore(MemoryStore):
    """A store in which somebody else is always faster with the agents."""

    async def commit(self, commit: Commit) -> Outcome:
        """Change every agent that the commit wants, just before it."""
        for agent in commit.agents:
            known = self._agents.get(agent.id)
            if known is not None:
                self._agents[agent.id] = replace(known, version=known.version + 1)
        return await super().commit(commit)


async def test_who_never_wins_a_person_waits_in_the_queue(tmp_path: Path) -> None:
    """However often others are faster with the people, a message is decided: it waits, and nobody has to look at it."""
    world = World(tmp_path)
    await world.here("maria", "tom")
    clock = HastyClock(MONDAY_NOON)
    store = BusyStore(clock)
    store._agents.update(await world.store.agents())
    consumer = Consumer(store, world.broker, world.events, world.ids, clock, lambda: world.house)
    message = world.mail_from()
    await store.accept([(message, message.received_at)])
    assert await consumer.decide([message.key]) == [message.key]
    await world.broker.open(["inbound.email"])
    await world.broker.publish([("inbound.email", message.key)])
    (delivery,) = await world.broker.take("inbound.email", limit=1, wait_s=0.0, gather_s=0.0)
    await consumer.work([delivery])
    stored = await store.message(message.key)
    assert stored is not None
    one = await store.conversation(stored.conversation)
    assert one is not None
    assert (one.owner, one.queue, one.accountable) == ("", "general", "maria")
    assert one.due_at is not None
