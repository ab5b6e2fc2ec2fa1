"""Put together what a store keeps in two places: the document's outbox and the archive."""

from collections.abc import Iterable, Sequence

from router.conversation import Conversation, Item
from router.ports import Stored


def lines(messages: Sequence[Stored], items: Iterable[Item], after: int, limit: int) -> list[Stored | Item]:
    """Return messages and items with seq above `after`, in order, an item in both places once."""
    found: list[Stored | Item] = list(messages)
    found += {item.id: item for item in items if item.seq > after}.values()
    return sorted(found, key=lambda line: line.seq)[:limit]


def newest_items(
    conversations: Sequence[Conversation], archived: Iterable[tuple[str, Item]], limit: int
) -> list[tuple[str, Item]]:
    """Return (conversation id, item) of what was sent last, newest first."""
    both = {(home, item.id): item for home, item in archived}
    both.update(((each.id, item.id), item) for each in conversations for item in each.outbox)
    sent = [
        (item.sent_at, item.id, home, item) for (home, _), item in both.items() if item.sent_at is not None
    ]
    return [(home, item) for _, _, home, item in sorted(sent, key=lambda row: row[:2], reverse=True)[:limit]]


def newest(conversations: Iterable[Conversation], limit: int) -> list[Conversation]:
    """Return the conversations in which something happened last, newest first."""
    return sorted(conversations, key=lambda each: (each.updated_at, each.id), reverse=True)[:limit]
