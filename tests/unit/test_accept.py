import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import pytest

from channels.errors import Unavailable
from channels.message import Message
from router.accept import Acceptor
from router.errors import BrokerError
from router.testing import MemoryBroker, MemoryStore
from tests.support.world import World


class BadStore(MemoryStore):
    """A store that fails in an unforeseen way on messages of one subject, and can be slow."""

    wait: asyncio.Event | None = None

    async def accept(self, messages: Sequence[tuple[Message, datetime]]) -> list[bool]:
        """Fail on `bad`, once `wait` is set."""
        if self.wait is not None:
            await self.wait.wait()
        if any(message.subject == "bad" for message, _ in messages):
            raise ValueError("unforeseen")
        return list(await super().accept(messages))


class BadBroker(MemoryBroker):
    """A broker that fails in an unforeseen way, or hangs."""

    hang = False

    async def publish(self, rings: Sequence[tuple[str, str]]) -> None:
        """Fail or hang."""
        if self.hang:
            await asyncio.Event().wait()
        raise ValueError("unforeseen")


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


@pytest.fixture
def store(world) -> BadStore:
    return BadStore(world.clock)


@asynccontextmanager
async def accepting(world: World, store: MemoryStore, broker: MemoryBroker | None = None) -> AsyncIterator:
    acceptor = Acceptor(store, broker or world.broker, world.clock, lambda: world.house)
    task = asyncio.create_task(acceptor.run())
    try:
        yield acceptor, task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def outcomes(acceptor: Acceptor, *messages: Message) -> list[str]:
    async with asyncio.timeout(5):
        found = await asyncio.gather(*(acceptor.deliver(one) for one in messages), return_exceptions=True)
    return [type(one).__name__ for one in found]


async def test_one_bad_message_harms_no_neighbour(world, store) -> None:
    """An unforeseen failure is told to its own sender only, and the service goes on taking messages."""
    good, bad, other = (world.mail_from(subject=each) for each in ("good", "bad", "other"))
    async with accepting(world, store) as (acceptor, _):
        assert await outcomes(acceptor, good, bad, other) == ["Receipt", "Unavailable", "Receipt"]
        assert await outcomes(acceptor, world.mail_from()) == ["Receipt"]
    assert await store.message(bad.key) is None


async def test_who_waits_while_the_service_stops_is_told(world, store) -> None:
    """Cancelled in the middle of a write, the batch being written and the one behind it are answered."""
    store.wait = asyncio.Event()
    async with accepting(world, store) as (acceptor, task):
        first = asyncio.create_task(outcomes(acceptor, world.mail_from()))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(outcomes(acceptor, world.mail_from()))
        await asyncio.sleep(0.01)
        task.cancel()
        assert [await first, await second] == [["Unavailable"], ["Unavailable"]]


async def test_who_comes_after_the_service_stopped_is_told(world, store) -> None:
    """Nobody waits for a loop that has ended."""
    async with accepting(world, store) as (acceptor, task):
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with pytest.raises(Unavailable, match="stopping"):
            await acceptor.deliver(world.mail_from())


@pytest.mark.parametrize("hang", [False, True])
async def test_what_is_stored_is_acknowledged_whatever_the_broker_does(world, store, hang) -> None:
    """A broker that fails in an unforeseen way, or hangs until we stop, costs nobody their receipt."""
    broker = BadBroker(world.clock)
    broker.hang = hang
    async with accepting(world, store, broker) as (acceptor, task):
        waiting = asyncio.create_task(outcomes(acceptor, world.mail_from()))
        await asyncio.sleep(0.01)
        if hang:
            task.cancel()
        assert await waiting == ["Receipt"]
        if not hang:
            assert await outcomes(acceptor, world.mail_from()) == ["Receipt"]


async def test_a_broker_that_is_down_is_no_reason_to_refuse(world, store) -> None:
    """The store has the message; the sweep rings again."""

    class Down(MemoryBroker):
        async def publish(self, rings: Sequence[tuple[str, str]]) -> None:
            raise BrokerError("down")

    async with accepting(world, store, Down(world.clock)) as (acceptor, _):
        assert await outcomes(acceptor, world.mail_from()) == ["Receipt"]
