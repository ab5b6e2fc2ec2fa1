"""Header fields: unfolded, decoded, by name."""

import base64
import binascii
import re
from collections.abc import Iterable

from channels.email.mime import charset

#: Longest value read, characters; what follows is of no use to anybody.
_LONGEST = 65_536
_WORD = re.compile(r"=\?([\w.:+-]+)(?:\*[\w-]*)?\?([bBqQ])\?([^?]*)\?=")
_Q_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_ID = re.compile(r"<([^<>\s]{1,250})>")
_BARE_ID = re.compile(r"^[^<>\s,;]{1,250}@[^<>\s,;]{1,250}$")


class Headers:
    """The header fields of one mail or part, in order, names without regard to case."""

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        """Take raw (name, value) pairs as the standard library's parser found them."""
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            self._values.setdefault(name.lower(), []).append(value)

    def all(self, name: str) -> list[str]:
        """Return every value of the field, unfolded, not decoded."""
        return [_unfold(value) for value in self._values.get(name, ())]

    def get(self, name: str) -> str:
        """Return the first value of the field, unfolded; "" when there is none."""
        values = self._values.get(name)
        return _unfold(values[0]) if values else ""

    def count(self, name: str) -> int:
        """Return how many fields have this name."""
        return len(self._values.get(name, ()))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def first(self, names: Iterable[str]) -> str:
        """Return the first of these names that is present; "" when none is."""
        return next((name for name in names if name in self._values), "")

    def text(self, name: str) -> str:
        """Return the field for reading: decoded, on one line."""
        return charset.line(words(self.get(name)))


def words(value: str) -> str:
    """Decode the encoded words of RFC 2047, also where they are broken or split inside a character."""
    if "=?" not in value:
        return value
    out: list[str] = []
    held, label, end = b"", "", 0
    for match in _WORD.finditer(value):
        gap = value[end : match.start()]
        joined = bool(label) and not gap.strip()
        if not joined or match[1].lower() != label:
            out.append(charset.decode(held, label))
            held = b""
        if not joined:
            out.append(gap)
        held, label, end = held + _payload(match[2], match[3]), match[1].lower(), match.end()
    return "".join([*out, charset.decode(held, label), value[end:]])


def ids(value: str, most: int = 30) -> list[str]:
    """Return the message ids in a Message-ID, In-Reply-To or References value, without brackets."""
    found = [match[1] for match in _ID.finditer(value)]
    if not found and _BARE_ID.match(value.strip()):
        found = [value.strip()]
    return found if len(found) <= most else [found[0], *found[1 - most :]]


def _payload(encoding: str, data: str) -> bytes:
    raw = data.encode("ascii", "ignore")
    if encoding in "qQ":
        return _Q_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), raw.replace(b"_", b" "))
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return raw


def _unfold(value: str) -> str:
    """Return one line; bytes above ASCII that came unencoded are read as UTF-8 or Latin."""
    value = value[:_LONGEST].replace("\r", "").replace("\n", "").strip()
    if value.isascii():
        return value
    return charset.decode(value.encode("utf-8", "surrogateescape"))
