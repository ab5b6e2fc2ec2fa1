"""Steps of the record: a message is appended, and what the conversation can be found by."""

from datetime import datetime

from msgspec.structs import replace

from channels.message import Kind, Message
from router.conversation import KEYS_KEPT, LINKS_KEPT, Conversation, Entry, links_of

SNIPPET = 140

#: Links that a conversation keeps of a message: citations are for finding it, not for being found.
_OWN_LINKS = ("thread:", "fp:")
#: Links that are never left out.
_LASTING = ("ref:", "thread:", "keypad:")


def append(conversation: Conversation, message: Message, now: datetime) -> Conversation:
    """Add a message at the end: its entry, the names it can be found by, and who took part."""
    seq = conversation.seq + 1
    entry = Entry(key=message.key, seq=seq, at=message.received_at, kind=message.kind)
    names = [link for link in links_of(message) if link.startswith(_OWN_LINKS)]
    if message.message_id:
        names.append(f"mid:{message.message_id}")
    took_part = message.kind in {Kind.CUSTOMER, Kind.EDIT, Kind.UNREADABLE} and not message.doubtful
    people = (message.sender.key,) if took_part else ()
    return replace(
        conversation,
        seq=seq,
        entries=(*conversation.entries, entry)[-KEYS_KEPT:],
        links=kept_links(conversation.links, names),
        participants=_union(conversation.participants, people),
        snippet=snippet(message.text) or conversation.snippet,
        updated_at=now,
        news=conversation.version + 1,
    )


def kept_links(old: tuple[str, ...], new: list[str]) -> tuple[str, ...]:
    """Return the links with the new ones, the oldest left out where there are too many."""
    links = _union(old, tuple(new))
    if len(links) <= LINKS_KEPT:
        return links
    fixed = tuple(link for link in links if link.startswith(_LASTING))
    rest = [link for link in links if not link.startswith(_LASTING)]
    return fixed + tuple(rest[-max(1, LINKS_KEPT - len(fixed)) :])


def _union(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *new)))


def snippet(text: str) -> str:
    """Return the first words on one line."""
    return " ".join(text[: SNIPPET * 4].split())[:SNIPPET]
