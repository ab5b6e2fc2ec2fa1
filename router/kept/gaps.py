"""Hours of a week in which nobody is on for a queue, or too few for the work that usually comes then."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from router.kept.expected import Usual
from rules.evaluate import Rulebook
from rules.model import Queue

#: An hour counts as staffed by whoever is on for at least so much of it.
HALF_S = 1800.0
#: Outside named hours fewer arrivals than this an hour need nobody.
LEAST = 1.0


class Gap(Struct, frozen=True, kw_only=True):
    """A stretch of hours on one day in which work is expected and too few people are on."""

    queue: str
    start: datetime
    end: datetime
    #: Most who are on in any of its hours, and who would be needed in the worst.
    people: int
    needed: int
    #: Messages expected in it.
    messages: float


def gaps(book: Rulebook, monday: date, zone: ZoneInfo, messages: Usual, seconds: Usual) -> list[Gap]:
    """Return the gaps of the week that begins then, in order.

    `messages` and `seconds`: arrivals, and the seconds of work they bring, by queue and hour of the week.
    """
    days = [monday + timedelta(days=n) for n in range(7)]
    found = [
        gap
        for queue in book.queues.values()
        for day in days
        for gap in _joined(_hours(book, queue, day, zone, (messages, seconds)))
    ]
    return sorted(found, key=lambda one: (one.start, one.queue))


def _hours(
    book: Rulebook, queue: Queue, day: date, zone: ZoneInfo, usual: tuple[Usual, Usual]
) -> Iterator[Gap]:
    """Yield a gap for each hour of the day that has one."""
    people = [person for person in book.people.values() if queue.id in person.queues]
    messages, seconds = (each.get(queue.id, {}) for each in usual)
    for start, end in _clock_hours(day, zone):
        place = day.weekday(), start.astimezone(zone).hour
        come = messages.get(place, 0.0)
        if not _wanted(book, queue, (start, end), come, staffed=bool(people)):
            continue
        on = sum(book.calendar_of(person).between(start, end) >= HALF_S for person in people)
        needed = max(1, -int(-seconds.get(place, 0.0) // 3600))
        if on < needed:
            yield Gap(queue=queue.id, start=start, end=end, people=on, needed=needed, messages=come)


def _clock_hours(day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield the hours that pass on a day: 23 or 25 where the clocks change."""
    start, end = (
        datetime.combine(each, datetime.min.time(), zone).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    )
    while start < end:
        yield start, min(start + timedelta(hours=1), end)
        start += timedelta(hours=1)


def _wanted(
    book: Rulebook, queue: Queue, hour: tuple[datetime, datetime], come: float, *, staffed: bool
) -> bool:
    """Tell whether somebody should be on: in the queue's named hours always, else where work usually comes."""
    if queue.hours and queue.hours != "always":
        open_s = book.calendar(queue.hours).between(*hour)
        return open_s >= HALF_S and (staffed or come >= LEAST)
    return come >= LEAST


def _joined(found: Iterator[Gap]) -> list[Gap]:
    """Join hours that follow each other and are alike: nobody on, or too few."""
    joined: list[Gap] = []
    for gap in found:
        last = joined[-1] if joined else None
        if last is not None and last.end == gap.start and bool(last.people) == bool(gap.people):
            joined[-1] = replace(
                last,
                end=gap.end,
                people=max(last.people, gap.people),
                needed=max(last.needed, gap.needed),
                messages=last.messages + gap.messages,
            )
        else:
            joined.append(gap)
    return joined
