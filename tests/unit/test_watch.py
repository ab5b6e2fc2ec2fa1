import asyncio
from contextlib import suppress

from router.watch import Watcher


async def test_a_message_may_come_in_just_as_the_nap_ends() -> None:
    """Hurrying a watcher whose patience ended this moment does no harm: it wakes up anyway."""
    watcher, loop, errors = Watcher("cv_1"), asyncio.get_running_loop(), []

    def hurry() -> None:
        try:
            watcher.hurry()
        except RuntimeError as error:
            errors.append(error)

    with suppress(TimeoutError):
        async with watcher.nap() as nap:
            nap.reschedule(loop.time() - 1)
            loop.call_soon(hurry)  # runs after the end was noticed and before the watcher is woken
            await asyncio.sleep(10)
    assert errors == []
