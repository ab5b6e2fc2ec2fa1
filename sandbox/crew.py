"""Tasks that run as long as the stand-in that owns them, in one task group."""

import asyncio
import sys
import traceback
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

#: How long a cancelled task may take before it is cancelled once more.
AGAIN_S = 1.0


class Crew:
    """A task group that is opened in one call and closed in another, even by another task.

    No work raises out of it: an error is printed and ends that work only.
    """

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the group; again after a stop."""
        self._stack = AsyncExitStack()
        self._group = await self._stack.enter_async_context(asyncio.TaskGroup())

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Run the work until it ends or the crew stops."""
        if self._group is None:
            work.close()
            return None
        task = self._group.create_task(_guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # one that was cancelled before it began
        return task

    async def stop(self) -> None:
        """Cancel what still runs, and wait for it."""
        self._group = None
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(set(self._tasks), timeout=AGAIN_S)
        await self._stack.aclose()


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001  # whatever it was, it is told and ends only this work
        print(traceback.format_exc(), file=sys.stderr)  # noqa: T201  # a stand-in has no log of its own
