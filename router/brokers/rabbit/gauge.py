"""How full the queues of RabbitMQ are, asked on a plain channel that is used for nothing else.

The channel belongs to the reading connection: a broker out of memory stops listening to
connections that publish, and just then somebody wants to see the numbers.
"""

import asyncio
import time

from router.brokers.rabbit.link import Link
from router.brokers.rabbit.values import WireError
from router.brokers.rabbit.wire import Line

#: Seconds for which an answer is good enough.
FRESH_S = 0.5
ASK_S = 2.0


class Gauge:
    """Counts ready messages and readers; one question at a time."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._line: Line | None = None
        self._lock = asyncio.Lock()
        self._known: dict[str, tuple[float, tuple[int, int]]] = {}

    async def count(self, queue: str) -> tuple[int, int]:
        """Return (ready, readers), at most half a second old; raises WireError."""
        async with self._lock:
            at, found = self._known.get(queue, (0.0, (0, 0)))
            if time.monotonic() - at < FRESH_S:
                return found
            found = await self._ask(queue)
            self._known[queue] = time.monotonic(), found
            return found

    async def _ask(self, queue: str) -> tuple[int, int]:
        try:
            if self._line is None or not self._line.alive:
                self._line = await self._link.now().line(confirms=False)
            return await self._line.count(queue, within_s=ASK_S)
        except WireError:
            line, self._line = self._line, None
            if line is not None:
                await line.close()
            raise
