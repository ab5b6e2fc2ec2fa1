"""Mail addresses: read from headers in linear time, and compared."""

import re

from channels.email.mime import charset, header

#: Most addresses read from one field; nobody reads on.
MOST = 200
_LONGEST = 320  # RFC 5321 4.5.3.1: 64 local, 255 domain
_SIMPLE = re.compile(r'^(?:"?([^"<>,;:()\\@]*)"?\s*)<([^<>\s,;:"()]+@[^<>\s,;:"()@]+)>$')
_VALID = re.compile(r"^[^\s<>(),;:\\\"@\x00-\x1f\x7f]+@[^\s<>(),;:\\\"@\[\]\x00-\x1f\x7f]+$")


def addresses(value: str) -> list[tuple[str, str]]:
    """Return (name, address) pairs of a From, To or similar field; what is no address is left out."""
    simple = _SIMPLE.match(value)
    if simple:
        return [(_name(simple[1]), simple[2])] if valid(simple[2]) else []
    found = []
    for entry in _entries(value):
        name, address = _entry(entry)
        if valid(address):
            found.append((_name(name), address))
        if len(found) == MOST:
            break
    return found


def valid(address: str) -> bool:
    """Tell whether mail can be sent to it: one local part, one domain, nothing that breaks a header."""
    return len(address) <= _LONGEST and _VALID.match(address) is not None


def normal(address: str) -> str:
    """Return the form in which equal mailboxes have equal addresses: lower case, ASCII domain."""
    local, _, domain = address.rpartition("@")
    domain = domain.rstrip(".").lower()
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            domain = domain.casefold()
    return f"{local.casefold()}@{domain}"


def domain_of(address: str) -> str:
    """Return the part after the @, lower case."""
    return address.rpartition("@")[2].rstrip(".").lower()


def unplus(address: str) -> tuple[str, str]:
    """Split `help+abc@example.com` into the address without, and the part after the plus."""
    local, _, domain = address.rpartition("@")
    base, plus, detail = local.partition("+")
    return (f"{base}@{domain}", detail) if plus and base else (address, "")


def _name(text: str) -> str:
    return charset.line(header.words(text.strip()).strip("\"' "), 100)


def _entries(value: str) -> list[str]:
    """Split at the commas and semicolons outside quotes, comments and brackets; drop group names."""
    found: list[str] = []
    start, quoted, depth = 0, False, 0
    for at in range(len(value)):
        char = value[at]
        if char == '"' and value[at - 1 : at] != "\\" and not depth:
            quoted = not quoted
        elif quoted:
            continue
        elif char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif char in ",;":
            found.append(value[start:at])
            start = at + 1
        elif char == ":" and "<" not in value[start:at][-80:]:
            start = at + 1
        if len(found) == MOST:
            return found
    return [*found, value[start:]]


def _entry(entry: str) -> tuple[str, str]:
    """Return (name, address) of one entry: `Name <address>`, `address (Name)` or `address`."""
    before, bracket, rest = entry.rpartition("<")
    if bracket:
        return before.replace('\\"', '"'), rest.partition(">")[0].strip()
    bare, paren, comment = entry.partition("(")
    return (comment.rpartition(")")[0] if paren else ""), bare.strip()
