"""What people write of customers, in the form in which it is kept: addresses, names, attributes."""

import re
import unicodedata

from channels.message import Identity
from rules import names

LONGEST_NAME = 64
LONGEST_VALUE = 200

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]*")


def identity(kind: str, address: str, name: str = "") -> Identity:
    """Return the identity in the form in which channels name it; raises ValueError."""
    if not _ATTRIBUTE.fullmatch(kind):
        raise ValueError(f"{kind[:40]!r} is no kind of address; write email, chat or phone")
    given = address.strip()
    normal = {"email": _mailbox, "phone": names.phone}.get(kind, _plain)(given)
    spelling = given if kind == "email" and given != normal else ""
    return Identity(kind=kind, address=normal, name=name, spelling=spelling, verified=True)


def parsed(text: str) -> Identity:
    """Return the identity of `kind:address`, or of a bare mail address; raises ValueError."""
    kind, colon, address = text.strip().partition(":")
    if not colon:
        kind, address = "email", text
    return identity(kind.strip(), address)


def _mailbox(address: str) -> str:
    """Return a mail address in lower case with its domain in ASCII, as mail channels compare it."""
    local, _, domain = names.email(address).rpartition("@")
    domain = domain.rstrip(".").lower()
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            raise ValueError(f"{address!r} has a domain that cannot exist") from None
    return f"{local.casefold()}@{domain}"


def _plain(address: str) -> str:
    return _line(address, "an address")


def _line(text: str, what: str) -> str:
    if not text:
        raise ValueError(f"{what} is empty")
    if len(text) > LONGEST_VALUE:
        raise ValueError(f"{what} has {len(text)} characters; at most {LONGEST_VALUE} fit")
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise ValueError(f"{what} contains control characters; write it on one line")
    return text


def attribute_name(name: str) -> str:
    """Return the name if rules can ask for it as `customer.<name>`; raises ValueError."""
    if len(name) > LONGEST_NAME or not _ATTRIBUTE.fullmatch(name):
        raise ValueError(
            f"{name[:80]!r} cannot be an attribute: use a-z, 0-9 and _, a letter first, such as tier"
        )
    return name


def attribute(name: str, value: str) -> str:
    """Return the value in the form in which it is kept; raises ValueError. "" is never refused."""
    attribute_name(name)
    value = value.strip()
    if not value:
        return ""
    _line(value, f"the value of {name}")
    if name == "zone":
        return names.zone(value).key
    return names.language(value) if name == "language" else value


def checked_name(name: str) -> str:
    """Return a customer's name on one line; raises ValueError."""
    name = name.strip()
    return _line(name, "a name") if name else ""
