"""Tasks that live as long as the part that owns them, in one task group."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Crew:
    """A task group that may be opened in one call and closed in another, even by another task."""

    def __init__(self) -> None:
        self._host: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Open the group; once only."""
        ready = asyncio.Event()
        self._host = asyncio.create_task(self._live(ready))
        await ready.wait()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run the work until it ends or the crew stops; an error is logged and ends only this work."""
        if self._group is None:
            work.close()
            return
        task = self._group.create_task(self._guarded(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Cancel what still runs, and wait for it."""
        self._stopping.set()
        host, self._host, self._group = self._host, None, None
        if host is not None:
            await host

    async def _live(self, ready: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            ready.set()
            await self._stopping.wait()
            for task in self._tasks:
                task.cancel()

    async def _guarded(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except Exception:
            log.exception("task failed", task=name)
