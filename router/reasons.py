"""Why a promise was broken, from what is known of the conversation, the hours and the work that came.

The first that fits is told, in the order of `Reason`: what is most certain comes first.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import StrEnum

from router.conversation import Conversation, SendState
from router.figures import Missed
from rules.evaluate import Rulebook
from rules.model import Person

#: Arrivals at so many times the usual rate are an incident.
SURGE = 2.0


class Reason(StrEnum):
    """Why a promise was broken."""

    SEND_FAILED = "the answer did not leave in time"
    NOBODY_ON = "nobody was on"
    AWAY = "the person was away"
    SURGE = "more work came than expected"
    RETURNED = "it was given back"
    CHANGED = "it changed hands"
    HELD = "it lay with its owner"
    UNTAKEN = "nobody took it"


#: What helps against each; for leads.
HELP = {
    Reason.SEND_FAILED: "See under Health whether the account sends; a failed answer waits at its author's desk.",
    Reason.NOBODY_ON: "Look at the hours of the people who serve the queue, and at leave on the same days.",
    Reason.AWAY: "Enter leave and shifts in the rules before they begin, so that no promise counts on them.",
    Reason.SURGE: "Put more people on the queue while the surge lasts, or let another queue help (`overflow`).",
    Reason.RETURNED: "Ask who gave it back what was missing: a skill, a language, or time.",
    Reason.CHANGED: "Let the new owner tell the customer a new time when they take work over.",
    Reason.HELD: "Lower the capacity of who holds too much, or ask them to say early that they need longer.",
    Reason.UNTAKEN: "Put more people on the queue at this time of day, or raise their capacity.",
}


def mostly(counted: Sequence[tuple[str, int]]) -> str:
    """Return the end of a sentence that names the commonest reason; "" when none is known."""
    if not counted:
        return ""
    reason, count = counted[0]
    return f", most often because {reason} ({count} times)" if count > 1 else f", one because {reason}"


def help_against(counted: Sequence[tuple[str, int]]) -> str:
    """Return what helps against the commonest reason that we know help for."""
    known = set(Reason)
    said = (HELP[Reason(reason)] for reason, _ in counted if reason in known)
    return next(said, "Put people on the queues that break them, or lengthen their targets.")


def why(book: Rulebook, one: Conversation, missed: Missed, surge: float) -> Reason:
    """Return why the promise was broken; `surge` = arrivals ÷ usual arrivals while it ran."""
    return next(_found(book, one, missed, surge))


def _found(book: Rulebook, one: Conversation, missed: Missed, surge: float) -> Iterator[Reason]:
    if _stuck(one, missed):
        yield Reason.SEND_FAILED
    if not any(_on(book, person, missed) for person in _able(book, one, missed)):
        yield Reason.NOBODY_ON
    promiser = book.person(missed.agent)
    if promiser is None or not _on(book, promiser, missed):
        yield Reason.AWAY
    if surge >= SURGE:
        yield Reason.SURGE
    if one.declined:
        yield Reason.RETURNED
    holder = one.owner or one.previous_owner
    if holder and holder != missed.agent:
        yield Reason.CHANGED
    yield Reason.HELD if holder else Reason.UNTAKEN


def _stuck(one: Conversation, missed: Missed) -> bool:
    """Tell whether a person's answer was written in time but had not left by then."""
    begun = missed.made or missed.promised
    written = (
        item
        for item in one.outbox
        if item.note is None and begun <= item.at <= missed.promised and item.state is not SendState.CANCELLED
    )
    return any(item.sent_at is None or item.sent_at > missed.promised for item in written)


def _able(book: Rulebook, one: Conversation, missed: Missed) -> list[Person]:
    needed = frozenset(one.skills)
    return [
        person for person in book.people.values() if missed.queue in person.queues and needed <= person.skills
    ]


def _on(book: Rulebook, person: Person, missed: Missed) -> bool:
    """Tell whether somebody had open time while the promise ran."""
    begun = missed.made or missed.promised - timedelta(hours=1)
    return book.calendar_of(person).between(begun, missed.promised) > 0
