"""The times that a customer may choose for an answer: when somebody can give it, and later than was promised."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from router.conversation import Agent, Conversation, PromiseState
from router.house import House
from rules.hours import Calendar
from rules.model import Person

#: Times of the day that are offered, on the customer's clock; the last one is the end of "tomorrow".
CLOCK = (time(10), time(14), time(17))
#: Days looked ahead, and most times offered.
DAYS = 10
OFFERED = 6
#: Open seconds that must lie before a time, so that it can be kept.
ENOUGH_S = 3600.0


def behind(house: House, one: Conversation) -> Person | None:
    """Return who stands behind the time: whoever promised it, else the accountable person."""
    return next(_behind(house, one), None)


def promiser(house: House, one: Conversation, now: datetime) -> Person | None:
    """Return in whose name a time can be promised: of those behind it somebody who is not away, else who is back first.

    Who has not agreed to notes there is not named; then it is whoever stands behind the queue's work, and has. None
    where they have left without saying until when: nothing is promised for them.
    """
    agreed = [person for person in _behind(house, one) if house.speaks(person.id, one.channel)]
    people = agreed or [person for person in _standing_in(house, one) if house.speaks(person.id, one.channel)]
    backs = [(back, rank, each) for rank, each in enumerate(people) if (back := _back(house, each, now))]
    return min(backs, key=lambda each: each[:2])[2] if backs else None


def times(house: House, one: Conversation, now: datetime) -> tuple[datetime, ...]:
    """Return the times to choose from, earliest first; none where nobody can promise one."""
    person = promiser(house, one, now)
    back = _back(house, person, now) if person is not None else None
    if person is None or back is None:
        return ()
    hours, earliest, window = house.book.calendar_of(person), _earliest(one, now), _window(house, one)
    found = (
        at
        for day, zone in _days(house, one, now)
        for clock in CLOCK
        if earliest < (at := _instant(day, clock, zone)) and _kept_in(hours, back, at)
    )
    return tuple(at for at in found if window is None or at <= window)[:OFFERED]


def tomorrow(house: House, one: Conversation, now: datetime) -> datetime | None:
    """Return by when "tomorrow is fine" wants the answer; None where that is no later than was promised.

    The end of the day, or of the open time before it, on the next day of the customer's on which whoever
    promises is there.
    """
    person = promiser(house, one, now)
    back = _back(house, person, now) if person is not None else None
    if person is None or back is None:
        return None
    hours, window = house.book.calendar_of(person), _window(house, one)
    for day, zone in _days(house, one, now):
        begins, ends = _instant(day, time(0), zone), _instant(day, CLOCK[-1], zone)
        last = hours.last_open(ends) if begins > now else None
        if last is None or last <= begins or not _kept_in(hours, max(back, begins), last):
            continue
        at = last.replace(minute=last.minute // 5 * 5, second=0, microsecond=0)
        return at if at > _earliest(one, now) and (window is None or at <= window) else None
    return None


def _behind(house: House, one: Conversation) -> Iterator[Person]:
    made = one.promise
    said = made.by if made is not None and made.state is PromiseState.MADE else ""
    for id_ in dict.fromkeys((said, one.accountable)):
        person = house.book.person(id_)
        if person is not None:
            yield person


def _standing_in(house: House, one: Conversation) -> Iterator[Person]:
    queue = house.book.queue(one.queue)
    for id_ in dict.fromkeys((*queue.duty, queue.lead)):
        person = house.book.person(id_)
        if person is not None:
            yield person


def _back(house: House, person: Person, now: datetime) -> datetime | None:
    """Return from when the person has not said to be away; None where they said no end."""
    agent = house.crew.get(person.id) or Agent(id=person.id)
    if agent.said != "away":
        return now
    return None if agent.said_until is None else max(now, agent.said_until)


def _days(house: House, one: Conversation, now: datetime) -> Iterator[tuple[date, ZoneInfo]]:
    """Yield the customer's days from today on."""
    zone = house.zone(wanted=one.zone, account=house.account(one.channel, one.account))
    today = now.astimezone(zone).date()
    for ahead in range(DAYS):
        yield today + timedelta(days=ahead), zone


def _kept_in(hours: Calendar, since: datetime, at: datetime) -> bool:
    """Tell whether the instant ends open time, or lies in it, with enough of it before."""
    return since < at and hours.is_open(at - timedelta(seconds=1)) and hours.between(since, at) >= ENOUGH_S


def _earliest(one: Conversation, now: datetime) -> datetime:
    """Return what a time must come after: an earlier one than was promised cannot be promised."""
    made = one.promise
    return max(now, made.at) if made is not None and made.state is PromiseState.MADE else now


def _window(house: House, one: Conversation) -> datetime | None:
    """Return until when the provider takes an answer; None = always."""
    account = house.account(one.channel, one.account)
    if one.reply_until is not None or not account.reply_window_s or one.waiting_since is None:
        return one.reply_until
    return one.waiting_since + timedelta(seconds=account.reply_window_s)


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
