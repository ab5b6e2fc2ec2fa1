"""What must be known before entries leave: the limit for each sender, and how far the customer has read."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from router.conversation import Conversation
from router.house import House
from router.note import MOST_NOTES
from router.ports import Store
from router.sending import outbox

#: The time in which a sender gets at most so many automatic notes.
NOTES_WINDOW_S = 24 * 3600.0


class Permits(Struct, frozen=True, kw_only=True):
    """What the store said of the entries of one pass."""

    #: Whether the sender's limit leaves room, by note.
    notes: Mapping[str, bool] = {}
    #: How far the customer has seen it, by conversation that has copies to send.
    seen: Mapping[str, int] = {}


async def read(store: Store, house: House, found: Sequence[Conversation], now: datetime) -> Permits:
    """Reserve the notes of a pass against the limits, and read what was seen. Raises StoreError."""
    return Permits(notes=await _notes(store, house, found, now), seen=await _seen(store, found))


async def _notes(
    store: Store, house: House, found: Sequence[Conversation], now: datetime
) -> Mapping[str, bool]:
    notes = [
        (one.contact.key, item.id)
        for one in found
        for item in outbox.due(one, now)
        if item.note is not None
        and not house.account(one.channel, one.account).live
        and not outbox.objection(one, item, now)
    ]
    if not notes:
        return {}
    answers = await store.allow_notes(notes, at=now, most=MOST_NOTES, window_s=NOTES_WINDOW_S)
    return {note: yes for (_, note), yes in zip(notes, answers, strict=True)}


async def _seen(store: Store, found: Sequence[Conversation]) -> Mapping[str, int]:
    seen: dict[str, int] = {}
    for one in found:
        if any(item.unless_seen and item.next_at is not None for item in one.outbox):
            record = await store.record("seen", one.id)
            seen[one.id] = int(record.value.get("seq", 0)) if record is not None else 0
    return seen
