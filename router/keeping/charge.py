"""Who answers for work without an owner: the duty person, whoever of them promised, or the lead who writes."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from router import assign
from router.conversation import Agent, Conversation, PromiseState, Status
from router.house import House

#: Where work stands that waits without an owner.
UNOWNED = (Status.OPEN, Status.HELD)
#: After so many times that were not kept in one wait the lead writes to the customer.
LEAD_WRITES = 2


def in_charge(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> Conversation:
    """Return it with whoever answers for it, where it waits without an owner; the same where that is so already.

    A duty person who promised a time stays accountable until then, unless they will not be there before it.
    """
    if one.owner or one.status not in UNOWNED:
        return one
    lead = house.book.queue(one.queue).lead
    if one.misses >= LEAD_WRITES and house.book.person(lead) is not None:
        wanted = lead
    elif _stays(house, one, agents, now):
        wanted = one.accountable
    else:
        wanted = assign.accountable(house.book, one.queue, agents, now)
    return one if wanted == one.accountable else replace(one, accountable=wanted)


def expected(house: House, agents: Mapping[str, Agent], agent: str, at: datetime, now: datetime) -> bool:
    """Tell whether the person stands in the rules and can be expected at work before the instant."""
    person = house.book.person(agent)
    if person is None:
        return False
    known = agents.get(agent) or Agent(id=agent)
    return assign.there_by(known, house.book.calendar_of(person), at, now)


def present(house: House, agents: Mapping[str, Agent], agent: str, now: datetime) -> bool:
    """Tell whether the person is at work now."""
    person, known = house.book.person(agent), agents.get(agent)
    if person is None or known is None:
        return False
    return assign.is_present(known, house.book.calendar_of(person), now)


def _stays(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> bool:
    made = one.promise
    if made is None or made.state is not PromiseState.MADE or made.owner or made.by != one.accountable:
        return False
    return expected(house, agents, made.by, made.at, now)
