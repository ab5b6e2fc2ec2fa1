"""Writes what each recorded mail is expected to become; read the difference before you commit it.

Run as `python -m channels.email.testdata.make`. To add a case, put `name.in.eml` beside this file first.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from channels.email.parse import parse
from channels.email.view import Parsed, View

HERE = Path(__file__).parent
#: The account of all recorded mails.
VIEW = View(addresses=("help@example.com",), lists=("support.groups.example.net",), authserv="mx.example.com")


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


def main() -> None:
    """Write every `*.out.json`."""
    for path in sorted(HERE.glob("*.in.eml")):
        result = readable(parse(path.read_bytes(), VIEW))
        out = path.with_name(path.name.replace(".in.eml", ".out.json"))
        out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
