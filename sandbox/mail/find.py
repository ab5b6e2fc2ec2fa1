"""What IMAP's SEARCH and FETCH find in a folder (RFC 3501 sections 6.4.4, 6.4.5), as far as programs need it."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from sandbox.mail.box import SEEN, Folder, Mail

_SECTION = re.compile(r"BODY(?:\.PEEK)?\[([^\]]*)\](?:<(\d+)\.(\d+)>)?", re.IGNORECASE)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_FOLD = re.compile(rb"\r\n(?![ \t])")


class Unknown(Exception):
    """A key or an item that this server does not know."""


def uids(given: str, folder: Folder) -> list[Mail]:
    """Return the mails of a set such as `1:3,7,9:*`; `*` is the last one, whatever its number."""
    last = folder.mails[-1].uid if folder.mails else 0
    found = set()
    for part in given.split(","):
        low, _, high = part.partition(":")
        ends = [last if end == "*" else int(end) for end in (low, high or low)]
        found |= {mail.uid for mail in folder.mails if min(ends) <= mail.uid <= max(ends)}
    return [mail for mail in folder.mails if mail.uid in found]


def search(words: Sequence[str], folder: Folder) -> list[Mail]:
    """Return the mails that all keys fit. Raises Unknown or ValueError."""
    found, rest = list(folder.mails), list(words)
    while rest:
        key = rest.pop(0).upper()
        if key == "UID":
            wanted = uids(rest.pop(0), folder)
            found = [mail for mail in found if mail in wanted]
        elif key == "SINCE":
            day = datetime.strptime(rest.pop(0), "%d-%b-%Y").date()  # noqa: DTZ007  # IMAP's days have no zone
            found = [mail for mail in found if mail.at.date() >= day]
        elif key == "HEADER":
            name, text = rest.pop(0), rest.pop(0)
            found = [mail for mail in found if text.lower() in mail.field(name).lower()]
        elif key in {"SEEN", "UNSEEN"}:
            found = [mail for mail in found if (SEEN in mail.flags) is (key == "SEEN")]
        elif key != "ALL":
            raise Unknown(key)
    return found


def fetch(mail: Mail, number: int, what: str) -> bytes:
    """Return the FETCH answer for a mail with everything that was asked for."""
    parts = [f"UID {mail.uid}".encode(), *_plain(mail, _SECTION.sub(" ", what).upper())]
    for given, start, size in _SECTION.findall(what):
        section = given.strip()
        data = _section(mail, section)
        shown = f"BODY[{section}]"
        if size:
            data, shown = data[int(start) : int(start) + int(size)], f"{shown}<{start}>"
        parts.append(f"{shown} {{{len(data)}}}\r\n".encode() + data)
    return b"* %d FETCH (" % number + b" ".join(parts) + b")\r\n"


def _plain(mail: Mail, items: str) -> Iterator[bytes]:
    if "FLAGS" in items:
        yield f"FLAGS ({' '.join(sorted(mail.flags))})".encode()
    if "RFC822.SIZE" in items:
        yield f"RFC822.SIZE {len(mail.raw)}".encode()
    if "INTERNALDATE" in items:
        at = mail.at
        month = _MONTHS[3 * at.month - 3 : 3 * at.month]
        yield f'INTERNALDATE "{at.day:2}-{month}-{at.year} {at:%H:%M:%S} +0000"'.encode()


def _section(mail: Mail, section: str) -> bytes:
    name, _, fields = section.partition(" ")
    if not name:
        return mail.raw
    if name.upper() == "HEADER":
        return mail.head
    if name.upper() == "TEXT":
        return mail.raw[len(mail.head) :]
    if name.upper() != "HEADER.FIELDS":
        raise Unknown(section)
    wanted = {field.encode().lower() for field in fields.strip("() ").split()}
    lines = [
        line for line in _FOLD.split(mail.head.rstrip(b"\r\n")) if line.partition(b":")[0].lower() in wanted
    ]
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n"
