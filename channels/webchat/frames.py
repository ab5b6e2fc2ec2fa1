"""What the browser and the service say to each other: version 1 of the chat protocol."""

from datetime import datetime
from typing import TypeAlias

import msgspec
from msgspec import Struct

from channels.port import Line, Standing

#: Sent in both greetings; a client of another version is refused with code `version`.
VERSION = 1

# --- from the browser ---------------------------------------------------------------------------


class Claimed(Struct, frozen=True, kw_only=True):
    """Who the site says the visitor is; `identifier_hash` and `attributes_hash` prove it."""

    identifier: str
    #: Hex HMAC-SHA256(identity_secret, identifier).
    identifier_hash: str
    #: A JSON object of texts, exactly as signed: tier, language, zone, name, email, …
    attributes: str = ""
    #: Hex HMAC-SHA256(identity_secret + ":attributes", identifier + "\n" + attributes).
    attributes_hash: str = ""
    #: Not signed, so only claimed.
    name: str = ""
    email: str = ""


class Hello(Struct, frozen=True, kw_only=True, tag="hello"):
    """The first frame of every connection."""

    v: int = VERSION
    #: What an earlier welcome gave; "" for a new visitor.
    token: str = ""
    #: The highest seq the client has.
    after: int = 0
    identity: Claimed | None = None
    #: What the visitor typed about themselves; only claimed.
    name: str = ""
    email: str = ""
    #: IANA zone of the browser.
    zone: str = ""


class Write(Struct, frozen=True, kw_only=True, tag="message"):
    """The visitor wrote; sent again with the same `client_id` until it is acknowledged."""

    #: A UUID in lower case, made by the client.
    client_id: str
    text: str


class Reach(Struct, frozen=True, kw_only=True, tag="contact"):
    """The visitor wants answers by email too."""

    client_id: str
    email: str
    name: str = ""


class Seen(Struct, frozen=True, kw_only=True, tag="seen"):
    """The visitor has the lines up to this one before their eyes: no copy need go by email."""

    seq: int


class Ping(Struct, frozen=True, kw_only=True, tag="ping"):
    """The client asks whether the line is alive."""


Inbound: TypeAlias = Hello | Write | Reach | Seen | Ping

# --- to the browser -----------------------------------------------------------------------------


class State(Struct, frozen=True, kw_only=True, tag="state"):
    """Who answers and by when; sent whenever it changes."""

    #: Our clock, so that a countdown is right on a computer whose clock is not.
    at: datetime
    #: Whether somebody who could answer is present.
    present: bool
    standing: Standing | None


class Welcome(Struct, frozen=True, kw_only=True, tag="welcome"):
    """The answer to hello."""

    v: int = VERSION
    #: To be kept and given back in the next hello.
    token: str
    #: Name of the visitor's thread.
    session: str
    verified: bool
    name: str
    #: Seconds between pings of the client.
    heartbeat_s: float


class Lines(Struct, frozen=True, kw_only=True, tag="lines"):
    """Lines of the conversation, in order of seq; a client drops those it knows."""

    lines: list[Line]


class Ack(Struct, frozen=True, kw_only=True, tag="ack", omit_defaults=True):
    """We have it, durably."""

    client_id: str
    #: The id that its line will have.
    key: str = ""
    at: datetime | None = None


class Nack(Struct, frozen=True, kw_only=True, tag="nack", omit_defaults=True):
    """We do not have it: keep it and try again after `after_s`, or tell the visitor why not."""

    client_id: str
    retry: bool
    #: unavailable, rate, too_long, empty, client_id, email.
    code: str
    text: str
    after_s: float = 0.0


class Pong(Struct, frozen=True, kw_only=True, tag="pong"):
    """The line is alive."""


class Fault(Struct, frozen=True, kw_only=True, tag="error"):
    """Why the connection is closed."""

    code: str
    text: str


Outbound: TypeAlias = Welcome | State | Lines | Ack | Nack | Pong | Fault

# --- closing codes ------------------------------------------------------------------------------

GOING_AWAY = 1001  # we shut down: connect again
BROKEN = 1011  # our fault: connect again
BUSY = 1013  # no room, or the store is away: connect again later
PROTOCOL = 4400  # a frame that cannot be understood
REFUSED = 4401  # the token or identity is not right: forget the token
SLOW = 4408  # too slow in reading, or no hello in time: connect again

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Inbound)


def encode(frame: Outbound) -> str:
    """Return the frame as one line of JSON."""
    return _encoder.encode(frame).decode()


def decode(data: str | bytes) -> Inbound:
    """Return the client's frame; raises msgspec.DecodeError with what is wrong where."""
    frame: Inbound = _decoder.decode(data)
    return frame
