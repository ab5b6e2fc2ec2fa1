"""Open intervals of a stretch of days, laid out so that counting open time is a binary search."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from rules.schedule import Schedule, instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """Return microseconds since 1970."""
    since = at - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def moment(micros: int) -> datetime:
    """Return the instant of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


class Span:
    """The open intervals from one local midnight to another; never changed once built. All times in µs."""

    __slots__ = ("after", "before", "ends", "first", "first_day", "last", "last_day", "starts")

    def __init__(self, schedule: Schedule, zone: ZoneInfo, first_day: date, last_day: date) -> None:
        """Expand the dates from `first_day` up to, not including, `last_day`."""
        self.first_day, self.last_day = first_day, last_day
        self.first = micros(instant(zone, first_day, 0))
        self.last = micros(instant(zone, last_day, 0))
        self.starts: list[int] = []
        self.ends: list[int] = []
        for days in range((last_day - first_day).days):
            day = first_day + timedelta(days=days)
            for begin, end in schedule.windows(day):
                self._append(micros(instant(zone, day, begin)), micros(instant(zone, day, end)))
        lengths = [end - start for start, end in zip(self.starts, self.ends, strict=True)]
        #: Open time up to the end, and up to the start, of each interval.
        self.after = list(accumulate(lengths))
        self.before = [done - length for done, length in zip(self.after, lengths, strict=True)]

    def _append(self, start: int, end: int) -> None:
        if self.ends and start <= self.ends[-1]:
            self.ends[-1] = max(end, self.ends[-1])
        elif start < end:
            self.starts.append(start)
            self.ends.append(end)

    def open_before(self, at: int) -> int:
        """Return the open time from the span's beginning to the instant."""
        i = bisect_right(self.starts, at) - 1
        return 0 if i < 0 else self.before[i] + min(at, self.ends[i]) - self.starts[i]

    def earliest(self, amount: int) -> int | None:
        """Return the first instant by which so much (above 0) was open; None when it lies beyond."""
        i = bisect_left(self.after, amount)
        return None if i == len(self.after) else self.starts[i] + amount - self.before[i]

    def latest(self, amount: int) -> int | None:
        """Return the last instant by which no more than this was open; None when it lies beyond."""
        i = bisect_right(self.before, amount) - 1
        return (
            None
            if i < 0 or amount < 0 or amount >= self.after[i]
            else self.starts[i] + amount - self.before[i]
        )

    def at_or_after(self, at: int) -> tuple[int, int] | None:
        """Return the first interval that ends after the instant."""
        i = bisect_right(self.ends, at)
        return None if i == len(self.ends) else (self.starts[i], self.ends[i])

    def at_or_before(self, at: int) -> tuple[int, int] | None:
        """Return the last interval that starts at or before the instant."""
        i = bisect_right(self.starts, at) - 1
        return None if i < 0 else (self.starts[i], self.ends[i])

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the open intervals between two instants, cut to fit."""
        i, j = bisect_right(self.ends, start), bisect_left(self.starts, end)
        return [(max(self.starts[k], start), min(self.ends[k], end)) for k in range(i, j)]
