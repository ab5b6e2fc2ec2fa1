"""The new time for a promise that will not be kept: honest, and far enough behind the old one to be worth saying."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from router.conversation import Agent, Conversation
from router.house import House
from router.keeping.shortfall import back_first
from router.promise import Quote, retold
from router.quoting import quoted
from rules.model import Person

#: The new time lies behind the old one by this share of the open time first promised, at least by so many seconds.
SHARE = 0.25
LEAST_S, LEAST_LIVE_S = 900.0, 300.0
#: Rounded to a time people say it may lie nearer, but not by more than this share.
NEARER = 0.5


def later(
    house: House, conversation: Conversation, person: Person, agents: Mapping[str, Agent], now: datetime
) -> Quote | None:
    """Return the time to promise instead of the running one; None where the reply window leaves none.

    A customer who is told another time is told once: so it gives a quarter of the time first promised on top,
    and never less than people need to answer, counted from when somebody is there who can.
    """
    made = conversation.promise
    if made is None:
        return None
    hours = house.book.calendar_of(person)
    live = house.account(conversation.channel, conversation.account).live
    promised_s = hours.between(made.made_at, made.at) or (made.at - made.made_at).total_seconds()
    start = max(now, made.at, back_first(house, conversation, agents, now))
    wanted = hours.add(start, max(LEAST_LIVE_S if live else LEAST_S, promised_s * SHARE))
    quote = quoted(house, replace(conversation, due_at=wanted), person, now)
    if quote.at < start + (wanted - start) * NEARER:
        quote = quoted(house, replace(conversation, due_at=wanted, not_before=wanted), person, now)
    if quote.at <= start:
        return None
    late = conversation.due_at is not None and quote.at > conversation.due_at
    said = "The time said before would not be kept; this one lies far enough behind it to be kept."
    return retold(quote, said, late=late)
