"""In whose name a note goes out: the accountable person's, else that of somebody who stands behind the queue."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from router.assign import is_present
from router.conversation import Agent, Conversation, Promise
from router.house import House
from router.quoting import quoted
from rules.model import Person


def speaker(
    house: House, conversation: Conversation, agents: Mapping[str, Agent], now: datetime
) -> Person | None:
    """Return in whose name a note about this wait goes out; None when nobody has agreed to it.

    The accountable person who has agreed; else the first of the queue's duty people, else its lead, who has
    agreed and is rostered before the promised time: they say that they see to it, and from whom it comes.
    """
    first = house.book.person(conversation.accountable)
    if first is not None and house.speaks(first.id, conversation.channel):
        return first
    queue = house.book.queue(conversation.queue)
    until: datetime | None = None
    for names in (queue.duty, (queue.lead,)):
        willing = [one for one in _people(house, names) if house.speaks(one.id, conversation.channel)]
        if willing and until is None:
            until = quoted(house, conversation, first or willing[0], now).at
        turns = [(_turn(house, one, agents, now), rank, one) for rank, one in enumerate(willing)]
        rostered = [each for each in turns if until is not None and each[0][1] < until]
        if rostered:
            return min(rostered, key=lambda each: each[:2])[2]
    return None


def speaks_still(house: House, conversation: Conversation, made: Promise) -> bool:
    """Tell whether a note that has not left may go on in the name in which it was worded.

    A stand-in goes on, whoever of the others has come meanwhile, as long as the accountable person has not agreed.
    """
    channel, accountable = conversation.channel, conversation.accountable
    if not house.speaks(made.by, channel) or made.owner != (conversation.owner == made.by):
        return False
    if made.by == accountable:
        return True
    stands_in = any(one.id == made.by for one in standing_in(house, conversation))
    return stands_in and not house.speaks(accountable, channel)


def standing_in(house: House, conversation: Conversation) -> list[Person]:
    """Return who may speak for the queue's work, first choice first: its duty people, then its lead."""
    queue = house.book.queue(conversation.queue)
    return _people(house, (*queue.duty, queue.lead))


def nobody(house: House, conversation: Conversation) -> str:
    """Say why no note goes out where nobody has agreed, and what mends it."""
    names = [one.name for one in standing_in(house, conversation)]
    who = f" Let {names[0]} agree under Notes." if names else ""
    return f"nobody who answers for {conversation.queue} has agreed to notes on {conversation.channel}.{who}"


def _people(house: House, names: Iterable[str]) -> list[Person]:
    found = (house.book.person(one) for one in dict.fromkeys(names))
    return [one for one in found if one is not None]


def _turn(house: House, person: Person, agents: Mapping[str, Agent], now: datetime) -> tuple[bool, datetime]:
    """Order those who may stand in: whoever is present, then whoever's hours are open first."""
    hours, agent = house.book.calendar_of(person), agents.get(person.id)
    if agent is not None and is_present(agent, hours, now):
        return False, now
    return True, hours.next_open(now) or datetime.max.replace(tzinfo=now.tzinfo)
