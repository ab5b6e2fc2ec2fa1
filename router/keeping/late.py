"""How much too long a customer has waited before the first word that they hear from us."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from channels.message import Kind
from router.conversation import Conversation, PromiseState, SendState

#: Whoever has heard nothing for so long has waited too long, whatever the target.
TRUST = timedelta(days=1)
#: Less than this past the due time is no delay that anybody has felt: notes that were put off leave in it.
FELT = timedelta(minutes=2)


def waited_too_long_s(conversation: Conversation, now: datetime) -> float:
    """Return the seconds that the customer has waited too long for a first note sent now; 0 = they have not.

    That is past the due time, beyond a day, or since a time that we promised in an earlier wait which
    nobody ever answered.
    """
    return max((over.total_seconds() for over in _overs(conversation, now)), default=0.0)


def _overs(one: Conversation, now: datetime) -> Iterator[timedelta]:
    """Yield by how much each measure is exceeded."""
    if one.waiting_since is not None:
        begun = max(one.waiting_since, one.not_before or one.waiting_since)
        if now - begun > TRUST:
            yield now - begun - TRUST
    if one.due_at is not None and now - one.due_at > FELT:
        yield now - one.due_at
    yield from _unanswered(one, now)


def _unanswered(one: Conversation, now: datetime) -> Iterator[timedelta]:
    """Yield what earlier waits are too long that ended without an answer of a person."""
    answered = _answered_at(one)
    for made in one.promises:
        if answered is not None and made.made_at <= answered:
            continue
        if made.state is PromiseState.BROKEN and made.at < now:
            yield now - made.at
        closed = made.state is PromiseState.WITHDRAWN and not made.reason
        if closed and now - made.made_at > TRUST:
            yield now - made.made_at - TRUST


def _answered_at(one: Conversation) -> datetime | None:
    """Return when a person of ours last answered, here or elsewhere."""
    answers = (item for item in one.outbox if item.answers)
    here = (item.sent_at for item in answers if item.state is SendState.SENT)
    found = [at for at in here if at is not None]
    found += [entry.at for entry in one.entries if entry.kind is Kind.AGENT]
    return max(found, default=None)
