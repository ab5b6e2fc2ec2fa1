"""Times people say: the steps in which a wall clock is named, finer the nearer the time is."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rules.hours import Calendar

#: No promise is nearer than this: the note has to arrive and be read first.
SOONEST = timedelta(seconds=60)
#: What people say: (horizon above, horizon up to, minutes).
BANDS = (
    (timedelta(0), timedelta(minutes=5), 1),
    (timedelta(minutes=5), timedelta(minutes=30), 5),
    (timedelta(minutes=30), timedelta(minutes=120), 15),
    (timedelta(minutes=120), timedelta(minutes=480), 30),
    (timedelta(minutes=480), timedelta(days=36500), 60),
)
_TICK = timedelta(milliseconds=1)


def grid(horizon: timedelta) -> int:
    """Return the step in minutes in which people name a time that far ahead."""
    return next((minutes for _, upto, minutes in BANDS if horizon <= upto), BANDS[-1][2])


class Dial:
    """The wall clock on which a time is said, seen from now."""

    def __init__(self, now: datetime, zone: ZoneInfo, least: int = 1) -> None:
        """Take the clock, and the smallest step (minutes) in which times are said on it."""
        self.now, self.zone, self.least = now, zone, least

    def before(self, at: datetime) -> datetime | None:
        """Return the last time people say up to `at`, None when there is none after now."""
        for above, upto, minutes in reversed(BANDS):
            lowest = self.now + above
            found = self.floor(min(at, self.now + upto), minutes)
            while found > lowest and not self._plain(found, minutes):
                found = self.floor(found - _TICK, minutes)
            if found > lowest:
                return found
        return None

    def after(self, at: datetime) -> datetime:
        """Return the first time people say from `at` on."""
        return next(self._later(at))

    def up(self, at: datetime, hours: Calendar, limit: datetime | None) -> datetime:
        """Return the first time people say from `at` on; a finer step where that keeps it within the limit.

        The end of somebody's hours counts as a time people say, so this never leaves the hours. Grows
        with `at`: a step is finer only where no coarser one lies between `at` and the limit.
        """
        found = self._within(hours, at, self.after(at))
        if limit is None or found <= limit or at > limit:
            return found
        for _, _, minutes in reversed(BANDS):
            finer = self._within(hours, at, self.ceil(at, minutes))
            if finer <= limit and not finer.astimezone(self.zone).fold:
                return finer
        return found

    def floor(self, at: datetime, minutes: int) -> datetime:
        """Return the step of the wall clock at or before `at`."""
        local = at.astimezone(self.zone)
        past = timedelta(minutes=local.minute % minutes, seconds=local.second, microseconds=local.microsecond)
        return at - past

    def ceil(self, at: datetime, minutes: int) -> datetime:
        """Return the step of the wall clock at or after `at`."""
        down = self.floor(at, minutes)
        return at if down == at else down + timedelta(minutes=minutes)

    def _within(self, hours: Calendar, at: datetime, up: datetime) -> datetime:
        if not hours.is_open(at) or hours.between(at, up) >= (up - at).total_seconds() - 0.001:
            return up
        return hours.intervals(at, up)[0].end

    def _later(self, at: datetime) -> Iterator[datetime]:
        """Yield the first fitting time of each band from `at` on."""
        for above, upto, minutes in BANDS:
            step, highest = max(minutes, self.least), self.now + upto
            if at > highest:
                continue
            found = self.ceil(max(at, self.now + above + _TICK), step)
            while found <= highest and not self._plain(found, step):
                found = self.ceil(found + _TICK, step)
            if found <= highest:
                yield found

    def _plain(self, at: datetime, minutes: int) -> bool:
        """Tell whether the wall clock shows `at` on the grid, and for the first time that day."""
        local = at.astimezone(self.zone)
        return local.minute % minutes == 0 and not local.fold
