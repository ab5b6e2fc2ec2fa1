"""When work is at risk, and what a person has to be told of it."""

import hashlib
from datetime import datetime, timedelta

from router.conversation import Conversation, PromiseState, Status
from router.desk.views import at_risk
from rules.evaluate import Rulebook

SOON, LATE, LEAD = "soon", "late", "lead"
#: The last part of the time, in which it is nearly up.
LAST_PART = 0.2
#: Of a promise that says no more of itself it is at most so long.
PROMISE_MOST = timedelta(minutes=10)


def reasons(one: Conversation, book: Rulebook, now: datetime) -> tuple[str, ...]:
    """Return `soon:…`, `late:…` and `lead:…` of the running wait, then a digest for each warning of the router."""
    timed = (f"{sort}:{digest(one.waiting_on)}" for sort in _of_time(one, book, now))
    return (*timed, *(digest(flag) for flag in one.flags))


def has(risks: tuple[str, ...], sort: str) -> bool:
    """Tell whether a risk of this sort, `soon`, `late` or `lead`, is among them."""
    return any(risk.startswith(f"{sort}:") for risk in risks)


def of_time(risk: str) -> bool:
    """Tell whether the risk is one of time, not a warning."""
    return ":" in risk


def _of_time(one: Conversation, book: Rulebook, now: datetime) -> tuple[str, ...]:
    if not _waits(one):
        return ()
    lead = (LEAD,) if at_risk(one) else ()
    broken = one.promise is not None and one.promise.state is PromiseState.BROKEN
    if one.overdue or broken:
        return SOON, LATE, *lead
    at = soon_at(one, book)
    return (SOON, *lead) if at is not None and at <= now else lead


def soon_at(one: Conversation, book: Rulebook) -> datetime | None:
    """Return when the time is nearly up: four fifths of it gone, or so much of a promise as its owner is warned at."""
    if not _waits(one):
        return None
    found = []
    made = one.promise
    if made is not None and made.state is PromiseState.MADE:
        last = min(PROMISE_MOST, (made.at - made.made_at) * LAST_PART)
        found.append(made.made_at if made.late else made.warn_at or made.at - last)
    if one.due_at is not None:
        found.append(_nearly_due(one, one.due_at, book))
    return min(found, default=None)


def _nearly_due(one: Conversation, due: datetime, book: Rulebook) -> datetime:
    """Count in the hours in which the target counts, so that a night does not use the time up."""
    decided = one.decision
    target_s = (
        decided.target_s
        if decided is not None
        else (due - (one.waiting_since or one.opened_at)).total_seconds()
    )
    return book.calendar(decided.hours if decided is not None else "").subtract(due, target_s * LAST_PART)


def by_when(one: Conversation) -> datetime | None:
    """Return the time to answer by: the promised one, else the due time; None when nobody waits."""
    if one.waiting_since is None and one.due_at is None:
        return None
    made = one.promise
    return made.at if made is not None and made.state is PromiseState.MADE else one.due_at


def _waits(one: Conversation) -> bool:
    return one.status in {Status.OPEN, Status.HELD} and one.due_at is not None


def digest(text: str) -> str:
    """Return a short name for a text that is told once."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
