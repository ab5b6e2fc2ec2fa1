"""Whether an outbox entry may leave now: pure; what may not is cancelled, given up, or waits for the customer's day."""

from datetime import datetime

from router.conversation import Conversation, Item, NoteKind
from router.house import House
from router.keeping.manners import STARTED_BY_US, may_start
from router.note import MOST_NOTES
from router.sending import outbox
from router.steps import amend, flag

#: Notes without which no customer is left in the dark: where they cannot go, nobody is asked to write instead.
DISPENSABLE = frozenset({NoteKind.ADDED, NoteKind.FOLLOWUP})


def weighed(
    house: House, conversation: Conversation, item: Item, *, allowed: bool, seen: int, now: datetime
) -> tuple[Conversation, bool]:
    """Return the conversation, and whether the entry may leave now.

    `allowed` tells whether the sender's limit leaves room for it, `seen` how far the customer has read.
    """
    if outbox.given_up(item, now):
        return outbox.give_up(conversation, item, "it could not be sent for a day", now), False
    reason = outbox.objection(conversation, item, now, paused=house.paused)
    if not reason and item.unless_seen and seen >= item.unless_seen:
        reason = "the customer saw it on the channel"
    if not reason and not allowed:
        reason = f"{MOST_NOTES} automatic messages in 24 hours are enough"
        if item.note not in DISPENSABLE:
            conversation = flag(conversation, f"No note went out: {reason}. Write to the customer yourself.")
    if reason:
        return outbox.cancel(conversation, item, reason, now), False
    day = _day(house, conversation, item, now)
    if day is not None:
        return amend(conversation, item.id, next_at=day), False
    return conversation, True


def _day(house: House, conversation: Conversation, item: Item, now: datetime) -> datetime | None:
    """Return until when a note that we start ourselves waits for the customer's day; None = it may go."""
    if item.note not in STARTED_BY_US or not outbox.waits(item):
        return None
    start = may_start(house, conversation, now)
    return start if start > now else None
