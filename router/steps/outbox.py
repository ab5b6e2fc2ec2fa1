"""Steps of the outbox: what we say to the customer, on its way."""

from typing import Any

from msgspec.structs import replace

from router.conversation import (
    OUTBOX_KEPT,
    SETTLED,
    Conversation,
    Item,
    SendState,
)
from router.steps.promises import untell

#: Names that an answer cites at most.
CITED = 20


def enqueue(conversation: Conversation, item: Item) -> Conversation:
    """Put something for the customer into the outbox, at the next place of the conversation."""
    if any(known.id == item.id for known in conversation.outbox):
        return conversation
    seq = conversation.seq + 1
    return replace(conversation, seq=seq, outbox=(*conversation.outbox, replace(item, seq=seq)))


def amend(conversation: Conversation, item_id: str, **changes: Any) -> Conversation:
    """Change fields of one outbox item."""
    outbox = tuple(replace(item, **changes) if item.id == item_id else item for item in conversation.outbox)
    return replace(conversation, outbox=outbox)


def item_of(conversation: Conversation, item_id: str) -> Item | None:
    """Return the outbox item with this id."""
    return next((item for item in conversation.outbox if item.id == item_id), None)


def cancel_notes(conversation: Conversation, reason: str) -> Conversation:
    """Cancel the notes that did not leave yet; a promise that nobody heard ends with its note."""
    for item in conversation.outbox:
        if item.note is None or item.state not in {SendState.PENDING, SendState.RETRY}:
            continue
        conversation = untell(conversation, item.at, item.at)
        conversation = amend(conversation, item.id, state=SendState.CANCELLED, next_at=None, reason=reason)
    return conversation


def trim(conversation: Conversation) -> tuple[Conversation, tuple[Item, ...]]:
    """Return it with only the newest settled outbox items, and those that leave for the archive."""
    settled = [item for item in conversation.outbox if item.state in SETTLED]
    leaving = settled[: max(0, len(settled) - OUTBOX_KEPT)]
    if not leaving:
        return conversation, ()
    gone = {item.id for item in leaving}
    kept = tuple(item for item in conversation.outbox if item.id not in gone)
    return replace(conversation, outbox=kept), tuple(leaving)


def cited(conversation: Conversation) -> tuple[str, ...]:
    """Return the names of what an answer of ours answers, nearest last: the customer's newest, not our own note."""
    names = [link[4:] for link in conversation.links if link.startswith("mid:")]
    ours = {item.message_id for item in conversation.outbox}
    nearest = next((name for name in reversed(names) if name not in ours), "")
    chain = [name for name in names if name != nearest]
    return tuple((chain + ([nearest] if nearest else []))[-CITED:])
