"""The embedded broker: a durable queue in one SQLite file that processes of one host may share.

A ring is on disk when `publish` returns. Handing out is a commit too, so that no other process gets
the same one; it names the holder, whose lease is extended while it lives and runs out three seconds
after it died. Only a power cut can undo a hand-out or an acknowledgement; the ring then comes again.
Readers in the publishing process are woken at once; those in others look five times a second.
"""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from router import log
from router.brokers import ledger
from router.brokers.crew import Crew
from router.brokers.policy import PARKED
from router.errors import BrokerDown, StoreError
from router.ports import Delivery, Depth
from router.stores.writer import Writer

T = TypeVar("T")

#: Seconds between two looks for rings of other processes and for retries whose time has come.
POLL_S = 0.2
#: Seconds between two signs of life and searches for the dead.
BEAT_S = 1.0
#: Seconds after its last sign of life until a process counts as dead and its rings are handed out again.
LEASE_S = 3.0
DRAIN_S = 20.0

logger = log.get(__name__)


class Shelf:
    """What was claimed of one queue, until it is taken."""

    def __init__(self) -> None:
        self.buffer: deque[Delivery] = deque()
        #: How many the readers want altogether.
        self.wanted = 0
        self.rung, self.filled = asyncio.Event(), asyncio.Event()
        self.closed = False

    async def until(self, number: int, seconds: float) -> None:
        """Wait until so many lie here, at most that long."""
        try:
            async with asyncio.timeout(seconds):
                while len(self.buffer) < number and not self.closed:
                    self.filled.clear()
                    await self.filled.wait()
        except TimeoutError:
            return


class LocalBroker:
    """A Broker in a SQLite file."""

    def __init__(self, path: Path, *, lease_s: float = LEASE_S) -> None:
        self._me = ledger.Holder(uuid.uuid4().hex, lease_s)
        self._writer = Writer("handleby-broker", lambda: ledger.connect(path))
        self._crew = Crew()
        self._shelves: dict[str, Shelf] = {}
        self._held: set[int] = set()
        #: Rings whose end could not be written; they are given back once the file works again.
        self._owed: list[int] = []
        self._settled = asyncio.Event()
        self._started = self._opened = self._closing = False
        self._error = "not open yet"

    async def open(self, queues: Sequence[str]) -> None:
        """Open the file and prove that it takes and gives; queues need no declaring. May be tried again."""
        canary = f"canary.{self._me.id}"
        try:
            if not self._started:
                self._started = True
                await self._writer.open()
            await self._do(ledger.publish([(canary, queue) for queue in queues], _now()))
            found = await self._do(ledger.claim(canary, len(queues), self._me, _now()))
            await self._do(ledger.ack([ring.id for ring in found], self._me))
        except StoreError as failure:
            raise BrokerDown(f"The broker's file cannot be used: {failure}") from failure
        if {ring.key for ring in found} != set(queues):
            raise BrokerDown("The broker's file did not give back what was put into it. Check the disk.")
        self._opened = True
        await self._crew.start()
        self._crew.spawn(self._look(), "broker poll")
        self._crew.spawn(self._live(), "broker lease")

    async def close(self) -> None:
        """Stop handing out, wait for what is in flight (up to 20 s), then close the file."""
        self._closing = True
        for shelf in self._shelves.values():
            shelf.closed = True
            shelf.filled.set()
        if self._opened:
            await self._drain()
            await self._crew.stop()
            await self._leave()
        await self._writer.close()

    async def publish(self, rings: Sequence[tuple[str, str]]) -> None:
        """Write all in one commit."""
        await self._do(ledger.publish(rings, _now()), lasting=True)
        for queue in {queue for queue, _ in rings}:
            self._ring(queue)

    async def take(self, queue: str, *, limit: int, wait_s: float, gather_s: float) -> list[Delivery]:
        """Wait for a first delivery, then gather a little."""
        if self._closing:
            return []
        shelf = self._shelf(queue)
        shelf.wanted += limit
        try:
            if len(shelf.buffer) < limit:
                shelf.rung.set()
            await shelf.until(1, wait_s)
            if shelf.buffer:
                await shelf.until(limit, gather_s)
        finally:
            shelf.wanted -= limit
        count = 0 if shelf.closed else min(limit, len(shelf.buffer))
        return [shelf.buffer.popleft() for _ in range(count)]

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Forget them; when the file cannot be written they come again."""
        await self._settle(deliveries, lambda ids: ledger.ack(ids, self._me))

    async def retry(self, deliveries: Sequence[Delivery], *, delay_s: float) -> None:
        """Let them wait again; park those handed out too often."""
        visible = _now() + int(delay_s * 1000)
        await self._settle(deliveries, lambda ids: ledger.retry(ids, self._me, visible))
        for queue in {delivery.queue for delivery in deliveries}:
            asyncio.get_running_loop().call_later(delay_s, self._ring, queue)

    async def park(self, deliveries: Sequence[Delivery], *, reason: str) -> None:
        """Move them to `parked`."""
        await self._settle(deliveries, lambda ids: ledger.park(ids, self._me, reason[:500], _now()))
        self._ring(PARKED)

    async def depth(self, queue: str) -> Depth:
        """Return what waits and what all processes hold."""
        now = _now()
        found = await self._do(ledger.count(queue, now))
        age = None if found.oldest is None else max(0.0, (now - found.oldest) / 1000)
        return Depth(ready=found.ready, in_flight=found.held, oldest_age_s=age)

    def trouble(self) -> str:
        """Return why the last use of the file failed."""
        return "closed" if self._closing else self._error

    # --- claiming: one task a queue, so that a cancelled take loses nothing that was claimed for it

    def _shelf(self, queue: str) -> Shelf:
        shelf = self._shelves.get(queue)
        if shelf is None:
            shelf = self._shelves[queue] = Shelf()
            self._crew.spawn(self._fill(queue, shelf), f"claims of {queue}")
        return shelf

    def _ring(self, queue: str) -> None:
        if (shelf := self._shelves.get(queue)) is not None and shelf.wanted:
            shelf.rung.set()

    async def _fill(self, queue: str, shelf: Shelf) -> None:
        while True:
            await shelf.rung.wait()
            shelf.rung.clear()
            want = shelf.wanted - len(shelf.buffer)
            if want <= 0 or self._closing:
                continue
            try:
                found = await self._do(ledger.claim(queue, want, self._me, _now()))
            except BrokerDown:
                await asyncio.sleep(BEAT_S)
                continue
            self._held.update(ring.id for ring in found)
            shelf.buffer.extend(_delivery(queue, ring) for ring in found)
            if found:
                shelf.filled.set()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            if not any(shelf.wanted > len(shelf.buffer) for shelf in self._shelves.values()):
                continue
            try:
                for queue in await self._do(ledger.ready(_now())):
                    self._ring(queue)
            except BrokerDown:
                logger.warning("broker file not usable", error=self._error)

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                if self._held or self._owed:
                    await self._do(ledger.beat(self._me, _now()))
                if self._owed:
                    await self._do(ledger.retry(self._owed, self._me, _now()))
                    self._owed.clear()
                if self._shelves:
                    await self._do(ledger.reap(self._me, _now()))
            except BrokerDown:
                continue

    # --- settling and closing

    async def _settle(
        self, deliveries: Sequence[Delivery], job: Callable[[Sequence[int]], Callable[[Connection], None]]
    ) -> None:
        ids = [int(delivery.tag) for delivery in deliveries]
        try:
            await self._do(job(ids))
        except BrokerDown:
            logger.warning("deliveries not settled; they will come again", count=len(ids))
            self._owed.extend(ids)
        finally:
            self._held.difference_update(ids)
            self._settled.set()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_S):
                while len(self._held) > sum(len(shelf.buffer) for shelf in self._shelves.values()):
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            logger.warning("not all work was done before the stop", left=len(self._held))

    async def _leave(self) -> None:
        unseen = [int(delivery.tag) for shelf in self._shelves.values() for delivery in shelf.buffer]
        try:
            await self._do(ledger.untake(unseen, self._me))
            await self._do(ledger.leave(self._me, _now()))
        except BrokerDown:
            logger.warning("deliveries not given back; they come again within seconds", count=len(self._held))

    async def _do(self, job: Callable[[Connection], T], *, lasting: bool = False) -> T:
        """Run a job; only what rings must last: who holds one, and that it is done, a power cut may undo."""
        try:
            value = await self._writer.run(job, lasting=lasting)
        except StoreError as failure:
            self._error = str(failure)
            raise BrokerDown(f"The broker's file cannot be used: {failure}") from failure
        self._error = ""
        return value


def _delivery(queue: str, ring: ledger.Ring) -> Delivery:
    return Delivery(queue=queue, key=ring.key, attempts=ring.handed - 1, tag=ring.id, reason=ring.reason)


def _now() -> int:
    return time.time_ns() // 1_000_000
