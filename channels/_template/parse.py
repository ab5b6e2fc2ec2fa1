"""From what the provider sends to the Message that the router takes; no input, no output."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from channels.message import Identity, Kind, Message

CHANNEL = "_template"
#: Longest name that is shown.
NAME = 80


class Arrival(Struct, frozen=True, kw_only=True):
    """Where and when something arrived."""

    account: str
    at: datetime


class Author(Struct, frozen=True, kw_only=True):
    """Who wrote; `staff` is our own account, whoever of us uses it."""

    id: str
    name: str = ""
    role: Literal["customer", "staff"] = "customer"


class Post(Struct, frozen=True, kw_only=True):
    """A message as the provider shows it."""

    id: str
    #: Private to one customer and us.
    thread: str
    author: Author
    text: str = ""
    at: datetime | None = None


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened; the webhook and the list of events name it by the same id."""

    id: int
    type: str
    message: Post | None = None


class Events(Struct, frozen=True, kw_only=True):
    """What one webhook, or one page of the list, carries; each event is decoded by itself."""

    events: list[Raw]
    #: The last event of the page; of a page of none, the newest there is.
    last: int = 0


#: What becomes of each type; all others (typing, read, reactions) need nothing from us.
KINDS = {"message": Kind.CUSTOMER, "edited": Kind.EDIT, "deleted": Kind.DELETE}


def events(body: bytes) -> Events:
    """Return the events of a body. Raises ValueError when it has not their form."""
    return msgspec.json.decode(body, type=Events)


def event(raw: bytes) -> Event:
    """Return one event. Raises ValueError when it has not the form."""
    return msgspec.json.decode(raw, type=Event)


def message(event: Event, arrival: Arrival) -> Message | None:
    """Return what the event says to the router; None when nothing needs to be done."""
    kind, post = KINDS.get(event.type), event.message
    if kind is None or post is None:
        return None
    by_us = post.author.role == "staff"
    if by_us and kind is not Kind.CUSTOMER:
        return None
    return Message(
        key=f"{CHANNEL}:{arrival.account}:{event.id}",
        channel=CHANNEL,
        account=arrival.account,
        kind=Kind.AGENT if by_us else kind,
        received_at=arrival.at,
        sent_at=post.at,
        sender=Identity(
            kind=CHANNEL,
            address=post.author.id,
            name=" ".join(post.author.name.split())[:NAME],
            verified=True,
        ),
        text=post.text.replace("\x00", "").strip(),
        thread=post.thread,
        message_id=name(post.id) if kind is Kind.CUSTOMER else "",
        about="" if kind is Kind.CUSTOMER else name(post.id),
    )


def unreadable(raw: bytes, digest: str, reason: str, arrival: Arrival) -> Message:
    """Return the message that stands for an event that could not be read; `digest` is where its bytes lie."""
    return Message(
        key=f"{CHANNEL}:{arrival.account}:unreadable:{digest}",
        channel=CHANNEL,
        account=arrival.account,
        kind=Kind.UNREADABLE,
        received_at=arrival.at,
        sender=Identity(kind=CHANNEL, address="unknown"),
        raw=digest,
        reason=f"an event of {len(raw)} bytes cannot be read: {reason}"[:300],
        no_note="it could not be read",
    )


def name(id: str) -> str:
    """Return the name by which a message is cited, the same whether it came in or went out."""
    return f"{CHANNEL}:{id}"
