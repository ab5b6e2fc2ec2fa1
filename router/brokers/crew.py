"""Tasks that live as long as the part that owns them, in one task group."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from router import log

logger = log.get(__name__)

#: How long a cancelled task may take before it is cancelled once more.
AGAIN_S = 1.0


class Crew:
    """A task group that is opened in one call and closed in another, even by another task.

    That is sound because no work raises: its errors are logged, so the group never cancels the
    task that opened it.
    """

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the group; once only."""
        self._group = await self._stack.enter_async_context(asyncio.TaskGroup())

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run the work until it ends or the crew stops; an error is logged and ends only this work."""
        if self._group is None:
            work.close()
            return
        task = self._group.create_task(self._guarded(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # one that was cancelled before it began

    async def stop(self) -> None:
        """Cancel what still runs, and wait for it; again where a library swallowed the cancelling."""
        self._group = None
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(set(self._tasks), timeout=AGAIN_S)
        await self._stack.aclose()

    async def _guarded(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except Exception:
            logger.exception("task failed", task=name)
