"""From what the provider and our own form send to the values that the channel works with; no input, no output."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from channels.message import Identity, Kind, Message

CHANNEL = "phone"

LONGEST_NAME = 80
LONGEST_TEXT = 1000

_SID = re.compile(r"CA[0-9a-zA-Z]{10,64}")
_DIGITS = re.compile(r"[0-9*#]{0,40}")
#: The carrier has signed that the caller may use the number (ATIS-1000074, full attestation).
_PROVED = re.compile(r"TN-Validation-Passed-A\b")


class Call(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one webhook says of a call."""

    sid: str
    #: The leg that dialled this one.
    parent: str = ""
    caller: str = ""
    #: queued, initiated, ringing, in-progress, completed, busy, failed, no-answer or canceled.
    status: str = ""
    digits: str = ""
    #: What a caller said, as the provider understood it.
    speech: str = ""
    #: True when the carrier has signed that the caller may use the number.
    proved: bool = False
    #: Grows with each status callback of a call; they may arrive in any order.
    sequence: int = 0
    #: human, machine_start, machine_end_beep, …, fax or unknown.
    answered_by: str = ""
    #: Of a Dial that has ended.
    dial_status: str = ""
    dial_sid: str = ""
    dial_s: float = 0.0
    #: Seconds, once the call has ended.
    duration_s: float = 0.0

    @property
    def machine(self) -> bool:
        """Tell whether no person took the call."""
        return self.answered_by.startswith("machine") or self.answered_by == "fax"


class Wish(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody wants to be called."""

    #: Name of the request's own thread, and the key under which it is stored once.
    thread: str
    key: str
    #: E.164.
    number: str
    name: str = ""
    #: What it is about: a choice of the menu.
    about: str = ""
    text: str
    at: datetime
    not_before: datetime | None = None
    language: str = ""
    zone: str = ""
    #: True when the number is proved to be the customer's.
    proved: bool = False


def call(form: Mapping[str, str]) -> Call:
    """Return what the webhook says. Raises ValueError when it speaks of no call."""
    sid = form.get("CallSid", "")
    if not _SID.fullmatch(sid):
        raise ValueError("CallSid is missing or is none")
    digits = form.get("Digits", "")
    return Call(
        sid=sid,
        parent=form.get("ParentCallSid", "")[:64],
        caller=_caller(form.get("From", form.get("Caller", ""))[:64]),
        status=form.get("CallStatus", "")[:32],
        digits=digits if _DIGITS.fullmatch(digits) else "",
        speech=clean(form.get("SpeechResult", ""), LONGEST_TEXT),
        proved=bool(_PROVED.match(form.get("StirVerstat", ""))),
        sequence=_whole(form.get("SequenceNumber", "")),
        answered_by=form.get("AnsweredBy", "")[:32],
        dial_status=form.get("DialCallStatus", "")[:32],
        dial_sid=form.get("DialCallSid", "")[:64],
        dial_s=float(_whole(form.get("DialCallDuration", ""))),
        duration_s=float(_whole(form.get("CallDuration", ""))),
    )


def message(wish: Wish, account: str) -> Message:
    """Return the message of somebody who wants to be called."""
    return Message(
        key=wish.key,
        channel=CHANNEL,
        account=account,
        received_at=wish.at,
        sender=Identity(kind="phone", address=wish.number, name=wish.name, verified=wish.proved),
        subject=wish.about,
        text=wish.text,
        thread=wish.thread,
        message_id=f"tw:{wish.thread}",
        language=wish.language,
        zone=wish.zone,
        not_before=wish.not_before,
    )


class Talk(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a call that a person of ours took part in, or was to."""

    key: str
    account: str
    thread: str
    at: datetime
    #: Whoever spoke: their number and name; for what software did, our own number.
    number: str
    name: str = ""
    text: str
    #: A name by which the case can be found where it is no case of this channel.
    cite: str = ""
    not_before: datetime | None = None


def spoke(talk: Talk) -> Message:
    """Return that a person of ours has spoken with the customer."""
    return Message(
        key=talk.key,
        channel=CHANNEL,
        account=talk.account,
        kind=Kind.AGENT,
        received_at=talk.at,
        sender=Identity(kind="phone", address=talk.number, name=talk.name, verified=True),
        text=talk.text,
        thread=talk.thread,
        references=(talk.cite,) if talk.cite and not talk.thread else (),
    )


def missed(talk: Talk) -> Message:
    """Return that the customer was not reached, and when they are tried again (None: never by software)."""
    return Message(
        key=talk.key,
        channel=CHANNEL,
        account=talk.account,
        kind=Kind.STATUS,
        received_at=talk.at,
        sender=Identity(kind="phone", address=talk.number, verified=True),
        thread=talk.thread,
        reason=talk.text,
        not_before=talk.not_before,
    )


def clean(text: str, longest: int) -> str:
    """Return the text without control characters, in composed form, trimmed and cut."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return unicodedata.normalize("NFC", "".join(kept)).strip()[:longest]


def line(text: str, longest: int = LONGEST_NAME) -> str:
    """Return the text on one line."""
    return clean(" ".join(text.split()), longest)


def _caller(text: str) -> str:
    """Return the caller; where a plus was not escaped, the form has a space in its place."""
    number = text.strip()
    return f"+{number}" if text.startswith(" ") and number.isdigit() else number


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
