"""How far a folder has been read, and how to go on when the server renumbers it."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec
from msgspec import Struct

#: Mails remembered by their headers, for the day the server renumbers the folder.
REMEMBERED = 400
#: Days looked back then; days of servers are not days of UTC.
LOOK_BACK = timedelta(days=2)
#: How much the server's clock may be off.
CLOCKS_DIFFER = timedelta(minutes=5)
#: The header fields that tell a mail from others.
FIELDS = "MESSAGE-ID DATE FROM SUBJECT"

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_FIELD = re.compile(
    rb"^(message-id|date|from|subject):((?:[^\n]*\n[ \t])*[^\n]*)", re.IGNORECASE | re.MULTILINE
)


class Position(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a folder between two looks; it is the value of the cursor."""

    uidvalidity: int
    #: The highest UID taken in.
    uid: int
    #: The day of the import that was done; "" = none.
    imported: str = ""
    #: Marks of the mails taken in last, oldest first.
    marks: tuple[str, ...] = ()
    #: When we first read the folder, and when the newest mail taken in reached the server (ISO, UTC).
    connected: str = ""
    newest: str = ""

    def dump(self) -> str:
        """Return the cursor's value."""
        return msgspec.json.encode(self).decode()

    def taken(self, uid: int, marks: Iterable[str], newest: str = "") -> "Position":
        """Return the position after further mails were stored."""
        known = tuple(dict.fromkeys([*self.marks, *(mark for mark in marks if mark)]))
        return msgspec.structs.replace(
            self, uid=max(self.uid, uid), marks=known[-REMEMBERED:], newest=max(self.newest, newest)
        )

    def unknown_since(self) -> date:
        """Return from which day on there may be mails that were never taken in."""
        return datetime.fromisoformat(max(self.newest, self.connected)).date() - LOOK_BACK

    def before_us(self, arrived_at: str) -> bool:
        """Tell whether a mail was there before the account was connected; clocks may differ a little."""
        start = datetime.fromisoformat(self.connected) - CLOCKS_DIFFER
        return bool(arrived_at) and datetime.fromisoformat(arrived_at) < start


def load(value: str) -> Position | None:
    """Return the saved position; None for a folder never read, or when it cannot be understood."""
    try:
        return msgspec.json.decode(value, type=Position) if value else None
    except msgspec.DecodeError:
        return None


def mark(raw: bytes) -> str:
    """Return what tells this mail from others, from its headers; "" when it has none of them."""
    end = min((at for at in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if at >= 0), default=len(raw))
    fields = sorted(
        (name.lower(), b" ".join(value.split())) for name, value in _FIELD.findall(raw[:end][:65_536])
    )
    if not fields:
        return ""
    return hashlib.sha256(repr(fields).encode()).hexdigest()[:12]


def arrived(internaldate: object) -> str:
    """Return IMAP's INTERNALDATE as ISO in UTC; "" when it is missing or odd."""
    text = internaldate.decode("ascii", "replace") if isinstance(internaldate, bytes) else ""
    try:
        return parsedate_to_datetime(text.strip().replace("-", " ", 2)).astimezone(UTC).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def imap_day(day: date) -> str:
    """Return the day as IMAP's SEARCH wants it, whatever the language of this machine."""
    return f"{day.day}-{_MONTHS[3 * day.month - 3 : 3 * day.month]}-{day.year}"
