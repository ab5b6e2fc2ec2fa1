"""From what X sends to the messages that the router takes; no input, no output."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from channels.message import Identity, Kind, Message
from channels.twitter.post import post, text_of
from channels.twitter.read import Read, View
from channels.twitter.shape import (
    KIND,
    NUMBER,
    People,
    Strange,
    from_ms,
    list_,
    number,
    object_,
    people,
    people_by_id,
    when,
)

ENCRYPTED = (
    "Encrypted chat waiting on X: this person wrote in a chat that only X's own app can read. "
    "Open X, read and answer it there; the case counts as answered once that is done."
)
_ANSWERED = "(answered in an encrypted chat on X)"
_CHAT_ID = re.compile(r"[\w:-]{1,100}", re.ASCII)
#: Events that bring a post, and whether its author has called us by it.
_POSTS = {
    "post.create": False,
    "post.mention.create": True,
    "post.reply.create": False,
    "post.quote.create": True,
}


def event(data: Mapping[str, Any], view: View) -> list[Read]:
    """Return what an event of the activity API brings; nothing for kinds that need no reaction. Raises Strange."""
    kind = str(data.get("event_type") or "")
    payload = object_(data.get("payload"), "payload")
    if kind in _POSTS:
        read = post(payload, people(data), view, summoned=_POSTS[kind])
        return [read] if read is not None else []
    if kind in {"dm.received", "dm.sent"}:
        known = people_by_id(payload.get("users"))
        events = list_(payload.get("direct_message_events"))
        return [read for one in events if (read := _old_direct(one, known, view)) is not None]
    if kind in {"chat.received", "chat.sent"}:
        read = _encrypted(payload, view)
        return [read] if read is not None else []
    if kind == "post.delete":
        return [_deleted(payload, view)]
    return []


def direct(data: object, known: People, view: View) -> Read | None:
    """Return one direct message as API v2 lists it; None for what is none. Raises Strange."""
    data = object_(data, "direct message")
    if data.get("event_type") != "MessageCreate":
        return None
    id_, sender = number(data, "id"), number(data, "sender_id")
    where = str(data.get("dm_conversation_id") or "")
    pair = where.split("-") if "-" in where else []
    other = next((one for one in pair if one != view.me), "") if sender == view.me else sender
    return _private(
        _Private(
            id=id_,
            sender=sender,
            other=other,
            group=where if NUMBER.fullmatch(where) else "",
            text=_with_files(text_of(data), data.get("attachments")),
            at=when(data.get("created_at"), id_),
        ),
        known,
        view,
    )


class _Private(Struct, frozen=True, kw_only=True):
    """A direct message, whichever shape it came in."""

    id: str
    sender: str
    #: The person at the other end.
    other: str
    group: str = ""
    text: str
    at: datetime | None


def _private(one: _Private, known: People, view: View) -> Read | None:
    own = one.sender == view.me
    if own and (one.group or not one.other):
        return None  # to whom of a group it was said cannot be told
    silent = "a group of several people on X" if one.group else ""
    if one.sender in known.robots:
        silent = "written by an account that is labelled as automated"
    return Read(
        message=Message(
            key=f"x:{one.id}",
            channel=view.channel,
            account=view.account,
            kind=Kind.AGENT if own else Kind.CUSTOMER,
            received_at=view.at,
            sent_at=one.at,
            sender=known.who(one.sender),
            text=one.text,
            thread=f"group/{one.group}/{one.sender}" if one.group else f"dm/{one.other}",
            message_id=f"x:{one.id}",
            no_note=silent,
            public=bool(one.group),
        ),
        own=own,
        summoned=True,
    )


def _old_direct(data: object, known: People, view: View) -> Read | None:
    """Return a direct message in the shape of API v1.1, which the activity API keeps."""
    data = object_(data, "direct message")
    if data.get("type", "message_create") != "message_create":
        return None
    made = object_(data.get("message_create"), "message_create")
    said = object_(made.get("message_data"), "message_data")
    recipient = number(object_(made.get("target"), "target"), "recipient_id")
    id_, sender = number(data, "id"), number(made, "sender_id")
    stamp = str(data.get("created_timestamp") or "")
    return _private(
        _Private(
            id=id_,
            sender=sender,
            other=recipient if sender == view.me else sender,
            text=_with_files(text_of(said), said.get("attachment")),
            at=from_ms(int(stamp)) if NUMBER.fullmatch(stamp) else when(None, id_),
        ),
        known,
        view,
    )


def _encrypted(payload: Mapping[str, Any], view: View) -> Read | None:
    """Return the sign that somebody wrote in an encrypted chat, which only X's own app can read."""
    sender = number(payload, "sender_id")
    name = str(payload.get("id") or "")
    if not _CHAT_ID.fullmatch(name):
        raise Strange("the encrypted chat has no id")
    own = sender == view.me
    pair = re.split("[:-]", str(payload.get("conversation_id") or ""))
    other = next((one for one in pair if NUMBER.fullmatch(one) and one != view.me), "") if own else sender
    if not other:
        return None
    stamp = str(payload.get("created_at_msec") or "")
    return Read(
        message=Message(
            key=f"x:chat:{name}",
            channel=view.channel,
            account=view.account,
            kind=Kind.AGENT if own else Kind.CUSTOMER,
            received_at=view.at,
            sent_at=from_ms(int(stamp)) if NUMBER.fullmatch(stamp) else None,
            sender=Identity(kind=KIND, address=sender, verified=True),
            text=_ANSWERED if own else ENCRYPTED,
            thread=f"chat/{other}",
            message_id=f"x:chat:{name}",
            no_note="an encrypted chat, which only X's own app can read and answer",
        ),
        own=own,
    )


def _deleted(payload: Mapping[str, Any], view: View) -> Read:
    """Return that a post is gone, for the conversation that has it."""
    id_, author = number(payload, "id"), number(payload, "author_id")
    return Read(
        message=Message(
            key=f"x:{id_}:deleted",
            channel=view.channel,
            account=view.account,
            kind=Kind.DELETE,
            received_at=view.at,
            sender=Identity(kind=KIND, address=author, verified=True),
            about=f"x:{id_}",
            references=(f"x:{id_}",),
            public=True,
        ),
        only_if_known=True,
    )


def _with_files(text: str, files: object) -> str:
    return f"{text}\n(with a file: open X to see it)".strip() if files else text
