"""Whether the sender is who the mail says, as the server that received it for us has judged."""

import re

from channels.email.mime import address
from channels.email.mime.header import Headers
from channels.email.view import MICROSOFT, View

_COMMENT = re.compile(r"\([^()]{0,500}\)")
_RESULT = re.compile(r"^\s*(dmarc|dkim)\s*=\s*([a-z]+)", re.IGNORECASE)
_SIGNER = re.compile(r"header\.(?:d|i)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


def judge(headers: Headers, view: View, sender: str) -> tuple[bool, str]:
    """Return whether the sender is proven, and why they are in doubt ("" when they are not).

    Only Authentication-Results of the configured server count (RFC 8601 section 7.1): anybody can
    write the others. The topmost wins, as each server adds its own on top.
    """
    dmarc, signed = "", False
    for method, result, signer in _trusted(headers, view):
        if method == "dmarc":
            dmarc = dmarc or result
        elif result == "pass":
            signed = signed or _aligned(signer, sender)
    if dmarc == "fail":
        return False, "DMARC failed: the sender's domain says that this mail is not from it"
    return dmarc == "pass" or (signed and not dmarc), ""


def _trusted(headers: Headers, view: View) -> list[tuple[str, str, str]]:
    found = []
    for value in _ours(headers, view):
        for clause in value.split(";"):
            match = _RESULT.match(clause)
            if match:
                signer = _SIGNER.search(clause)
                found.append((match[1].lower(), match[2].lower(), signer[1] if signer else ""))
    return found


def _ours(headers: Headers, view: View) -> list[str]:
    values = [_COMMENT.sub(" ", value) for value in headers.all("authentication-results")]
    if not view.authserv:
        return []
    if view.authserv == MICROSOFT:
        return [value for value in values[:1] if "=" in value.partition(";")[0]]
    return [value for value in values if _server(value) == view.authserv]


def _server(value: str) -> str:
    words = value.partition(";")[0].split()
    return words[0].lower() if words else ""


def _aligned(signer: str, sender: str) -> bool:
    """Tell whether the signing domain is the sender's or one above it (relaxed alignment, RFC 7489 3.1.1)."""
    signed_by = signer.rpartition("@")[2].lower().rstrip(".")
    domain = address.domain_of(sender)
    return "." in signed_by and (domain == signed_by or domain.endswith(f".{signed_by}"))
