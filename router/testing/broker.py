"""The broker and the events in memory: the same contract, with faults a test can order."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from router.brokers.hints import LocalEvents
from router.brokers.policy import LIMIT, PARKED
from router.clock import SystemClock
from router.errors import BrokerDown
from router.ports import Delivery, Depth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from channels.port import Clock


class _Ring(Struct):
    id: int
    queue: str
    key: str
    published_at: datetime
    visible_at: datetime
    handed: int = 0
    reason: str = ""


class MemoryEvents(LocalEvents):
    """Events that stay in the process, as the embedded ones do."""


class MemoryBroker:
    """A Broker without disk or network, in the time of its clock.

    Faults: while `down` is a text, publishing raises BrokerDown with it. `lose` and `repeat` are
    how many of the next rings are confirmed but lost, or come twice. `crash` is what happens when
    the process that took deliveries dies.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._ids = itertools.count(1)
        self._ready: dict[str, deque[_Ring]] = {}
        self._taken: dict[int, _Ring] = {}
        self._change = asyncio.Event()
        self._closed = False
        self.down = ""
        self.lose = 0
        self.repeat = 0

    async def open(self, queues: Sequence[str]) -> None:
        """Start empty, or go on with what there is after a close; raises BrokerDown while `down`."""
        self._refuse_when_down()
        self._closed = False
        for queue in (PARKED, *queues):
            self._ready.setdefault(queue, deque())

    async def close(self) -> None:
        """Wait for what is in flight (up to 20 s), then hand nothing out any more."""
        self._closed = True
        self._notify()
        try:
            async with asyncio.timeout(20.0):
                while self._taken:
                    await self._change.wait()
        except TimeoutError:
            self.crash()

    async def publish(self, rings: Sequence[tuple[str, str]]) -> None:
        """Add the rings at the end of their queues."""
        self._refuse_when_down()
        for queue, key in rings:
            for _ in range(self._copies()):
                now = self._clock.now()
                self._put(_Ring(next(self._ids), queue, key, now, now))

    async def take(self, queue: str, *, limit: int, wait_s: float, gather_s: float) -> list[Delivery]:
        """Wait for a first delivery, then gather a little."""
        await self._until(queue, 1, wait_s)
        if self._visible(queue):
            await self._until(queue, limit, gather_s)
        rings = [] if self._closed else self._visible(queue)[:limit]
        for ring in rings:
            self._ready[queue].remove(ring)
            self._taken[ring.id] = ring
            ring.handed += 1
        return [
            Delivery(queue=queue, key=r.key, attempts=r.handed - 1, tag=r.id, reason=r.reason) for r in rings
        ]

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Forget them; those lost in a crash come again."""
        for delivery in deliveries:
            self._taken.pop(delivery.tag, None)
        self._notify()

    async def retry(self, deliveries: Sequence[Delivery], *, delay_s: float) -> None:
        """Let them wait again; park those handed out too often. A retry in `parked` does not count."""
        for ring in self._claimed(deliveries):
            ring.visible_at = self._clock.now() + timedelta(seconds=delay_s)
            ring.handed -= ring.queue == PARKED
            self._again(ring)

    async def park(self, deliveries: Sequence[Delivery], *, reason: str) -> None:
        """Move them to `parked`."""
        for ring in self._claimed(deliveries):
            self._park(ring, reason)

    async def depth(self, queue: str) -> Depth:
        """Return what waits and what is held."""
        visible = self._visible(queue)
        held = sum(ring.queue == queue for ring in self._taken.values())
        oldest = min((ring.published_at for ring in visible), default=None)
        age = None if oldest is None else (self._clock.now() - oldest).total_seconds()
        return Depth(ready=len(visible), in_flight=held, oldest_age_s=age)

    def trouble(self) -> str:
        """Return the fault that was ordered."""
        return self.down or ("closed" if self._closed else "")

    def crash(self) -> None:
        """Hand out again what was taken and not settled, as after the death of the process."""
        taken, self._taken = self._taken, {}
        for ring in taken.values():
            self._again(ring)

    def _refuse_when_down(self) -> None:
        if self.down:
            raise BrokerDown(self.down)

    def _copies(self) -> int:
        if self.lose:
            self.lose -= 1
            return 0
        if self.repeat:
            self.repeat -= 1
            return 2
        return 1

    def _claimed(self, deliveries: Sequence[Delivery]) -> list[_Ring]:
        found = (self._taken.pop(delivery.tag, None) for delivery in deliveries)
        return [ring for ring in found if ring is not None]

    def _again(self, ring: _Ring) -> None:
        if ring.handed > LIMIT and ring.queue != PARKED:
            self._park(ring, f"handed out {ring.handed} times without being acknowledged")
        else:
            self._put(ring)

    def _park(self, ring: _Ring, reason: str) -> None:
        now = self._clock.now()
        self._put(_Ring(next(self._ids), PARKED, ring.key, ring.published_at, now, reason=reason))

    def _put(self, ring: _Ring) -> None:
        self._ready.setdefault(ring.queue, deque()).append(ring)
        self._notify()

    def _visible(self, queue: str) -> list[_Ring]:
        now = self._clock.now()
        return [ring for ring in self._ready.get(queue, ()) if ring.visible_at <= now]

    def _notify(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def _until(self, queue: str, number: int, seconds: float) -> None:
        """Wait until so many are visible, by this broker's clock; a new ring or a due retry ends a nap."""
        end = self._clock.now() + timedelta(seconds=seconds)
        while len(self._visible(queue)) < number and not self._closed and self._clock.now() < end:
            now, change = self._clock.now(), self._change
            later = [ring.visible_at for ring in self._ready.get(queue, ()) if ring.visible_at > now]
            await self._nap((min([end, *later]) - now).total_seconds(), change)

    async def _nap(self, seconds: float, change: asyncio.Event) -> None:
        async def sleep() -> None:
            await self._clock.sleep(max(seconds, 0.001))

        async def heed() -> None:
            await change.wait()

        async with asyncio.TaskGroup() as group:
            naps = [group.create_task(sleep()), group.create_task(heed())]
            await asyncio.wait(naps, return_when=asyncio.FIRST_COMPLETED)
            for nap in naps:
                nap.cancel()
