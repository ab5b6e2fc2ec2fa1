"""What runs beside a block fails like the block itself."""

import asyncio

import pytest

from router.errors import BrokerDown, HandlebyError, StoreDown
from router.tasks import beside


async def _both_fail(errors: tuple[HandlebyError, HandlebyError]) -> None:
    """Run a companion and a block that wait for trips which fail at the same moment, the companion's first."""
    loop = asyncio.get_running_loop()
    theirs, mine = loop.create_future(), loop.create_future()

    def fail() -> None:
        theirs.set_exception(errors[0])
        mine.set_exception(errors[1])

    async def companion() -> None:
        await theirs

    async with beside() as group:
        group.create_task(companion())
        loop.call_soon(loop.call_soon, fail)
        await mine


async def test_a_store_that_fails_twice_at_once_is_one_failure() -> None:
    """Both trips to it failed: whoever waits for the store where it is down sees that, and no group of errors."""
    with pytest.raises(StoreDown):
        await _both_fail((StoreDown(), StoreDown()))


async def test_failures_of_two_kinds_are_both_told() -> None:
    """Neither is taken for the other."""
    with pytest.raises(ExceptionGroup) as raised:
        await _both_fail((BrokerDown(), StoreDown()))
    assert {type(one) for one in raised.value.exceptions} == {BrokerDown, StoreDown}
