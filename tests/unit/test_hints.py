import asyncio
import contextlib

import pytest

from router.brokers.crew import Crew
from router.brokers.hints import LocalEvents
from router.ports import Hint
from router.tasks import beside


async def test_a_reader_that_timed_out_goes_on_waiting() -> None:
    """A wait cut short by a timeout is taken up again, and hears the next hint."""
    events = LocalEvents()
    async with events.subscribe() as hints:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await anext(hints)
        events.publish([Hint(kind="conversation", id="one")])
        assert (await anext(hints)).id == "one"


async def test_what_runs_beside_a_block_may_end_before_it_began() -> None:
    """A block that ends at once cancels its companions without a word."""
    async with beside(asyncio.sleep(60)):
        pass


async def test_a_crew_stops_even_what_swallows_one_cancelling() -> None:
    """A library that turns a cancelling into an error of its own does not keep the service from ending."""
    crew, begun = Crew(), asyncio.Event()

    async def stubborn() -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    await crew.start()
    crew.spawn(stubborn(), "stubborn")
    await begun.wait()
    async with asyncio.timeout(20):
        await crew.stop()
