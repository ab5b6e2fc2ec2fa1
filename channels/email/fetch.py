"""Fetching mails one by one, so that one which the server cannot hand over holds up no other."""

from collections.abc import Sequence
from typing import Any

import structlog
from msgspec import Struct

from channels.email.imap import Imap
from channels.email.trouble import Said, ServerTrouble

#: Tries at one mail before only its headers are asked for, and then nothing any more.
TRIES = 4
#: What stands for a mail of which nothing could be fetched.
_STAND_IN = b"Subject: A mail that could not be fetched\r\nX-UID: %d\r\n\r\n"

_log = structlog.get_logger(__name__)


class Fetched(Struct, frozen=True, kw_only=True):
    """A mail, or what could be had of it."""

    raw: bytes
    #: Why it is not whole; "" when it is.
    unread: str


class Mails:
    """The mails of one folder as its server hands them over."""

    def __init__(self, most: int) -> None:
        """Take how many bytes of a mail are fetched at most; of a larger one its headers are."""
        self._most = most
        #: What went wrong with mails that the server could not hand over, by UIDVALIDITY and UID.
        self._failures: dict[tuple[int, int], list[str]] = {}

    async def facts(self, imap: Imap, uids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return size and date of the mails; of none when the server fails on one of them."""
        try:
            return await imap.fetch(uids, "(UID RFC822.SIZE INTERNALDATE)")
        except Said as error:
            _log.warning("mail server gives no sizes", error=str(error)[:100])
            return {}

    async def fetch(self, imap: Imap, uidvalidity: int, uid: int, size: str) -> Fetched | None:
        """Fetch one mail, or its headers if there is no more to be had; None when it is gone.

        Raises ServerTrouble the first times that the server cannot hand it over; after that the mail comes
        without what it lacks, as the next ones wait for it.
        """
        failures = self._failures.setdefault((uidvalidity, uid), [])
        unread = _too_large(int(size), self._most) if size.isdigit() and int(size) > self._most else ""
        if len(failures) >= TRIES:
            unread = (
                f"The mail server could not hand this mail over ({failures[0]}). Look at it in the mailbox."
            )
        raw: bytes | None = _STAND_IN % uid
        if len(failures) <= TRIES:
            try:
                raw = await self._section(imap, uid, "BODY[HEADER]" if unread else "BODY[]")
            except ServerTrouble as error:
                failures.append(str(error)[:200])
                raise
        del self._failures[uidvalidity, uid]
        return None if raw is None else Fetched(raw=raw, unread=unread)

    async def _section(self, imap: Imap, uid: int, section: str) -> bytes | None:
        """Fetch a part of one mail; None when it is gone. Raises ServerTrouble when it is there without it."""
        what = f"(UID {section.replace('BODY', 'BODY.PEEK')})"
        found = await imap.fetch([uid], what, self._most + 65_536)
        raw = found.get(uid, {}).get(section)
        if isinstance(raw, bytes):
            return raw
        if uid in await imap.search("UID", str(uid)):
            raise ServerTrouble("it has the mail, and gives none of it")
        return None


def _too_large(size: int, most: int) -> str:
    return (
        f"This mail is {size // 1024} kB and larger than the {most // 1024} kB this account takes in. "
        "It is still in the mailbox; raise `max_size` to take in such mails."
    )
