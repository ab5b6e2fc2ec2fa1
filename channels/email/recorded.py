"""What parse makes of one recorded mail: one test for all channels compares it with what is expected."""

import hashlib
import json
from typing import Any

import msgspec

from channels.email.parse import parse
from channels.email.view import Parsed, View

#: The account of all recorded mails.
VIEW = View(addresses=("help@example.com",), lists=("support.groups.example.net",), authserv="mx.example.com")


def parsed(recorded: bytes) -> object:
    """Return what is read from the mail, as JSON values."""
    return readable(parse(recorded, VIEW))


def readable(parsed: Parsed) -> dict[str, Any]:
    """Return the value as JSON for people: HTML as text, files by size and digest."""
    found: dict[str, Any] = json.loads(
        msgspec.json.encode(msgspec.structs.replace(parsed, html=b"", files=()))
    )
    if parsed.html:
        found["html"] = parsed.html.decode()
    if parsed.files:
        found["files"] = [
            [one.name, one.content_type, len(one.data), hashlib.sha256(one.data).hexdigest()[:12]]
            for one in parsed.files
        ]
    return found
