"""Publishing to RabbitMQ: one channel for each destination, everything in flight at once, confirmed.

A queue without a leader swallows a publish for ever and wedges the channel that it came by. So no
two destinations share a channel; a channel on which a publish went unanswered is thrown away; and
a destination that did not answer is *suspect*: publishing there fails at once, so that nobody who
waits for us waits five seconds each time, until a probe in the background found it well.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from router import log
from router.brokers.rabbit.link import Link
from router.brokers.rabbit.values import Gone, NotTaken, Parcel, Silent, Unroutable, WireError
from router.brokers.rabbit.wire import Line

#: Seconds until a publish without confirm counts as unknown.
CONFIRM_S = 5.0
#: Publishes in flight at once on one channel.
AT_ONCE = 500
#: Seconds between probes of a suspect destination, growing while it stays ill.
PROBE_EVERY_S, PROBE_MOST_S = 1.0, 10.0

logger = log.get(__name__)


class Publisher:
    """Publishes parcels; knows which destinations cannot be trusted now."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lines: dict[str, Line] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._discarded: list[Line] = []
        #: Why nothing at all is published now, though there is a connection.
        self.error = ""
        #: Why a destination is not published to now.
        self.suspects: dict[str, str] = {}

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

    async def watch(self, mend: Callable[[str], Awaitable[None]]) -> None:
        """Probe suspect destinations with `mend`, which raises WireError while they are ill, for ever."""
        pause = PROBE_EVERY_S
        while True:
            await asyncio.sleep(pause)
            await self._check()
            while self._discarded:
                await self._discarded.pop().close()
            ill = [where for where in self.suspects if self._link.wire is not None]
            await asyncio.gather(*(self._probe(where, mend) for where in ill))
            pause = min(pause * 1.5, PROBE_MOST_S) if self.suspects else PROBE_EVERY_S

    async def _probe(self, where: str, mend: Callable[[str], Awaitable[None]]) -> None:
        try:
            await mend(where)
        except WireError as failure:
            self.suspects[where] = str(failure)
        else:
            logger.info("queue is well again", queue=where)
            self.suspects.pop(where, None)

    async def _publish(self, where: str, parcels: Sequence[Parcel]) -> list[WireError | None]:
        if where in self.suspects:
            return [NotTaken(self.suspects[where])] * len(parcels)
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
        """Suspect a destination that did not answer or does not exist."""
        for outcome in outcomes:
            if isinstance(outcome, (Silent, Unroutable)):
                logger.warning("queue does not take messages", queue=where, error=str(outcome))
                self.suspects[where] = str(outcome)
                if (line := self._lines.pop(where, None)) is not None:
                    self._discarded.append(line)
                return
