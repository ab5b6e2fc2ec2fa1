"""The description of opening hours: weekdays, windows and dates as people write them."""

import re
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from rules.nodes import Mapping, Node, Scalar, describe
from rules.problems import Report
from rules.records import offering
from rules.schedule import DAY, Window
from rules.shape import INVALID, Many, Parsed, Shape

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_HINT = (
    "write mon, tue, wed, thu, fri, sat or sun, a range such as mon-fri, a list such as mon,wed, or daily"
)
_WINDOW = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})")
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})\s*\.\.\s*(\d{4}-\d{2}-\d{2})")


def days(text: str) -> tuple[int, ...]:
    """Return the weekdays (Monday is 0) of `mon-fri`, `sat`, `daily` or `mon,wed`; raises ValueError."""
    if text.strip().lower() == "daily":
        return tuple(range(7))
    found: list[int] = []
    for part in text.lower().split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        begin, end = _day(first, text), _day(last if dash else first, text)
        found += [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
    return tuple(found)


def window(text: str) -> Window:
    """Return minutes after midnight of `08:00-12:30`; the end may be 24:00, or on the next day."""
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'{text!r} is not an opening time; write it like "08:00-12:30" or "22:00-06:00"')
    hour, minute, end_hour, end_minute = map(int, found.groups())
    begin, end = hour * 60 + minute, end_hour * 60 + end_minute
    if max(minute, end_minute) > 59 or begin >= DAY or end > DAY:
        raise ValueError(f"{text!r} names a time that no clock shows; times go from 00:00 to 24:00")
    if begin == end:
        raise ValueError(f'{text!r} begins and ends at once; write "00:00-24:00" for the whole day')
    return begin, end if end > begin else end + DAY


def dates(text: str) -> tuple[date, ...]:
    """Return the dates of `2026-12-24` or `2026-12-24..2026-12-31`; raises ValueError."""
    if (several := _RANGE.fullmatch(text.strip())) is None:
        return (_date(text),)
    first, last = _date(several[1]), _date(several[2])
    if not 0 <= (last - first).days <= 366:
        raise ValueError(f"{text!r} must run forward, over a year at most")
    return tuple(first + timedelta(days=step) for step in range((last - first).days + 1))


def date_key(text: str) -> str:
    """Return a date as written; raises ValueError."""
    return _date(text).isoformat()


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write it like 2026-12-24") from None


def _day(word: str, whole: str) -> int:
    for names in (_DAYS, _FULL):
        if word in names:
            return names.index(word)
    raise ValueError(f"{whole!r} names no weekday; {_DAY_HINT}")


class Windows(Shape):
    """Opening times of one day: a window, a list of them, or `closed`."""

    def __init__(self) -> None:
        item = Parsed(
            "an opening time", window, pattern=_WINDOW.pattern, examples=["08:00-12:00", "22:00-06:00"]
        )
        self.many = Many(item, most=24)

    def read(self, node: Node, report: Report) -> Any:
        """Return the windows, in order; none for `closed`."""
        if isinstance(node, Scalar) and node.raw == "closed":
            return ()
        found = self.many.read(node, report)
        if found is INVALID:
            return INVALID
        ordered = tuple(sorted(found))
        if any(later[0] < earlier[1] for earlier, later in pairwise(ordered)):
            report.warn(node, "these opening times overlap; the time is counted once")
        return ordered

    def schema(self) -> dict[str, Any]:
        """Return a schema of windows or `closed`."""
        return {"anyOf": [{"const": "closed"}, *self.many.schema()["anyOf"]]}


class Week(Shape):
    """Opening times by weekday."""

    def __init__(self) -> None:
        self.windows = Windows()

    def read(self, node: Node, report: Report) -> Any:
        """Return seven tuples of windows, Monday first."""
        if not isinstance(node, Mapping):
            example = '{mon-fri: ["08:00-12:00", "12:30-16:00"]}'
            report.error(
                node, f"opening times by weekday are needed here, such as {example}, not {describe(node)}"
            )
            return INVALID
        week: list[tuple[Window, ...]] = [()] * 7
        given: dict[int, str] = {}
        for key, value in node.entries:
            windows = self.windows.read(value, report)
            for day in self._days(key, report):
                if day in given:
                    report.error(key, f"{_DAYS[day]} is in {given[day]!r} already; name every day once")
                given[day] = key.raw
                week[day] = () if windows is INVALID else windows
        return tuple(week)

    def schema(self) -> dict[str, Any]:
        """Return a schema that offers the common keys."""
        return offering(["mon-fri", "daily", *_DAYS], self.windows.schema())

    def _days(self, key: Scalar, report: Report) -> tuple[int, ...]:
        try:
            return days(key.raw)
        except ValueError as error:
            report.error(key, str(error))
            return ()
