"""Hints between the processes of a fleet, through a fanout exchange of RabbitMQ.

Each process listens on a queue of its own that the broker names and that ends with the
connection. It lives on a connection of its own and is declared anew by our loop after each loss:
an exclusive queue on a connection that recovers by itself can lock its own successor out. Exclusive
queues are also what RabbitMQ 4.3 still allows to be transient.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from router import log
from router.brokers.crew import Crew
from router.brokers.hints import LocalEvents
from router.brokers.rabbit.link import PAUSE_S, Link
from router.brokers.rabbit.values import Arrival, WireError
from router.brokers.rabbit.wire import Line
from router.ports import Hint

EXCHANGE = "handleby.events"
#: Hints that wait for the broker at most; older ones are dropped, they would only be stale.
WAITING = 1000
#: Hints in one message.
TOGETHER = 100

#: Seconds between two looks without any occasion.
WATCH_S = 5.0

logger = log.get(__name__)


class RabbitEvents(LocalEvents):
    """Events of a fleet; this process's own subscribers are served directly, broker or not."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._me = uuid.uuid4().hex
        self._link = Link(url, "handleby events")
        self._crew = Crew()
        self._waiting: deque[Hint] = deque(maxlen=WAITING)
        self._line: Line | None = None
        #: Set while the hints of other processes reach this one.
        self.listening = asyncio.Event()

    async def open(self) -> None:
        """Start; a broker that is missing is tried again in the background."""
        await self._crew.start()
        self._crew.spawn(self._link.run(), "events link")
        self._crew.spawn(self._run(), "events")

    async def close(self) -> None:
        """Stop; what was not sent is lost."""
        await self._crew.stop()

    def publish(self, hints: Sequence[Hint]) -> None:
        """Serve our own subscribers at once and the others soon."""
        super().publish(hints)
        self._waiting.extend(hints)
        if self._line is not None:
            self._line.stirred.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._serve()
            except WireError as failure:
                logger.warning("hints interrupted", error=str(failure))
            finally:
                self.listening.clear()
            await asyncio.sleep(PAUSE_S)

    async def _serve(self) -> None:
        wire = await self._link.ready()
        line = await wire.line(confirms=False)
        try:
            await line.declare_fanout(EXCHANGE)
            queue = await line.declare_private()
            await line.bind(queue, EXCHANGE)
            await line.consume(queue, self._arrived, no_ack=True)
            self.listening.set()
            self._line = line
            while line.alive:
                await self._send(line)
        finally:
            self._line = None
            await line.close()

    async def _send(self, line: Line) -> None:
        """Send what waits, then wait for more or for the loss of the line."""
        line.stirred.clear()
        while self._waiting:
            count = min(TOGETHER, len(self._waiting))
            hints = [self._waiting.popleft() for _ in range(count)]
            await line.scatter(EXCHANGE, msgspec.json.encode(hints), self._me)
        if line.alive:
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_S):
                    await line.stirred.wait()

    def _arrived(self, arrival: Arrival) -> None:
        if arrival.headers.get("sender") == self._me:
            return
        try:
            hints = msgspec.json.decode(arrival.body, type=list[Hint])
        except msgspec.DecodeError:
            logger.warning("a hint that cannot be read was dropped")
            return
        super().publish(hints)
