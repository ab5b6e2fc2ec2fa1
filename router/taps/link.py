"""The signed link in a note: it names a conversation and one of its waits, and cannot be guessed.

A token holds nothing personal: what the link is for and until when it works, the conversation's id, a mark
of the wait that it speaks of, and a signature; 48 letters and digits, in which case does not count.
"""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from msgspec import Struct

from router.conversation import Conversation, NoteKind
from router.house import House

#: Characters of a token, and where the page that it opens lies below the public address.
LENGTH = 48
PATH = "/t/"
#: A link works for so long after the time that its note names.
WORKS_FOR = timedelta(days=14)

#: Bytes of the parts: purpose and hour together, conversation, wait, signature (80 bits of HMAC-SHA256).
_HOUR, _HOME, _WAIT, _SIGNED = 3, 12, 5, 10
_PURPOSE_SHIFT = 22
_PREFIX = "cv_"
_LINK = re.compile(rf"\S+{PATH}[a-z2-7]{{{LENGTH}}}")


class Purpose(IntEnum):
    """What a link is for."""

    #: To say in a running wait what suits the customer.
    WAIT = 0
    #: To say after an answer whether it settled the matter.
    CHECK = 1


#: The notes that carry a link.
PURPOSES = {
    NoteKind.FIRST: Purpose.WAIT,
    NoteKind.RENEWAL: Purpose.WAIT,
    NoteKind.FOLLOWUP: Purpose.CHECK,
}


class Tap(Struct, frozen=True, kw_only=True):
    """What a token says."""

    purpose: Purpose
    #: Conversation id.
    conversation: str
    #: The mark of what the note was about, see `mark`.
    wait: bytes
    #: When the link ends; a full hour.
    until: datetime


def link(house: House, conversation: Conversation, kind: NoteKind, trigger: str, at: datetime) -> str:
    """Return the link for a note of the kind about the trigger; "" where the note carries none.

    It ends some days after `at`, the time that the note names, so the same note always has the same link.
    """
    purpose = PURPOSES.get(kind)
    account = house.account(conversation.channel, conversation.account)
    able = account.links and account.style not in {"public", "spoken"} and not conversation.public
    wanted = house.book.policy(conversation.channel).customer_links
    if purpose is None or not (house.links_url and able and wanted and _packable(conversation.id)):
        return ""
    made = Tap(
        purpose=purpose, conversation=conversation.id, wait=mark(trigger), until=_whole_hour(at + WORKS_FOR)
    )
    return house.links_url.rstrip("/") + PATH + token(key(house.secret), made)


def key(secret: bytes) -> bytes:
    """Return the key for links, of the key for reply tokens, so that it signs nothing else."""
    return hmac.new(secret, b"customer links", hashlib.sha256).digest()


def mark(trigger: str) -> bytes:
    """Return the mark by which a token names what a note was about."""
    return hashlib.sha256(trigger.encode()).digest()[:_WAIT]


def token(secret: bytes, tap: Tap) -> str:
    """Return the token that says this."""
    hours = int(tap.until.timestamp()) // 3600 | tap.purpose << _PURPOSE_SHIFT
    home = bytes.fromhex(tap.conversation.removeprefix(_PREFIX))
    said = hours.to_bytes(_HOUR) + home + tap.wait
    return base64.b32encode(said + _signature(secret, said)).decode().lower()


def read(secret: bytes, text: str) -> Tap | None:
    """Return what a token says; None when it is incomplete or not ours."""
    try:
        found = base64.b32decode(text.upper().encode())
    except (binascii.Error, ValueError):
        return None
    said, signed = found[:-_SIGNED], found[-_SIGNED:]
    if len(text) != LENGTH or not hmac.compare_digest(signed, _signature(secret, said)):
        return None
    hours = int.from_bytes(said[:_HOUR])
    return Tap(
        purpose=Purpose(hours >> _PURPOSE_SHIFT),
        conversation=_PREFIX + said[_HOUR : _HOUR + _HOME].hex(),
        wait=said[_HOUR + _HOME :],
        until=datetime.fromtimestamp((hours & (1 << _PURPOSE_SHIFT) - 1) * 3600, UTC),
    )


def hidden(text: str) -> str:
    """Return the text of a note for colleagues: a link is the customer's, nobody else is to decide for them."""
    return _LINK.sub("[the customer's link]", text)


def _signature(secret: bytes, said: bytes) -> bytes:
    return hmac.new(secret, b"tap\n" + said, hashlib.sha256).digest()[:_SIGNED]


def _packable(conversation: str) -> bool:
    """Tell whether the id fits into a token, as every id that the router makes does."""
    digits = conversation.removeprefix(_PREFIX)
    return len(digits) == 2 * _HOME and not digits.strip("0123456789abcdef")


def _whole_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
