"""What every kind of Events promises, shown on the twin, within a process and over RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from router.brokers.events import RabbitEvents
from router.brokers.hints import BEHIND, LocalEvents
from router.ports import Events, Hint
from router.testing import MemoryEvents
from tests.support.ports import free_port


class Fleet:
    """Makes the events of one process after another."""

    def __init__(self, make: Callable[[], Events]) -> None:
        self._make = make
        self._stack = AsyncExitStack()

    async def process(self) -> Events:
        """Start one more process, and wait until it hears the others."""
        events = self._make()
        await events.open()
        self._stack.push_async_callback(events.close)
        if isinstance(events, RabbitEvents):
            async with asyncio.timeout(20):
                await events.listening.wait()
        return events

    async def end(self) -> None:
        """Close all that was opened."""
        await self._stack.aclose()


@pytest.fixture(params=["memory", "local", pytest.param("rabbit", marks=pytest.mark.rabbit)])
async def fleet(request: pytest.FixtureRequest) -> AsyncIterator[Fleet]:
    """Run the test on each implementation; those without a network are one process."""
    if request.param == "rabbit":
        url = request.getfixturevalue("rabbit").url
        found = Fleet(lambda: RabbitEvents(url))
    else:
        shared: Events = MemoryEvents() if request.param == "memory" else LocalEvents()
        found = Fleet(lambda: shared)
    yield found
    await found.end()


def hints(*ids: str) -> list[Hint]:
    """Return hints about these conversations."""
    return [Hint(kind="conversation", id=id_, version=1) for id_ in ids]


async def read(mailbox: AsyncIterator[Hint], count: int) -> list[str]:
    """Read so many, patiently."""
    async with asyncio.timeout(20):
        return [(await anext(mailbox)).id for _ in range(count)]


async def test_everybody_hears(fleet: Fleet) -> None:
    """A hint reaches every subscriber of every process, this one's included, once and in order."""
    one, two = await fleet.process(), await fleet.process()
    async with one.subscribe() as here, one.subscribe() as beside, two.subscribe() as there:
        one.publish(hints("a", "b"))
        one.publish(hints("c"))
        assert [await read(mailbox, 3) for mailbox in (here, beside, there)] == [["a", "b", "c"]] * 3
        two.publish(hints("d"))
        assert [await read(mailbox, 1) for mailbox in (here, beside, there)] == [["d"]] * 3


async def test_hint_is_whole(fleet: Fleet) -> None:
    """A hint arrives as it was sent."""
    one, two = await fleet.process(), await fleet.process()
    sent = Hint(kind="agent", id="märia", version=7)
    async with two.subscribe() as there:
        one.publish([sent])
        async with asyncio.timeout(20):
            assert await anext(there) == sent


async def test_slow_reader(fleet: Fleet) -> None:
    """A reader that falls behind loses the oldest hints, never the newest, and holds up nobody."""
    events = await fleet.process()
    async with events.subscribe() as slow:
        for number in range(BEHIND + 10):
            events.publish(hints(str(number)))
        assert await read(slow, BEHIND) == [str(number) for number in range(10, BEHIND + 10)]


async def test_nobody_listens(fleet: Fleet) -> None:
    """Publishing without a subscriber is fine, and a later one hears only what is new."""
    events = await fleet.process()
    events.publish(hints("old"))
    async with events.subscribe() as mailbox:
        events.publish(hints("new"))
        assert await read(mailbox, 1) == ["new"]


async def test_without_broker() -> None:
    """While the broker is away, publishing neither blocks nor raises, and our own subscribers still hear."""
    events = RabbitEvents(f"amqp://127.0.0.1:{free_port()}/")
    await events.open()
    async with events.subscribe() as mailbox:
        events.publish(hints("a"))
        assert await read(mailbox, 1) == ["a"]
    await events.close()
