"""How values become bytes and columns; the same JSON wherever a store keeps JSON."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from channels.message import Message
from router.conversation import Agent, Conversation, Customer, Event, Item

#: Longer texts are cut: the raw bytes lie in Blobs, and a MongoDB document holds 16 MB, escapes included.
LONGEST_TEXT = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

encode = msgspec.json.Encoder().encode
message_from = msgspec.json.Decoder(Message).decode
conversation_from = msgspec.json.Decoder(Conversation).decode
customer_from = msgspec.json.Decoder(Customer).decode
agent_from = msgspec.json.Decoder(Agent).decode
item_from = msgspec.json.Decoder(Item).decode
event_from = msgspec.json.Decoder(Event).decode
value_from = msgspec.json.Decoder(dict[str, Any]).decode


def keys_json(keys: Any) -> str:
    """Return the strings as one JSON array, for `json_each`."""
    return encode(list(keys)).decode()


def ms(at: datetime) -> int:
    """Return whole milliseconds since 1970."""
    return (at - _EPOCH) // _MS


def ms_or_none(at: datetime | None) -> int | None:
    """Return whole milliseconds since 1970, None for None."""
    return None if at is None else (at - _EPOCH) // _MS


def instant(at: int) -> datetime:
    """Return the instant of so many milliseconds."""
    return _EPOCH + timedelta(milliseconds=at)


def instant_or_none(at: int | None) -> datetime | None:
    """Return the instant of so many milliseconds, None for None."""
    return None if at is None else _EPOCH + timedelta(milliseconds=at)


def storable(message: Message) -> Message:
    """Return the message as every store can keep it: not endless, and no half characters.

    Half characters (lone surrogates) come from broken encodings and have no form in UTF-8.
    """
    if len(message.text) > LONGEST_TEXT or len(message.full_text) > LONGEST_TEXT:
        short, full = message.text[:LONGEST_TEXT], message.full_text[:LONGEST_TEXT]
        message = replace(message, text=short, full_text=full)
    try:
        encode(message)
    except UnicodeEncodeError:
        return msgspec.convert(_whole(msgspec.to_builtins(message)), Message)
    return message


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole(name): _whole(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(part) for part in value]
    return value
