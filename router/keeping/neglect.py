"""Says from the second day on that a customer is still without an answer: once a day, to whoever must know."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from router import steps
from router.conversation import PRIORITY_RANK, Agent, Conversation, Event, Status
from router.house import House
from router.journal import event
from router.steps.waits import UNHEARD
from rules.called import safe_name

WAITED = "has waited"


def neglected(
    house: House, one: Conversation, _: Mapping[str, Agent], now: datetime
) -> tuple[Conversation, list[Event]]:
    """Flag a wait that has lasted a day, and each further day; the customer counts nights and Sundays too.

    On its second day the work comes before other work of its priority. A time that the customer
    asked for themselves is not counted, and what is held for review or answered already only goes on.
    """
    at, since = one.neglect_at, one.waiting_since
    if at is None or at > now:
        return one, []
    if since is None:
        return replace(one, neglect_at=None), []
    agreed = _agreed(one)
    if agreed is not None and agreed > now:
        return replace(one, neglect_at=agreed), []
    on = replace(one, neglect_at=at + UNHEARD * ((now - at) // UNHEARD + 1))
    if one.status in {Status.HELD, Status.MERGED} or steps.answer_on_its_way(one):
        return on, []
    days = max(1, (now - since).days)
    line = event(
        one, now, "neglected", agent=one.accountable, subject=one.waiting_on, days=days, lead=lead(house, one)
    )
    return _told(house, replace(_raised(on), alerted=True), days), [line]


def _agreed(one: Conversation) -> datetime | None:
    """Return until when the customer said that they can wait."""
    wanted = one.wish.wanted_at if one.wish is not None else None
    return max((at for at in (one.not_before, wanted) if at is not None), default=None)


def _raised(one: Conversation) -> Conversation:
    """Return it one priority above what the rules gave it, urgent alone left to the rules."""
    rank = PRIORITY_RANK.get(one.decision.priority if one.decision is not None else one.priority, 2)
    above = next(name for name, place in PRIORITY_RANK.items() if place == max(rank - 1, 1))
    return replace(one, priority=min(one.priority, above, key=lambda name: PRIORITY_RANK.get(name, 2)))


def _told(house: House, one: Conversation, days: int) -> Conversation:
    """Return it with the warning of the day in the place of the day before's."""
    who = safe_name(one.contact.name) or "This customer"
    long = "since yesterday" if days == 1 else f"for {days} days"
    begun = since(house, one)
    rest = tuple(flag for flag in one.flags if not (WAITED in flag and begun in flag))
    text = (
        f"{addressed(house, one)}{who} {WAITED} {long} without an answer ({begun}). Please see to it today."
    )
    return steps.flag(replace(one, flags=rest), text)


def since(house: House, one: Conversation) -> str:
    """Return when the running wait began, for people: `since Monday 23 November 12:00`."""
    zone = house.zone(wanted="", account=house.account(one.channel, one.account))
    begun = (one.waiting_since or one.updated_at).astimezone(zone)
    return f"since {begun:%A} {begun.day} {begun:%B %H:%M}"


def lead(house: House, one: Conversation) -> str:
    """Return the id of the queue's lead; "" when it has none."""
    return house.book.queue(one.queue).lead


def addressed(house: House, one: Conversation) -> str:
    """Return how a warning begins that is the accountable person's and the lead's: with their names."""
    people = (house.book.person(id_) for id_ in dict.fromkeys((one.accountable, lead(house, one))))
    names = [person.name for person in people if person is not None]
    return f"{' and '.join(names)}: " if names else ""
