"""What stands in the way of a promise: why one was missed, and whether one will be, as far as is known now."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from router import assign
from router.conversation import (
    Agent,
    Conversation,
    SendState,
    Status,
    Why,
    answer_on_its_way,
    promise_told,
)
from router.house import House
from router.keeping.charge import expected, present

#: How long one answer takes where nothing was learnt yet, seconds.
HANDLE_S = 600.0


def why(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> Why:
    """Return the reason for which the running promise is not kept; the first that holds."""
    if _stuck(one):
        return Why.SEND_FAILED
    if one.owner:
        if not present(house, agents, one.owner, now):
            return Why.AWAY
        made = one.promise
        moved = made is not None and made.owner and made.by != one.owner
        return Why.CHANGED if moved else Why.HELD_LONG
    if one.declined:
        return Why.RETURNED
    if one.promise is not None and one.promise.owner:
        return Why.AWAY
    here = any(present(house, agents, id_, now) for id_ in _able(house, one))
    return Why.SURGE if here else Why.NOBODY_ON


def foreseen(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> bool:
    """Tell whether nobody who may answer can be expected at work before the time that the customer was told."""
    made = one.promise
    if made is None or not promise_told(one) or made.at <= now or one.status is Status.HELD:
        return False
    if answer_on_its_way(one):
        return False
    return not somebody_by(house, one, agents, made.at, now)


def somebody_by(
    house: House, one: Conversation, agents: Mapping[str, Agent], at: datetime, now: datetime
) -> bool:
    """Tell whether somebody who may answer can be expected at work before the instant."""
    return any(expected(house, agents, id_, at, now) for id_ in _could(house, one))


def fails(
    house: House,
    one: Conversation,
    agents: Mapping[str, Agent],
    before: Sequence[Conversation],
    now: datetime,
) -> str:
    """Return why its owner cannot keep the promise that runs short: not here, or too busy; "" where they can.

    `before` is the owner's open work. Too busy means that what is more urgent, and the answer itself, take
    longer than the time left.
    """
    made = one.promise
    if made is None or not one.owner or one.status is not Status.OPEN or answer_on_its_way(one):
        return ""
    if not present(house, agents, one.owner, now):
        return "is not here" if one.warned != "owner" else ""
    more = sum(1 for each in before if each.waiting_since is not None and each.urgency < one.urgency)
    each_s = made.parts.handle_s if made.parts is not None and made.parts.handle_s > 0 else HANDLE_S
    left_s = (made.at - now).total_seconds()
    return "has more urgent work than time" if more and (more + 1) * each_s > left_s else ""


def somebody_else(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> bool:
    """Tell whether somebody present, other than its owner, could take it at once."""
    able = set(_able(house, one)) - {one.owner, *one.declined}
    people = assign.candidates(house.book, agents, now)
    return any(each.person.id in able and assign.room(each, one.channel) > 0 for each in people)


def back_first(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> datetime:
    """Return when the first of those who may answer can be expected at work; now where nobody can tell."""
    made = one.promise
    theirs = bool(one.owner) and (made is None or expected(house, agents, one.owner, made.at, now))
    who = [one.owner] if theirs else _could(house, one)
    people = [person for person in map(house.book.person, who) if person is not None]
    backs = [
        assign.back_at(agents.get(each.id) or Agent(id=each.id), house.book.calendar_of(each), now)
        for each in people
    ]
    return max(now, min((at for at in backs if at is not None), default=now))


def _could(house: House, one: Conversation) -> list[str]:
    """Return the ids of those who could answer in the end: what an absent owner cannot keep goes to the others."""
    return list(dict.fromkeys([one.owner, *_able(house, one), one.accountable]))


def _able(house: House, one: Conversation) -> list[str]:
    """Return the ids of those who may take it."""
    book = house.book
    language, others = assign.language_served(book, one), assign.helpers(book, one)
    return [each.id for each in book.people.values() if assign.able(each, one, language, others)]


def _stuck(one: Conversation) -> bool:
    """Tell whether an answer to the running wait was written, and the provider has not taken it."""
    stuck = {SendState.RETRY, SendState.FAILED, SendState.UNKNOWN}
    return any(
        item.note is None and not item.unless_seen and item.trigger == one.waiting_on and item.state in stuck
        for item in one.outbox
    )
