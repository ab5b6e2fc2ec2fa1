"""A mailbox: folders of mails with the numbers that IMAP knows them by."""

import asyncio
from datetime import UTC, datetime
from email.parser import BytesHeaderParser

from msgspec import Struct

SEEN = "\\Seen"


class Mail(Struct, kw_only=True):
    """One mail in a folder."""

    uid: int
    raw: bytes
    at: datetime
    flags: set[str]

    @property
    def head(self) -> bytes:
        """The header with the empty line after it."""
        head, gap, _ = self.raw.partition(b"\r\n\r\n")
        return head + gap

    def field(self, name: str) -> str:
        """Return a header field; "" when there is none."""
        return str(BytesHeaderParser().parsebytes(self.head).get(name, ""))


class Folder:
    """One folder; UIDs grow and never come again under one UIDVALIDITY."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.uidvalidity = 1_700_000_000
        self.uidnext = 1
        self.mails: list[Mail] = []
        self._changed = asyncio.Event()
        #: Set once somebody has opened it.
        self.opened = asyncio.Event()

    def append(self, raw: bytes, *, seen: bool = False, announce: bool = True) -> Mail:
        """Add a mail; without `announce` nobody is told, as announcements may get lost."""
        flags = {SEEN} if seen else set()
        mail = Mail(uid=self.uidnext, raw=raw, at=datetime.now(UTC), flags=flags)
        self.uidnext += 1
        self.mails.append(mail)
        if announce:
            self.tell()
        return mail

    def remove(self, uid: int) -> None:
        """Take a mail out, as another program may."""
        self.mails = [mail for mail in self.mails if mail.uid != uid]

    def renumber(self) -> None:
        """Give all mails new UIDs under a new UIDVALIDITY, as a server does that was restored."""
        self.uidvalidity += 1
        for number, mail in enumerate(self.mails, 1):
            mail.uid = number
        self.uidnext = len(self.mails) + 1

    def tell(self) -> None:
        """Wake whoever waits for changes."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def changed(self) -> asyncio.Event:
        """Return what is set at the next change."""
        return self._changed


class Box:
    """The folders of one user."""

    def __init__(self, user: str, password: str) -> None:
        """Take who may open it."""
        self.user, self.password = user, password
        self.folders = {name: Folder(name) for name in ("INBOX", "Sent")}

    @property
    def inbox(self) -> Folder:
        """Where mail comes in."""
        return self.folders["INBOX"]

    @property
    def sent(self) -> Folder:
        """Where mail goes that went out."""
        return self.folders["Sent"]

    def folder(self, name: str) -> Folder | None:
        """Return the folder; INBOX is known in any case of letters (RFC 3501 section 5.1)."""
        return self.folders.get("INBOX" if name.upper() == "INBOX" else name)
