"""The first time of a wait, where those who may answer have said that they are away: not before one of them is back."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from router.conversation import Agent, Conversation
from router.house import House
from router.keeping.shortfall import back_first, somebody_by
from router.promise import Quote, retold
from router.quoting import quoted
from rules.model import Person

#: Once back, people have half the target for it, between these (seconds).
LEAST_S, MOST_S = 900.0, 3600.0


def attended(
    house: House, conversation: Conversation, person: Person, agents: Mapping[str, Agent], now: datetime
) -> Quote:
    """Return X, computed from hours and work; where nobody will be there by then, from when the first one is."""
    quote = quoted(house, conversation, person, now)
    if somebody_by(house, conversation, agents, quote.at, now):
        return quote
    back = back_first(house, conversation, agents, now)
    if back <= now:
        return quote
    target_s = conversation.decision.target_s if conversation.decision is not None else 0.0
    time_s = min(max(target_s / 2, LEAST_S), MOST_S)
    wanted = house.book.calendar_of(person).add(back, time_s)
    due, before = conversation.due_at, conversation.not_before
    moved = replace(
        conversation,
        due_at=wanted if due is None else max(wanted, due),
        not_before=wanted if before is None else max(wanted, before),
    )
    found = quoted(house, moved, person, now)
    zone = house.zone(
        wanted=conversation.zone, account=house.account(conversation.channel, conversation.account)
    )
    said = f"Nobody who may answer is there before {back.astimezone(zone):%a %-d %b %H:%M}."
    late = found.late or (due is not None and found.at > due)
    return retold(found, said, late=late)


def unattended(
    house: House, conversation: Conversation, agents: Mapping[str, Agent], at: datetime, now: datetime
) -> bool:
    """Tell whether all who may answer are known to be back only later: a provider's window may close before."""
    if somebody_by(house, conversation, agents, at, now):
        return False
    return back_first(house, conversation, agents, now) > now
