"""How fast work drains: the people who are and will be on, step by step, less what overtakes meanwhile.

Instants are seconds since 1970 here, which keeps the steps cheap.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from math import ceil

from msgspec import Struct

from router.engine.pressure import Pressure
from rules.hours import Calendar

#: How far the plan reaches.
REACH = timedelta(days=28)
#: Whoever is here now tells about so many seconds from now; after that the plan holds.
TODAY_S = 12 * 3600.0
#: A surge of arrivals is taken to last so long (s).
SURGE_S = 5400.0
#: Overtaking work leaves at least this share of the people.
LEAST_SHARE = 0.1
_HOUR = 3600.0


class Drained(Struct, frozen=True, kw_only=True):
    """How long it takes until the work ahead is done."""

    open_s: float
    #: People on when it is done.
    people: float


class Plan:
    """How many people are on when, as far as the plan reaches; never changed once built."""

    def __init__(self, people: Sequence[tuple[Calendar, datetime | None]], now: datetime) -> None:
        """Lay out the hours of each person, from an instant on where they are away until then."""
        until = now + REACH
        #: Kept longer than an hour it would reach less far than it says.
        self.made = now.timestamp()
        steps: dict[float, int] = {}
        for (calendar, start), count in _alike(people).items():
            for piece in calendar.intervals(max(now, start or now), until):
                steps[piece.start.timestamp()] = steps.get(piece.start.timestamp(), 0) + count
                steps[piece.end.timestamp()] = steps.get(piece.end.timestamp(), 0) - count
        edges = sorted(steps)
        levels = list(accumulate(steps[edge] for edge in edges))
        open_ = [(a, b, k) for (a, b), k in zip(pairwise(edges), levels, strict=False) if k > 0]
        self.starts = [start for start, _, _ in open_]
        self.ends = [end for _, end, _ in open_]
        self.people = [float(count) for _, _, count in open_]
        #: Open seconds up to the end of each step.
        self.passed = list(accumulate(end - start for start, end, _ in open_))
        #: Nobody's hours end: there is no plan, only who happens to be here.
        self.unplanned = bool(open_) and self.passed[-1] >= (until - now).total_seconds() - 1.0

    def __bool__(self) -> bool:
        """Tell whether anybody is ever on."""
        return bool(self.starts)

    def is_open(self, at: float) -> bool:
        """Tell whether anybody is planned."""
        place = bisect_right(self.starts, at) - 1
        return place >= 0 and at < self.ends[place]

    def opens(self, at: float) -> float | None:
        """Return the first instant from this one on at which anybody is planned; None when there is none."""
        place = bisect_right(self.ends, at)
        return None if place == len(self.ends) else max(at, self.starts[place])

    def after(self, start: float, open_s: float) -> float:
        """Return the instant by which so much open time has passed."""
        place = bisect_right(self.ends, start)
        if place == len(self.ends):
            return start + open_s
        wanted = self.passed[place] - (self.ends[place] - max(start, self.starts[place])) + open_s
        place = max(place, bisect_left(self.passed, wanted - 1e-6))
        if place >= len(self.passed):
            return self.ends[-1] + wanted - self.passed[-1]
        return self.ends[place] - (self.passed[place] - wanted)

    def pieces(self, start: float, end: float) -> list[tuple[float, float]]:
        """Return the open time between two instants, adjoining steps as one."""
        found: list[tuple[float, float]] = []
        for place in range(bisect_right(self.ends, start), bisect_left(self.starts, end)):
            begin, until = max(start, self.starts[place]), min(end, self.ends[place])
            if found and begin <= found[-1][1]:
                found[-1] = (found[-1][0], until)
            else:
                found.append((begin, until))
        return found


class Staff(Struct, frozen=True):
    """Who does the work: the plan, and how today differs from it."""

    plan: Plan
    #: People here ÷ people planned, now.
    share: float = 1.0

    def drain(self, now: float, work_s: float, pressure: Pressure, key: tuple[int, float]) -> Drained:
        """Return how long the work takes, what overtakes it included.

        `key` is the priority's rank and the instant (s) before which work must be due to overtake.
        """
        plan, left, passed, at = self.plan, work_s, 0.0, now
        if left <= 0:
            return Drained(open_s=0.0, people=self._people(bisect_right(plan.ends, now), now, now))
        for place in range(bisect_right(plan.ends, now), len(plan.ends)):
            start, end = plan.starts[place], plan.ends[place]
            if start > at:
                left, at = left + pressure.arriving(at, start, key), start
            while at < end:
                edge = min(end, (at // _HOUR + 1) * _HOUR)
                people = self._people(place, at, now)
                speed = max(people - pressure.rate(at, key, surge=at - now < SURGE_S), LEAST_SHARE * people)
                if speed * (edge - at) >= left:
                    return Drained(open_s=passed + left / speed, people=people)
                left, passed, at = left - speed * (edge - at), passed + edge - at, edge
        return Drained(open_s=passed + left, people=1.0)

    def _people(self, place: int, at: float, now: float) -> float:
        plan = self.plan
        if place >= len(plan.people):
            return 1.0
        near = plan.unplanned or at - now < TODAY_S
        return plan.people[place] * (self.share if near else 1.0)


def _alike(people: Sequence[tuple[Calendar, datetime | None]]) -> dict[tuple[Calendar, datetime | None], int]:
    found: dict[tuple[Calendar, datetime | None], int] = {}
    for one in people:
        found[one] = found.get(one, 0) + 1
    return found


def open_seconds(calendars: Sequence[Calendar], start: datetime, end: datetime) -> float:
    """Return the seconds in which at least one of the calendars is open."""
    return staffed_seconds([(calendar, None) for calendar in calendars], start, end)


def staffed_seconds(
    people: Sequence[tuple[Calendar, datetime | None]], start: datetime, end: datetime
) -> float:
    """Return the seconds in which at least one is on, each by their hours, from an instant on where one is given."""
    if end <= start:
        return 0.0
    alike: list[tuple[Calendar, datetime]] = []
    for calendar, back in people:
        one = calendar, start if back is None else max(back, start)
        if one not in alike and one[1] < end:
            alike.append(one)
    if len(alike) == 1:
        return alike[0][0].between(alike[0][1], end)
    pieces = sorted(
        (piece.start.timestamp(), piece.end.timestamp())
        for calendar, first in alike
        for piece in calendar.intervals(first, end)
    )
    total, reached = 0.0, start.timestamp()
    for begin, until in pieces:
        total += max(0.0, until - max(begin, reached))
        reached = max(reached, until)
    return total


def instant(seconds: float) -> datetime:
    """Return the instant of seconds since 1970, to the next whole millisecond."""
    return _EPOCH + timedelta(milliseconds=ceil(seconds * 1000 - 1e-3))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
