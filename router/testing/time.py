"""Time and ids that a test decides: `ManualClock` moves only when told, `SequenceIds` counts."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

from router.clock import whole_ms
from router.ids import UNAMBIGUOUS

#: A Monday at nine: inside everybody's office hours in Europe.
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class ManualClock:
    """A clock that stands still until it is moved; sleepers wake in the order of their times."""

    def __init__(self, start: datetime = START) -> None:
        self._now = whole_ms(start.astimezone(UTC))
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far; for 0 only let others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        until = self._now + timedelta(seconds=seconds)
        heapq.heappush(self._sleepers, (until, next(self._order), woken))
        await woken

    @property
    def next_at(self) -> datetime | None:
        """When the next sleeper wants to wake; None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def set(self, at: datetime) -> None:
        """Move to the instant and wake who was due; the woken run at the next await."""
        self._now = max(self._now, whole_ms(at.astimezone(UTC)))
        while self._sleepers and self._sleepers[0][0] <= self._now:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)

    def move(self, seconds: float) -> None:
        """Move forward at one blow, as after a pause of the computer."""
        self.set(self._now + timedelta(seconds=seconds))

    async def advance(self, seconds: float) -> None:
        """Move forward sleeper by sleeper, letting each run before time goes on."""
        end = self._now + timedelta(seconds=seconds)
        while (at := self.next_at) is not None and at <= end:
            self.set(at)
            await settle()
        self.set(end)
        await settle()


async def settle(rounds: int = 20) -> None:
    """Let everything that can run now run; parts on threads or sockets need more than this."""
    for _ in range(rounds):
        await asyncio.sleep(0)


class SequenceIds:
    """Ids that count from 1, the same in every run."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._references = itertools.count(1)

    def new(self, prefix: str) -> str:
        """Return ids that count up: `prefix_000001`, then `prefix_000002`."""
        return f"{prefix}_{next(self._ids):06d}"

    def reference(self) -> str:
        """Return references that count up in the 32 unambiguous characters, from `HB-22223`."""
        number = next(self._references)
        digits = [UNAMBIGUOUS[number >> shift & 31] for shift in (20, 15, 10, 5, 0)]
        return "HB-" + "".join(digits)
