"""Another time that the customer was to hear and did not: its words are laid before a person instead."""

from datetime import datetime

from router import steps
from router.conversation import (
    WAITED_FOR,
    Conversation,
    Item,
    NoteKind,
    PromiseState,
    SendState,
    Why,
    answer_on_its_way,
)
from router.house import House
from router.keeping.later import later
from router.keeping.renewal import renewed
from router.keeping.shortfall import why
from router.promise import Quote

_LOST = frozenset({SendState.CANCELLED, SendState.FAILED})


def instead(house: House, before: Conversation, after: Conversation, now: datetime) -> Conversation:
    """Lay the words before whoever answers for it, where this change ended the note that was to say them.

    The time is the one of the note, if that still lies ahead; else it is reckoned anew.
    """
    note, answers = _lost(before, after), house.book.person(after.accountable)
    if note is None or answers is None or after.prepared is not None or not _waits(after):
        return after
    back, was = after.promise, before.promise
    if back is None or back.made_at >= note.at:  # the customer has heard of a newer one
        return after
    quote = later(house, after, answers, house.crew, now)
    if (
        was is not None
        and was.made_at == note.at
        and was.at > max(now, back.at)
        and was.state is PromiseState.MADE
    ):
        quote = Quote(at=was.at, late=was.late, explanation=was.explanation)
    if quote is None:
        return after
    return renewed(house, after, answers, quote, _why(house, before, after, now), now)


def _lost(before: Conversation, after: Conversation) -> Item | None:
    """Return the note about another time in the running wait that will not be sent, since this change."""
    for item in after.outbox:
        mine = item.note is NoteKind.RENEWAL and item.trigger == after.waiting_on
        if mine and item.state in _LOST:
            known = steps.item_of(before, item.id)
            return item if known is not None and known.state not in _LOST else None
    return None


def _waits(one: Conversation) -> bool:
    waited_for = one.waiting_since is not None and one.status in WAITED_FOR
    return waited_for and not answer_on_its_way(one)


def _why(house: House, before: Conversation, after: Conversation, now: datetime) -> Why:
    """Return the reason that was on record for the new time, else the one that holds now."""
    last = before.promises[-1].reason if before.promises else ""
    return Why(last) if last in set(Why) else why(house, after, house.crew, now)
