"""Who gets which work: one pure function for arriving work, freed capacity and the sweep."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from router.conversation import Agent, Claim, Conversation, PromiseState
from rules.evaluate import Rulebook
from rules.hours import Calendar
from rules.model import Person

#: A desk that was heard of within this time is open.
HEARTBEAT_S = 90.0
#: Less time than this at work is none, where there is more time than that at all.
A_WHILE_S = 60.0


class Assignment(Struct, frozen=True, kw_only=True):
    """This agent gets this conversation, and why they."""

    conversation: str
    agent: str
    reason: str


class Candidate(Struct, frozen=True, kw_only=True):
    """An agent who is present, with what they may take."""

    person: Person
    agent: Agent


def is_present(agent: Agent, calendar: Calendar, now: datetime) -> bool:
    """Tell whether the agent is here: they said so, or it is their shift and a desk of theirs is open."""
    if agent.said and (agent.said_until is None or now < agent.said_until):
        return agent.said == "here"
    fresh = agent.seen_at is not None and now - agent.seen_at <= timedelta(seconds=HEARTBEAT_S)
    return fresh and calendar.is_open(now)


def there_by(agent: Agent, calendar: Calendar, at: datetime, now: datetime) -> bool:
    """Tell whether the agent is here, or can be expected to be for a while, before the instant."""
    if is_present(agent, calendar, now):
        return now < at
    enough_s = min(A_WHILE_S, (at - now).total_seconds() / 2)
    if agent.said != "away" or (agent.said_until is not None and agent.said_until <= now):
        return now < at and calendar.between(now, at) >= enough_s
    return agent.said_until is not None and calendar.between(agent.said_until, at) >= max(enough_s, 1.0)


def candidates(book: Rulebook, agents: Mapping[str, Agent], now: datetime) -> list[Candidate]:
    """Return everybody who is present and still stands in the rules."""
    found = []
    for person in book.people.values():
        agent = agents.get(person.id)
        if agent is not None and is_present(agent, book.calendar_of(person), now):
            found.append(Candidate(person=person, agent=agent))
    return found


def room(candidate: Candidate, channel: str) -> int:
    """Return how many more conversations of the channel the agent may own."""
    return candidate.person.capacity_for(channel) - _load(candidate.agent, channel)


def _load(agent: Agent, channel: str) -> int:
    return sum(1 for claim in agent.claims if claim.channel == channel)


def match(
    waiting: Sequence[Conversation],
    people: Sequence[Candidate],
    book: Rulebook,
    cut: Collection[str] = (),
) -> list[Assignment]:
    """Hand waiting work to present people, the most urgent first.

    Nothing is handed past a more urgent piece that the same agent could take. Among the eligible:
    whoever answered this customer before, then the people of its own queue before those of the queues
    that help out (see `helpers`), then the least loaded relative to capacity, then the longest idle.
    `cut` are lanes of which only the head is known: after it, whoever could go on there gets nothing else
    this time, unless nothing of the head could be handed out and so no more of the lane will be known next time.
    """
    pool = {one.person.id: one for one in people}
    order = sorted(waiting, key=lambda one: (one.urgency, one.id))
    last = {one.lane: one.id for one in order if one.lane in cut}
    found, served = [], set()
    for conversation in order:
        if not pool:
            break
        chosen = _choose(conversation, _free(conversation, pool, book))
        if chosen is not None:
            who, reason = chosen
            found.append(Assignment(conversation=conversation.id, agent=who.person.id, reason=reason))
            pool[who.person.id] = _loaded(who, conversation)
            served.add(conversation.lane)
        if last.get(conversation.lane) == conversation.id and conversation.lane in served:
            for one in _free(conversation, pool, book):
                del pool[one.person.id]
    return found


def _loaded(candidate: Candidate, conversation: Conversation) -> Candidate:
    claim = Claim(
        id="", conversation=conversation.id, channel=conversation.channel, at=conversation.updated_at
    )
    agent = replace(
        candidate.agent, claims=(*candidate.agent.claims, claim), idle_since=conversation.updated_at
    )
    return replace(candidate, agent=agent)


def _free(conversation: Conversation, pool: Mapping[str, Candidate], book: Rulebook) -> list[Candidate]:
    """Return who may take it and has room."""
    language, others = language_served(book, conversation), helpers(book, conversation)
    return [
        one
        for one in pool.values()
        if one.person.id not in conversation.declined
        and able(one.person, conversation, language, others)
        and room(one, conversation.channel) > 0
    ]


def _choose(conversation: Conversation, free: Sequence[Candidate]) -> tuple[Candidate, str] | None:
    if not free:
        return None
    sticky = next((one for one in free if one.person.id == conversation.previous_owner), None)
    if sticky is not None:
        return sticky, f"{sticky.person.name} knows this customer and has room"
    home = [one for one in free if conversation.queue in one.person.queues]
    best = min(home or free, key=lambda one: _order(one, conversation.channel))
    how = "is present and" if home else f"helps out in {conversation.queue}, as its time is short, and is"
    return best, f"{best.person.name} {how} the least loaded of {len(home or free)} who can take it"


def helpers(book: Rulebook, conversation: Conversation) -> tuple[str, ...]:
    """Return the queues whose people may take it besides its own: those it overflows to, once its time is short.

    That is when its promise is about to be missed, or was later than its target from the beginning.
    """
    made = conversation.promise
    late = made is not None and made.late and made.state is PromiseState.MADE
    return book.queue(conversation.queue).overflow if late or conversation.pressing else ()


def able(person: Person, conversation: Conversation, language: str, others: Sequence[str] = ()) -> bool:
    """Tell whether the person may take it: queue, channel, skills and, where somebody speaks it, the language.

    `others` are queues whose people may take it too.
    """
    if not {conversation.queue, *others}.intersection(person.queues):
        return False
    if person.capacity_for(conversation.channel) <= 0:
        return False
    if not person.skills.issuperset(conversation.skills):
        return False
    return not language or not person.languages or language in person.languages


def language_served(book: Rulebook, conversation: Conversation) -> str:
    """Return the language an agent must speak; "" when nobody in the queue does, so that anybody may help."""
    language = conversation.language
    if not language:
        return ""
    others = helpers(book, conversation)
    served = any(able(person, conversation, language, others) for person in book.people.values())
    return language if served else ""


def _order(candidate: Candidate, channel: str) -> tuple[float, float, str]:
    capacity = max(1, candidate.person.capacity_for(channel))
    load = _load(candidate.agent, channel) / capacity
    idle = candidate.agent.idle_since
    return load, idle.timestamp() if idle else 0.0, candidate.person.id


def accountable(book: Rulebook, queue: str, agents: Mapping[str, Agent], now: datetime) -> str:
    """Return the duty person who answers for the queue's waiting work.

    The first on duty who is present, else whoever can be expected first (see `back_at`), in the order of
    the duty list where that is at once, else the lead.
    """
    duty = [book.people[one] for one in book.queue(queue).duty if one in book.people]
    for person in duty:
        agent = agents.get(person.id)
        if agent is not None and is_present(agent, book.calendar_of(person), now):
            return person.id
    opening: list[tuple[datetime, int, str]] = []
    for rank, person in enumerate(duty):
        opens = back_at(agents.get(person.id) or Agent(id=person.id), book.calendar_of(person), now)
        if opens is not None:
            opening.append((opens, rank, person.id))
    return min(opening)[2] if opening else book.queue(queue).lead


def without_claims(agent: Agent, gone: set[str], now: datetime) -> Agent:
    """Return the agent without these claims; the same agent when they have none of them."""
    kept = tuple(one for one in agent.claims if one.id not in gone)
    return agent if len(kept) == len(agent.claims) else replace(agent, claims=kept, idle_since=now)


def back_at(agent: Agent, calendar: Calendar, now: datetime) -> datetime | None:
    """Return when somebody absent may be expected back; now when they are here, None when nobody can tell."""
    if is_present(agent, calendar, now):
        return now
    away = agent.said_until if agent.said == "away" else None
    return calendar.next_open(max(now, away) if away is not None else now)
