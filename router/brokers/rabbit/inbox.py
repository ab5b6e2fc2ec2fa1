"""Reading one queue of RabbitMQ: a bounded buffer filled by the library, emptied by `take`.

The library runs callbacks as tasks of the channel and cancels them when the connection is lost.
Ours only put the delivery into the buffer, so no work on a message is ever cancelled by the
network; the prefetch bounds the buffer. Deliveries belong to the session (channel) they came by.
When it ends, those in the buffer are dropped, as they will come again, and acknowledging one that
was taken does nothing, for the same reason.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from router import log
from router.brokers.policy import PARKED
from router.brokers.rabbit.doctor import Doctor
from router.brokers.rabbit.gauge import Gauge
from router.brokers.rabbit.link import Link
from router.brokers.rabbit.setup import CANARY
from router.brokers.rabbit.values import Arrival, WireError
from router.brokers.rabbit.wire import Line
from router.ports import Delivery

#: Seconds between two looks whether the broker still counts us among the readers.
WATCH_S = 5.0
PAUSE_S = 0.3

logger = log.get(__name__)


class Session:
    """What came by one channel and is not acknowledged yet."""

    def __init__(self, line: Line) -> None:
        self.line = line
        #: Delivery tags in the order of arrival, which is ascending.
        self.open: dict[int, None] = {}

    def settle(self, tags: set[int]) -> tuple[int, list[int]]:
        """Forget these tags; returns the one up to which all are settled (0: none), and the others."""
        upto = 0
        for tag in list(self.open):
            if tag not in tags:
                break
            upto = tag
            del self.open[tag]
        single = sorted(tag for tag in tags if self.open.pop(tag, 0) is None)
        return upto, single


class Tag(Struct, frozen=True):
    """The handle of a delivery."""

    session: Session
    number: int


class Inbox:
    """One queue, read from the first take on."""

    def __init__(self, queue: str, link: Link, gauge: Gauge, doctor: Doctor, prefetch: int) -> None:
        self.queue = queue
        self._link, self._gauge, self._doctor, self._prefetch = link, gauge, doctor, prefetch
        self._session: Session | None = None
        self._buffer: deque[Delivery] = deque()
        self._canaries: deque[int] = deque()
        self._arrived, self._settled = asyncio.Event(), asyncio.Event()
        self._stopped = False
        #: Why nothing is read now; "" when all is well.
        self.error = ""

    @property
    def in_flight(self) -> int:
        """How many deliveries this process holds, taken or not."""
        return len(self._session.open) if self._session else 0

    async def run(self) -> None:
        """Read the queue, and read it again after each loss, until cancelled."""
        while not self._stopped:
            try:
                await self._read()
            except WireError as failure:
                if self.error != str(failure):
                    logger.warning("queue not read", queue=self.queue, error=str(failure))
                self.error = str(failure)
                if self._link.wire is not None:
                    self._doctor.doubt(self.queue, str(failure))
            finally:
                self._drop()
            await asyncio.sleep(PAUSE_S)
            await self._doctor.well(self.queue)

    async def take(self, limit: int, wait_s: float, gather_s: float) -> list[Delivery]:
        """Take up to `limit`: wait for a first one, then a little for more."""
        await self._until(1, wait_s)
        if self._buffer and len(self._buffer) < limit:
            await self._until(limit, gather_s)
        count = min(limit, len(self._buffer))
        return [self._buffer.popleft() for _ in range(count)]

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge those of the present session, in as few frames as is safe."""
        session, tags = self._current(deliveries)
        if session is None:
            return
        upto, single = session.settle(tags)
        self._settled.set()
        try:
            for tag in single:
                await session.line.ack(tag, flush=False)
            if upto:
                await session.line.ack(upto, multiple=True, flush=False)
        except WireError:
            session.line.lose()

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Let the broker hand these out again."""
        session, tags = self._current(deliveries)
        if session is None:
            return
        try:
            for tag in tags:
                session.open.pop(tag, None)
                await session.line.give_back(tag)
        except WireError:
            session.line.lose()
        self._settled.set()

    async def stop(self, within_s: float) -> None:
        """Read no more and wait until what was taken is settled; the rest goes back when the channel ends."""
        self._stopped = True
        self._arrived.set()
        session = self._session
        if session is None:
            return
        try:
            await session.line.cancel()
        except WireError:
            return
        for delivery in self._buffer:
            session.open.pop(delivery.tag.number, None)
        self._buffer.clear()
        try:
            async with asyncio.timeout(within_s):
                while session.open and session.line.alive:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            logger.warning("not all work was done before the stop", queue=self.queue, left=len(session.open))

    async def _until(self, count: int, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while len(self._buffer) < count and not self._stopped:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return

    async def _read(self) -> None:
        wire = await self._link.ready()
        line = await wire.line(confirms=False)
        session = self._session = Session(line)
        try:
            await line.consume(
                self.queue, lambda arrival: self._arrive(session, arrival), prefetch=self._prefetch
            )
            self.error = ""
            while line.alive:
                await self._watch(line)
        finally:
            if not self._stopped:
                await line.close()

    async def _watch(self, line: Line) -> None:
        """Acknowledge canaries as they come, and notice when the broker forgot us."""
        try:
            async with asyncio.timeout(WATCH_S):
                line.stirred.clear()
                while self._canaries:
                    await line.ack(self._canaries.popleft())
                if line.alive:
                    await line.stirred.wait()
                return
        except TimeoutError:
            pass
        try:
            _, readers = await self._gauge.count(self.queue)
        except WireError as failure:
            if line.alive:
                self._doctor.doubt(self.queue, str(failure))
            return
        if not readers and not self._stopped:
            logger.warning("the broker does not count us among the readers", queue=self.queue)
            line.lose()

    def _arrive(self, session: Session, arrival: Arrival) -> None:
        if session is not self._session:
            return
        key = arrival.headers.get("key")
        if CANARY in arrival.headers or not isinstance(key, str):
            if CANARY not in arrival.headers:
                logger.error("a message that is not ours was dropped", queue=self.queue)
            self._canaries.append(arrival.tag)
            session.line.stirred.set()
            return
        session.open[arrival.tag] = None
        self._buffer.append(_delivery(self.queue, key, arrival, session))
        self._arrived.set()

    def _drop(self) -> None:
        self._session = None
        self._buffer.clear()
        self._canaries.clear()
        self._settled.set()

    def _current(self, deliveries: Sequence[Delivery]) -> tuple[Session | None, set[int]]:
        session = self._session
        tags = {d.tag.number for d in deliveries if d.tag.session is session}
        return (session, tags) if tags else (None, tags)


def _delivery(queue: str, key: str, arrival: Arrival, session: Session) -> Delivery:
    headers = arrival.headers
    attempts = int(headers.get("x-delivery-count") or 0)
    if queue != PARKED:
        return Delivery(
            queue=queue,
            key=key,
            attempts=attempts + int(headers.get("attempts") or 0),
            tag=Tag(session, arrival.tag),
        )
    reason = headers.get("reason") or "handed out again and again without being acknowledged"
    return Delivery(
        queue=queue, key=key, attempts=attempts, tag=Tag(session, arrival.tag), reason=str(reason)
    )
