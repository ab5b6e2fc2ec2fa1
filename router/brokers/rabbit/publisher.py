"""Publishing to RabbitMQ: one channel for each destination, everything in flight at once, confirmed.

A queue without a leader swallows a publish for ever and wedges the channel that it came by. So no
two destinations share a channel, a channel on which a publish went unanswered is thrown away, and
the doctor is told.
"""

import asyncio
from collections.abc import Sequence

from router import log
from router.brokers.rabbit.doctor import Doctor
from router.brokers.rabbit.link import Link
from router.brokers.rabbit.values import Gone, NotTaken, Parcel, Silent, WireError
from router.brokers.rabbit.wire import Line

#: Seconds until a publish without confirm counts as unknown.
CONFIRM_S = 5.0
#: Publishes in flight at once on one channel.
AT_ONCE = 500
CHECK_EVERY_S = 1.0

logger = log.get(__name__)


class Publisher:
    """Publishes parcels, not where the doctor doubts."""

    def __init__(self, link: Link, doctor: Doctor) -> None:
        self._link, self._doctor = link, doctor
        self._lines: dict[str, Line] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._discarded: list[Line] = []
        #: Why nothing at all is published now, though there is a connection.
        self.error = ""

    async def publish(self, parcels: Sequence[Parcel]) -> list[WireError | None]:
        """Publish each; returns in the same order None once confirmed, else what happened."""
        places: dict[str, list[int]] = {}
        for place, parcel in enumerate(parcels):
            places.setdefault(parcel.exchange or parcel.queue, []).append(place)
        outcomes: list[WireError | None] = [None] * len(parcels)
        work = [self._publish(where, [parcels[n] for n in numbers]) for where, numbers in places.items()]
        for numbers, results in zip(places.values(), await asyncio.gather(*work), strict=True):
            for number, result in zip(numbers, results, strict=True):
                outcomes[number] = result
        return outcomes

    async def watch(self) -> None:
        """Look whether the broker takes anything at all, and close what was discarded, for ever."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            await self._check()
            while self._discarded:
                await self._discarded.pop().close()

    async def _publish(self, where: str, parcels: Sequence[Parcel]) -> list[WireError | None]:
        if reason := self._doctor.doubts.get(where):
            return [NotTaken(reason)] * len(parcels)
        outcomes: list[WireError | None] = []
        reason = "not tried, as others before it failed"
        try:
            line = await self._line(where)
        except Gone as loss:
            return [NotTaken(str(loss))] * len(parcels)
        for start in range(0, len(parcels), AT_ONCE):
            outcomes += await line.publish(parcels[start : start + AT_ONCE], CONFIRM_S)
            if isinstance(outcomes[-1], Gone):
                break
        self._judge(where, outcomes)
        return [*outcomes, *[NotTaken(reason)] * (len(parcels) - len(outcomes))]

    async def _line(self, where: str) -> Line:
        async with self._locks.setdefault(where, asyncio.Lock()):
            line = self._lines.get(where)
            if line is None or not line.alive:
                wire = self._link.now()
                line = self._lines[where] = await wire.line()
            await self._check()
            if self.error:
                raise Gone(self.error)
            return line

    async def _check(self) -> None:
        wire = self._link.wire
        blocked = wire is not None and await wire.blocked()
        self.error = "it is out of memory or disk and takes nothing" if blocked else ""

    def _judge(self, where: str, outcomes: Sequence[WireError | None]) -> None:
        """Doubt a destination that did not answer or does not exist."""
        for outcome in outcomes:
            if isinstance(outcome, (Silent, NotTaken)):
                self._doctor.doubt(where, str(outcome))
                if (line := self._lines.pop(where, None)) is not None:
                    self._discarded.append(line)
                return
