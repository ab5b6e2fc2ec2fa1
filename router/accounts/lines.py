"""What a customer may see of a conversation: its lines, by when they hear from us, their place in line."""

import unicodedata
from datetime import datetime

from channels.port import Line
from router.conversation import Conversation, Item, PromiseState, SendState, Status
from router.ports import Store, Stored

#: A text of so many characters that stands within one being sent is a part of it.
PART_LENGTH = 20
#: Places in line that are counted; further back nobody is told their place.
PLACES = 20


def leaving(conversation: Conversation, text: str) -> bool:
    """Tell whether something with this text is on its way out, whole or as one of several parts."""
    seen = _plain(text)
    for item in conversation.outbox:
        if item.state in {SendState.SENDING, SendState.UNKNOWN}:
            own = _plain(item.text)
            if seen == own or (len(seen) >= PART_LENGTH and (seen in own or own in seen)):
                return True
    return False


def _plain(text: str) -> str:
    """Return the words as providers give them back: composed, and whatever they make of white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def line_of(row: Stored | Item) -> Line | None:
    """Return what a customer may see of a message or an outbox entry; None for what is ours alone."""
    if isinstance(row, Stored):
        message = row.message
        if not message.text and not message.attachments:
            return None
        ours = message.kind.value == "agent"
        return Line(
            seq=row.seq,
            id=message.key,
            ours=ours,
            author=message.sender.name,
            text=message.text,
            at=message.received_at,
            attachments=message.attachments,
        )
    if row.state not in {SendState.SENDING, SendState.SENT, SendState.UNKNOWN} or row.unless_seen:
        return None
    return Line(
        seq=row.seq,
        id=row.id,
        ours=True,
        automatic=row.note is not None,
        author=row.author_name,
        text=row.text,
        at=row.at,
        attachments=row.attachments,
    )


def expected_by(conversation: Conversation) -> datetime | None:
    """Return the promised time, else the due time; None when nobody is waiting."""
    if conversation.status is not Status.OPEN:
        return None
    made = conversation.promise
    if made is not None and made.state is PromiseState.MADE:
        return made.at
    return conversation.due_at


def _place(rows: list[Conversation], one: Conversation) -> int:
    return next((place for place, row in enumerate(rows, 1) if row.id == one.id), 0)


async def position(store: Store, one: Conversation) -> int:
    """Return the place in line of what waits for an owner, 1 = the next; 0 when it does not, or far back."""
    return _place(await store.waiting([one.lane], PLACES), one) if one.lane else 0
