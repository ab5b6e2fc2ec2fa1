"""Which wall-clock windows are open on a date, and the instants they stand for."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from rules.closures import holidays_of

#: Minutes after midnight, from and to; `to` is above 1440 when the window ends on the next day.
Window: TypeAlias = tuple[int, int]
DAY = 1440


class Schedule(Struct, frozen=True, kw_only=True):
    """Opening times by weekday and the dates on which they do not hold."""

    #: Monday first.
    week: tuple[tuple[Window, ...], ...]
    #: Country or region codes.
    holidays: tuple[str, ...] = ()
    closed: frozenset[date] = frozenset()
    #: Open on these dates whatever the weekday or holiday.
    also_open: Mapping[date, tuple[Window, ...]] = {}
    #: The person whose hours these are is on leave, from midnight to midnight, whatever else is open.
    leave: frozenset[date] = frozenset()

    def windows(self, day: date) -> list[Window]:
        """Return what is open on the date, within 0 and 1440, in order, merged.

        A window past midnight belongs to the day on which it begins. A closed date is closed from
        midnight to midnight, which cuts off a night shift that runs into it.
        """
        eve = day - timedelta(days=1)
        if day in self.leave:
            return []
        found = [*_heads(self._also(day)), *_tails(self._also(eve))]
        if not self.why_closed(day):
            found += _heads(self.week[day.weekday()])
            if not self.why_closed(eve):
                found += _tails(self.week[eve.weekday()])
        return _merged(found)

    def why_closed(self, day: date) -> str:
        """Return why the weekly windows do not hold on the date: leave, a holiday's name; "" when they hold."""
        if day in self.leave:
            return "on leave"
        if day in self.closed:
            return "closed in the rules"
        return next((name for code in self.holidays if (name := holidays_of(code, day.year).get(day))), "")

    def _also(self, day: date) -> tuple[Window, ...]:
        """Return what is open besides the week on a date; nobody begins a shift on a day of leave."""
        return () if day in self.leave else self.also_open.get(day, ())


#: The week of somebody who is there day and night.
WHOLE_WEEK: tuple[tuple[Window, ...], ...] = (((0, DAY),),) * 7


def instant(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """Return the first UTC instant at which local clocks show this time of the date, or a later one.

    So 02:30 is the end of the gap when clocks go forward over it, and the earlier of the two when
    they go back: windows that touch on the wall touch in time, and none is counted twice.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    local = wall.replace(tzinfo=zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    return _gap_end(zone, local.replace(fold=1).astimezone(UTC), found)


def _gap_end(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Find the instant at which the offset changes, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle <= before:
            break
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == old else (before, middle)
    return after


def _heads(windows: tuple[Window, ...]) -> Iterator[Window]:
    return ((begin, min(end, DAY)) for begin, end in windows)


def _tails(windows: tuple[Window, ...]) -> Iterator[Window]:
    return ((0, end - DAY) for _, end in windows if end > DAY)


def _merged(windows: list[Window]) -> list[Window]:
    merged: list[Window] = []
    for begin, end in sorted(windows):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
