"""The times that a customer may choose for an answer: when somebody can give it, and later than was promised."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from router.conversation import Conversation, PromiseState
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


def promiser(house: House, one: Conversation) -> Person | None:
    """Return in whose name a time can be promised: whoever promised before, else the accountable person."""
    made = one.promise
    said = made.by if made is not None and made.state is PromiseState.MADE else ""
    return house.book.person(said) or house.book.person(one.accountable)


def times(house: House, one: Conversation, now: datetime) -> tuple[datetime, ...]:
    """Return the times to choose from, earliest first; none where nobody can promise one."""
    person = promiser(house, one)
    if person is None:
        return ()
    hours, earliest, window = house.book.calendar_of(person), _earliest(one, now), _window(house, one)
    found = (
        at
        for day, zone in _days(house, one, now)
        for clock in CLOCK
        if earliest < (at := _instant(day, clock, zone)) and _kept_in(hours, now, at)
    )
    return tuple(at for at in found if window is None or at <= window)[:OFFERED]


def tomorrow(house: House, one: Conversation, now: datetime) -> datetime | None:
    """Return by when "tomorrow is fine" wants the answer; None where that is no later than was promised.

    The end of the day, or of the open time before it, on the next day of the customer's on which whoever
    promises is there.
    """
    person = promiser(house, one)
    if person is None:
        return None
    hours, window = house.book.calendar_of(person), _window(house, one)
    for day, zone in _days(house, one, now):
        begins, ends = _instant(day, time(0), zone), _instant(day, CLOCK[-1], zone)
        last = hours.last_open(ends) if begins > now else None
        if last is None or last <= begins or not _kept_in(hours, max(now, begins), last):
            continue
        at = last.replace(minute=last.minute // 5 * 5, second=0, microsecond=0)
        return at if at > _earliest(one, now) and (window is None or at <= window) else None
    return None


def _days(house: House, one: Conversation, now: datetime) -> Iterator[tuple[date, ZoneInfo]]:
    """Yield the customer's days from today on."""
    zone = house.zone(wanted=one.zone, account=house.account(one.channel, one.account))
    today = now.astimezone(zone).date()
    for ahead in range(DAYS):
        yield today + timedelta(days=ahead), zone


def _kept_in(hours: Calendar, now: datetime, at: datetime) -> bool:
    """Tell whether the instant ends open time, or lies in it, with enough of it before."""
    return hours.is_open(at - timedelta(seconds=1)) and hours.between(now, at) >= ENOUGH_S


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
