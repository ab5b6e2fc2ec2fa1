"""Opening hours: counting open time forwards and backwards on UTC instants."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from rules.schedule import WHOLE_WEEK, Schedule
from rules.spans import Span, micros, moment

#: Days expanded around an instant asked for, and how many one span may grow to.
_BACK, _AHEAD, _LONGEST = 32, 96, 4000
#: A calendar that opens at no time within so many days is taken never to open.
SHUT_DAYS = 400
_SHUT = SHUT_DAYS * 86_400_000_000


class Interval(Struct, frozen=True, kw_only=True):
    """A stretch of open time."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """When somebody is there. An interval includes its opening and excludes its closing instant.

    On open time `add` and `subtract` undo each other: `subtract(add(t, s), s) == t` for open t, and
    `add(subtract(t, s), s) == t` for t inside or at the end of open time. Where no open time is left
    within years, both count on the wall clock, so that work always has a time. Safe to share
    between threads.
    """

    name: str
    zone: ZoneInfo
    #: None = always open.
    schedule: Schedule | None = None
    _spans: list[Span] = field(default_factory=list, init=False, repr=False)

    def is_open(self, at: datetime) -> bool:
        """Tell whether the instant is inside open time."""
        if self.schedule is None:
            return True
        found = self._around(at).at_or_before(us := micros(at))
        return found is not None and us < found[1]

    def add(self, start: datetime, seconds: float) -> datetime:
        """Return the earliest instant by which so much open time has passed since the start."""
        if self.schedule is None or seconds == 0:
            return start + _whole(seconds)
        if seconds < 0:
            return self.subtract(start, -seconds)
        us, amount = micros(start), _micros_of(seconds)
        span = self._around(start)
        while (found := span.earliest(span.open_before(us) + amount)) is None:
            if (grown := self._ahead(span, start)) is None:
                return start + _whole(seconds)
            span = grown
        return moment(found)

    def subtract(self, end: datetime, seconds: float) -> datetime:
        """Return the latest instant from which so much open time passes until the end."""
        if self.schedule is None or seconds == 0:
            return end - _whole(seconds)
        if seconds < 0:
            return self.add(end, -seconds)
        us, amount = micros(end), _micros_of(seconds)
        span = self._around(end)
        while (found := span.latest(span.open_before(us) - amount)) is None:
            if (grown := self._back(span, end)) is None:
                return end - _whole(seconds)
            span = grown
        return moment(found)

    def between(self, start: datetime, end: datetime) -> float:
        """Return the open seconds between two instants; 0 when the end is not after the start.

        Of a stretch longer than ten years only the last ten count.
        """
        if end <= start:
            return 0.0
        if self.schedule is None:
            return (end - start).total_seconds()
        span = self._over(start, end)
        return (span.open_before(micros(end)) - span.open_before(micros(start))) / 1e6

    def intervals(self, start: datetime, end: datetime) -> list[Interval]:
        """Return the open time between two instants piece by piece: what was counted, for explanations."""
        if end <= start:
            return []
        if self.schedule is None:
            return [Interval(start=start, end=end)]
        pieces = self._over(start, end).within(micros(start), micros(end))
        return [Interval(start=moment(begin), end=moment(until)) for begin, until in pieces]

    def next_open(self, at: datetime) -> datetime | None:
        """Return the first open instant at or after this one; None when there is none in sight."""
        if self.schedule is None:
            return at
        us, span = micros(at), self._around(at)
        while (found := span.at_or_after(us)) is None and span.last - us <= _SHUT:
            if (grown := self._ahead(span, at)) is None:
                return None
            span = grown
        if found is None or found[0] - us > _SHUT:
            return None
        return at if found[0] <= us else moment(found[0])

    def last_open(self, at: datetime) -> datetime | None:
        """Return the last open instant at or before this one, a closing time included; None without any."""
        if self.schedule is None:
            return at
        us, span = micros(at), self._around(at)
        while (found := span.at_or_before(us)) is None and us - span.first <= _SHUT:
            if (grown := self._back(span, at)) is None:
                return None
            span = grown
        if found is None or us - found[1] > _SHUT:
            return None
        return at if us <= found[1] else moment(found[1])

    def without(self, leave: frozenset[date]) -> "Calendar":
        """Return these hours as they are for somebody who is on leave on some of the dates."""
        schedule = self.schedule or Schedule(week=WHOLE_WEEK)
        return Calendar(name=self.name, zone=self.zone, schedule=structs.replace(schedule, leave=leave))

    def why_closed(self, day: date) -> str:
        """Return the leave, holiday or other closure of a local date; "" when the weekly hours hold."""
        return "" if self.schedule is None else self.schedule.why_closed(day)

    def _around(self, at: datetime) -> Span:
        """Return a span that holds the instant, one that is there if possible."""
        us = micros(at)
        for span in self._spans:
            if span.first <= us < span.last:
                return span
        day = at.astimezone(self.zone).date()
        return self._keep(_reach(day, -_BACK), _reach(day, _AHEAD))

    def _ahead(self, span: Span, at: datetime) -> Span | None:
        """Return a span that reaches twice as far beyond the instant; None when it reaches far enough."""
        day = at.astimezone(self.zone).date()
        last = _reach(day, min(max(2 * (span.last_day - day).days, _AHEAD), _LONGEST))
        return None if last <= span.last_day else self._keep(_reach(day, -1), last)

    def _back(self, span: Span, at: datetime) -> Span | None:
        """Return a span that reaches twice as far back from the instant; None when it reaches far enough."""
        day = at.astimezone(self.zone).date()
        first = _reach(day, -min(max(2 * (day - span.first_day).days, _BACK), _LONGEST))
        return None if first >= span.first_day else self._keep(first, _reach(day, 2))

    def _over(self, start: datetime, end: datetime) -> Span:
        """Return a span that holds both instants, or as much before the end as counts."""
        span = self._around(end)
        if span.first <= micros(start):
            return span
        earliest = _reach(end.astimezone(self.zone).date(), -_LONGEST)
        first = max(start.astimezone(self.zone).date(), earliest)
        return self._keep(first, span.last_day)

    def _keep(self, first: date, last: date) -> Span:
        assert self.schedule is not None  # noqa: S101  # always-open calendars need no span
        span = Span(self.schedule, self.zone, first, last)
        self._spans[:] = [span, *self._spans[:2]]
        return span


#: Open day and night.
ALWAYS = Calendar(name="always", zone=ZoneInfo("UTC"))


def _whole(seconds: float) -> timedelta:
    return timedelta(milliseconds=round(seconds * 1000))


def _micros_of(seconds: float) -> int:
    return round(seconds * 1000) * 1000


def _reach(day: date, days: int) -> date:
    """Return the date so many days on, within what dates can say."""
    least, most = date(2, 1, 1).toordinal(), date(9998, 12, 1).toordinal()
    return date.fromordinal(min(max(day.toordinal() + days, least), most))
