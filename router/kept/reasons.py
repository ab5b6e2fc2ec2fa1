"""Why a promise was broken, from what is known of the conversation, the hours and the work that came.

The router writes the reason into the log when a promise breaks; where a line has none, the first that fits is told
here, what is most certain first.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from router.conversation import Conversation, SendState, Why
from router.kept.figures import Missed
from rules.evaluate import Rulebook
from rules.model import Person

#: Arrivals at so many times the usual rate are an incident.
SURGE = 2.0


#: How each reads in a sentence: "most often because …".
SAID = {
    Why.SEND_FAILED: "the answer did not leave in time",
    Why.NOBODY_ON: "nobody was on",
    Why.AWAY: "the person was away",
    Why.SURGE: "more work came than expected",
    Why.RETURNED: "it was given back",
    Why.CHANGED: "it changed hands",
    Why.HELD_LONG: "its owner had it too long",
    Why.ASKED: "its owner asked for more time",
}
#: What helps against each; for leads.
HELP = {
    Why.SEND_FAILED: "See under Health whether the account sends; a failed answer waits at its author's desk.",
    Why.NOBODY_ON: "Look at the hours of the people who serve the queue, and at leave on the same days.",
    Why.AWAY: "Enter leave and shifts in the rules before they begin, so that no promise counts on them.",
    Why.SURGE: "Put more people on the queue while the surge lasts, or let another queue help (`overflow`).",
    Why.RETURNED: "Ask who gave it back what was missing: a skill, a language, or time.",
    Why.CHANGED: "Let the new owner tell the customer a new time when they take work over.",
    Why.HELD_LONG: "Lower the capacity of who holds too much, or ask them to say early that they need longer.",
    Why.ASKED: "Talk to who often needs longer; a lower capacity gives them time.",
}


def said(reason: str) -> str:
    """Return a reason as it reads in a sentence; one that we do not know as it was written."""
    known = {each.value: text for each, text in SAID.items()}
    return known.get(reason, reason)


def mostly(counted: Sequence[tuple[str, int]]) -> str:
    """Return the end of a sentence that names the commonest reason; "" when none is known."""
    if not counted:
        return ""
    reason, count = said(counted[0][0]), counted[0][1]
    return f", most often because {reason} ({count} times)" if count > 1 else f", one because {reason}"


def help_against(counted: Sequence[tuple[str, int]]) -> str:
    """Return what helps against the commonest reason that we know help for."""
    known = {each.value: text for each, text in HELP.items()}
    return next(
        (known[reason] for reason, _ in counted if reason in known),
        "Put people on the queues that break them, or lengthen their targets.",
    )


def why(book: Rulebook, one: Conversation, missed: Missed, surge: float) -> Why:
    """Return why the promise was broken; `surge` = arrivals ÷ usual arrivals while it ran.

    What was found when it broke stays, but for an owner who had it too long: in a surge it was not theirs to keep.
    """
    told = {each.value: each for each in Why}.get(missed.reason)
    if told is not None and told is not Why.HELD_LONG:
        return told
    if told is not None:
        return Why.SURGE if surge >= SURGE else told
    return next(_found(book, one, missed, surge))


def _found(book: Rulebook, one: Conversation, missed: Missed, surge: float) -> Iterator[Why]:
    if _stuck(one, missed):
        yield Why.SEND_FAILED
    if not any(_on(book, person, missed) for person in _able(book, one, missed)):
        yield Why.NOBODY_ON
    promiser = book.person(missed.agent)
    if promiser is None or not _on(book, promiser, missed):
        yield Why.AWAY
    if surge >= SURGE:
        yield Why.SURGE
    if one.declined:
        yield Why.RETURNED
    holder = one.owner or one.previous_owner
    if holder and holder != missed.agent:
        yield Why.CHANGED
    yield Why.HELD_LONG if holder else Why.SURGE


def _stuck(one: Conversation, missed: Missed) -> bool:
    """Tell whether a person's answer was written in time but had not left by then."""
    begun = missed.made or missed.promised
    written = (
        item
        for item in one.outbox
        if item.answers and begun <= item.at <= missed.promised and item.state is not SendState.CANCELLED
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
