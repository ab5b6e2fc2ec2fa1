"""Whether the sender is who the mail says, as the server that received it for us has judged."""

import re

from channels.email.mime import address
from channels.email.mime.header import Headers
from channels.email.view import MICROSOFT, View

_RESULT = re.compile(r"^\s*(dmarc|dkim)\s*=\s*([a-z]+)", re.IGNORECASE)
_SIGNER = re.compile(r"header\.(?:d|i)\s*=\s*([^\s;]+)", re.IGNORECASE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SIMPLE = re.compile(r"[A-Za-z0-9@._-]+")
_NAME = re.compile(r"\s*([^\s;()]+)")
_MARKS = re.compile(r"(\\.|[()])", re.DOTALL)
#: What stands for a quoted text: it may be a stranger's, such as the address that a mail was sent from.
_SOMETHING = "?"


def judge(headers: Headers, view: View, sender: str) -> tuple[bool, str]:
    """Return whether the sender is proven, and why they are in doubt ("" when they are not).

    Only Authentication-Results of the configured server count (RFC 8601 section 7.1): anybody can
    write the others. The topmost wins, as each server adds its own on top; in one, the worst wins.
    """
    dmarc, signed = "", False
    for value in _ours(headers, view):
        if value is None:
            return False, "what our mail server says of the sender cannot be read"
        results = _results(value)
        found = [result for method, result, _ in results if method == "dmarc"]
        dmarc = dmarc or max(found, key=_badness, default="")
        signed = signed or any(
            method == "dkim" and result == "pass" and _aligned(signer, sender)
            for method, result, signer in results
        )
    if dmarc == "fail":
        return False, "DMARC failed: the sender's domain says that this mail is not from it"
    return dmarc == "pass" or (signed and not dmarc), ""


def _badness(result: str) -> int:
    return {"pass": 0, "fail": 2}.get(result, 1)


def _results(value: str) -> list[tuple[str, str, str]]:
    """Return method, result and signing domain of each clause that tells of them."""
    found = []
    for clause in value.split(";"):
        match = _RESULT.match(clause)
        if match:
            signer = _SIGNER.search(clause)
            found.append((match[1].lower(), match[2].lower(), signer[1] if signer else ""))
    return found


def _ours(headers: Headers, view: View) -> list[str | None]:
    """Return the values of our own server; None for one that cannot be read."""
    if not view.authserv:
        return []
    values = headers.all("authentication-results")
    if view.authserv == MICROSOFT:
        return [_bare(value) for value in values[:1] if "=" in value.partition(";")[0]]
    return [_bare(value) for value in values if _server(value) == view.authserv]


def _bare(value: str) -> str | None:
    """Return the value without comments and quoted texts; None where it is not clear where they end.

    What stands in them may be a stranger's words: `smtp.mailfrom="x; dmarc=pass"@example.org`.
    """
    text = _QUOTED.sub(lambda one: one[1] if _SIMPLE.fullmatch(one[1]) else _SOMETHING, value)
    kept, depth = [], 0
    for piece in _MARKS.split(text):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if depth < 0:
            return None
        if not depth:
            kept.append(" " if piece == ")" else piece)
    return None if depth or '"' in text else "".join(kept)


def _server(value: str) -> str:
    found = _NAME.match(_bare(value) or value)
    return found[1].lower() if found else ""


def _aligned(signer: str, sender: str) -> bool:
    """Tell whether the signing domain is the sender's or one above it (relaxed alignment, RFC 7489 3.1.1)."""
    signed_by = signer.rpartition("@")[2].lower().rstrip(".")
    domain = address.domain_of(sender)
    return "." in signed_by and (domain == signed_by or domain.endswith(f".{signed_by}"))
