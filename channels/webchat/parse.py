"""From what a visitor's browser sent to the Message that the router takes; no input, no output."""

import re
import unicodedata
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

import msgspec
from msgspec import Struct

from channels.message import Identity, Kind, Message
from channels.webchat.errors import Refusal
from channels.webchat.frames import Hello, Inbound, Reach, Write, decode
from channels.webchat.session import Pass

CHANNEL = "webchat"

_CLIENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_LONGEST_EMAIL = 254
_LONGEST_NAME = 80


class Visitor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who writes: what is proved about them, and apart from it what they say of themselves."""

    proved: Pass
    #: Only claimed.
    name: str = ""
    email: str = ""
    zone: str = ""


class Arrival(Struct, frozen=True, kw_only=True):
    """Where and when a frame arrived."""

    account: str
    at: datetime
    max_length: int


def frame(data: str | bytes) -> Inbound:
    """Return the frame. Raises Refusal when it is none."""
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal("frame", f"Not a frame of this protocol: {error}") from error


def visitor(hello: Hello, proved: Pass) -> Visitor:
    """Return who says hello; claims that make no sense are dropped, as nothing rests on them."""
    claimed = hello.identity
    name = hello.name or (claimed.name if claimed else "")
    email = hello.email or (claimed.email if claimed else "")
    return Visitor(
        proved=proved, name=_name(name), email=email.strip() if address(email) else "", zone=_zone(hello.zone)
    )


def message(write: Write, by: Visitor, arrival: Arrival) -> Message:
    """Return what the visitor wrote. Raises Refusal when it cannot be taken as it is."""
    text = clean(write.text)
    if not text:
        raise Refusal("empty", "The message has no text.")
    if len(text) > arrival.max_length:
        raise Refusal("too_long", f"The message has more than {arrival.max_length} characters.")
    return msgspec.structs.replace(_from(by, arrival, write.client_id), text=text)


def contact(reach: Reach, by: Visitor, arrival: Arrival) -> Message:
    """Return the note that the visitor can be reached elsewhere: kind `status`, reason `contact`, a claim."""
    if not address(reach.email):
        raise Refusal("email", "That is not an email address.")
    by = msgspec.structs.replace(by, email=reach.email.strip(), name=_name(reach.name) or by.name)
    return msgspec.structs.replace(_from(by, arrival, reach.client_id), kind=Kind.STATUS, reason="contact")


def clean(text: str) -> str:
    """Return the text without control characters, in composed form, trimmed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def address(email: str) -> str:
    """Return the address in lower case; "" when it is none."""
    email = email.strip().lower()
    return email if len(email) <= _LONGEST_EMAIL and _EMAIL.fullmatch(email) else ""


def _from(by: Visitor, arrival: Arrival, client_id: str) -> Message:
    if not _CLIENT_ID.fullmatch(client_id):
        raise Refusal("client_id", "client_id must be a UUID in lower case.")
    proved = by.proved
    facts = proved.attributes
    return Message(
        key=f"wc:{proved.session}:{client_id}",
        channel=CHANNEL,
        account=arrival.account,
        received_at=arrival.at,
        sender=Identity(
            kind="chat", address=proved.session, name=proved.name or by.name, verified=proved.verified
        ),
        claims=_claims(by),
        thread=proved.session,
        language=facts.get("language", "") if _LANGUAGE.fullmatch(facts.get("language", "")) else "",
        zone=_zone(facts.get("zone", "")) or by.zone,
        attributes=facts,
    )


def _claims(by: Visitor) -> tuple[Identity, ...]:
    """Return the mail addresses, the one that the site signed, then the one only typed; then the signed number."""
    proved = by.proved
    signed = address(proved.email)
    found = [Identity(kind="email", address=signed, name=proved.name, verified=True)] if signed else []
    typed = address(by.email)
    if typed and typed != signed:
        spelling = by.email if by.email != typed else ""
        found.append(Identity(kind="email", address=typed, name=by.name, spelling=spelling))
    number = re.sub(r"[ ()./-]", "", proved.attributes.get("phone", ""))
    if proved.verified and _PHONE.fullmatch(number):
        found.append(Identity(kind="phone", address=number, name=proved.name, verified=True))
    return tuple(found)


def _name(name: str) -> str:
    return clean(" ".join(name.split()))[:_LONGEST_NAME]


def _zone(zone: str) -> str:
    return zone if zone in _zones() else ""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
