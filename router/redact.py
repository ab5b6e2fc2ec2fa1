"""What may be said aloud: everything but what people wrote, who they are, and what opens doors."""

import re
import traceback
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import SplitResult

from yarl import URL

#: Keys whose values are never shown.
HIDDEN = frozenset(
    {
        "address", "addresses", "answer", "attachments", "attributes", "authorization", "body", "claims", "contact",
        "content", "cookie", "customer_name", "data", "draft", "email", "emails", "from", "full_text", "headers",
        "html", "identity", "line", "mail", "note", "password", "passwd", "payload", "phone", "raw", "recipient",
        "recipients", "rcpt", "sender", "sender_name", "secret", "secret_key", "snippet", "subject", "text", "to",
        "token", "transcript", "user", "username",
    }
)  # fmt: skip
HIDDEN_ENDINGS = (
    "_address",
    "_cookie",
    "_email",
    "_key",
    "_password",
    "_phone",
    "_secret",
    "_text",
    "_token",
)
#: Words of a URL's query, a header or a setting, with the value that follows.
NAMED = re.compile(
    r"(?i)\b((?:[\w-]*(?:password|passwd|secret|token|signature|api[_-]?key|code))\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s&,;]+)"
)
SCHEMED = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]+")
CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]*@")
ADDRESS = re.compile(r"[^\s@<>\"'(),:;=]+@[^\s@<>\"'(),;]+")
NOT_PHONE = r"\d{4}-\d\d-\d\d|\d+\.\d+(?![\d.])|\d{1,3}(?:\.\d{1,3}){3}(?!\d)"  # dates, fractions, IPv4
PHONE = re.compile(rf"(?<![\w.:/-])(?!{NOT_PHONE})(?:\+|00|\(\+?)?\d(?:[ ().-]{{0,2}}\d){{7,14}}(?![\w-])")
OPAQUE = re.compile(r"(?<![\w-])[\w-]{40,}(?![\w-])")
#: C0, DEL, C1, zero-width and direction marks, line separators, half pairs: what could forge or hide a log line.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
#: Finds anything that one of the patterns above might change; nearly every line has none.
SUSPECT = re.compile(
    r"(?i)@|(?:password|passwd|secret|token|signature|api[_-]?key|code)\s*[=:]|\b(?:bearer|basic)\s|"
    rf"\d(?:[ ().-]{{0,2}}\d){{7}}|[\w-]{{40}}|{CONTROL.pattern}"
)
LONGEST = 500
#: Types that are shown as text, redacted.
PLAIN = (str, Path, date, timedelta, SplitResult, URL)
#: Errors from these packages carry our words or a system's, not a customer's.
SPEAKING = (
    "aio_pika",
    "aiohttp",
    "aiormq",
    "aiosmtplib",
    "asyncio",
    "channels",
    "pymongo",
    "router",
    "rules",
    "ssl",
)


def redact(value: object) -> str:
    """Return the value as one line without addresses, numbers of people, tokens, passwords and control characters."""
    text = str(value)[: LONGEST * 2]
    if SUSPECT.search(text) is None:
        return text if len(text) <= LONGEST else text[:LONGEST] + "…"
    text = CREDENTIALS.sub("[hidden]@", text)
    text = SCHEMED.sub(r"\1 [hidden]", NAMED.sub(r"\1[hidden]", text))
    text = ADDRESS.sub(_address, text)
    text = OPAQUE.sub("[hidden]", PHONE.sub("[phone]", text))
    text = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _address(found: re.Match[str]) -> str:
    """Keep `[hidden]@host` of a URL, whose credentials are gone already."""
    return found[0] if found[0].endswith("[hidden]") or "[hidden]@" in found[0] else "[address]"


def clean(key: str, value: Any) -> Any:
    """Return what may be logged under the key: plain values, redacted; of anything else, only its type."""
    if _hidden(key):
        return "[hidden]"
    if type(value) is str:
        return redact(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clean(key, value)


def _clean(key: str, value: Any) -> Any:
    if isinstance(value, BaseException):
        return said(value)
    if isinstance(value, Mapping):
        return {redact(each): clean(str(each), inner) for each, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(key, inner) for inner in value]
    return redact(value) if isinstance(value, PLAIN) else f"<{type(value).__name__}>"


@cache
def _hidden(key: str) -> bool:
    name = key.lower()
    return name in HIDDEN or name.endswith(HIDDEN_ENDINGS)


def said(error: BaseException) -> str:
    """Return the error's class, and its words where they are ours or the system's.

    What a general error says may quote its input, and the input may be a message.
    """
    kind = type(error)
    if isinstance(error, OSError):
        return f"{kind.__name__}: {error.strerror or redact(error)}"
    if kind.__module__.partition(".")[0] in SPEAKING:
        return f"{kind.__name__}: {redact(error)}"
    return kind.__name__


def trace(error: BaseException, frames: TracebackType | None = None) -> list[str]:
    """Return where the error came from, one `file:line function` each, and what it and its causes said."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        at = traceback.extract_tb(frames if current is error and frames else current.__traceback__)
        lines += [
            said(current),
            *(f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in at),
        ]
        if isinstance(current, BaseExceptionGroup):
            for inner in current.exceptions[:5]:
                lines += ["  | " + line for line in trace(inner)]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return lines
