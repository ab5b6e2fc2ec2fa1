"""How much work usually comes at an hour of the week, from what was counted: for surges and for next week's gaps."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from router.kept.figures import HOURS, Day

#: So many weeks back an hour of the week is looked at.
WEEKS = 4
#: What came in one week alone is not yet usual: it counts as if another, empty one stood beside it.
FEWEST = 2
#: Fewer arrivals than this are no surge, whatever is usual.
SURGE_LEAST = 10

#: Arrivals by queue, then by (day of the week, hour); Monday is 0.
Usual = Mapping[str, Mapping[tuple[int, int], float]]


def usual(
    days: Sequence[Day], weight: Callable[[str], float] = lambda _: 1.0, until: date | None = None
) -> Usual:
    """Return the mean arrivals of each queue in each hour of the week over the days given.

    With `until`, every day from the first on which something came up to then, that one left out, counts, be it
    with nothing; without, only days on which something came. `weight`: how much an arrival on a channel counts;
    seconds of work give the work that comes.
    """
    totals: dict[str, dict[tuple[int, int], float]] = {}
    seen: dict[int, int] = {}
    for day in days:
        if not day.arrivals:
            continue
        weekday = date.fromisoformat(day.day).weekday()
        seen[weekday] = seen.get(weekday, 0) + 1
        for one in day.arrivals:
            mine = totals.setdefault(one.queue, {})
            for hour, count in enumerate(one.hours):
                mine[weekday, hour] = mine.get((weekday, hour), 0.0) + count * weight(one.channel)
    if until is not None and seen:
        seen = _passed(min(date.fromisoformat(day.day) for day in days if day.arrivals), until)
    return {
        queue: {place: total / seen[place[0]] for place, total in mine.items()}
        for queue, mine in totals.items()
    }


def _passed(first: date, until: date) -> dict[int, int]:
    """Return how often each day of the week came in this span, never fewer than `FEWEST` times."""
    span = Counter((first + timedelta(days=n)).weekday() for n in range((until - first).days))
    return {weekday: max(FEWEST, span[weekday]) for weekday in range(7)}


def weeks_before(day: date) -> list[str]:
    """Return the ISO dates of the same day of the week in the weeks before."""
    return [(day - timedelta(weeks=back)).isoformat() for back in range(1, WEEKS + 1)]


def surge(
    now: Sequence[Day], before: Sequence[Day], queue: str, span: tuple[datetime, datetime], zone: ZoneInfo
) -> float:
    """Return arrivals in the span ÷ what is usual then; 0 when there were few, or nothing is known to compare.

    `now`: the days of the span; `before`: the same days of the weeks before.
    """
    came = _over(usual(now), queue, hours_of(span, zone))
    normal = _over(usual(before), queue, hours_of(span, zone))
    return came / normal if came >= SURGE_LEAST and normal > 0 else 0.0


def hours_of(span: tuple[datetime, datetime], zone: ZoneInfo) -> list[tuple[int, int]]:
    """Return the hours of the week that a span of at most a week touches."""
    start = span[0].astimezone(zone).replace(minute=0, second=0, microsecond=0)
    count = min(7 * HOURS, int((span[1] - start) / timedelta(hours=1)) + 1)
    found = ((start + timedelta(hours=n)) for n in range(max(1, count)))
    return list(dict.fromkeys((one.weekday(), one.hour) for one in found))


def _over(known: Usual, queue: str, hours: Iterable[tuple[int, int]]) -> float:
    mine = known.get(queue, {})
    return sum(mine.get(place, 0.0) for place in hours)
