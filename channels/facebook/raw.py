"""JSON from outside, read without trusting any of it."""

import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec


class Malformed(ValueError):
    """It is not what Facebook documents; the text says what was expected."""


def decode(body: bytes) -> Any:
    r"""Return the JSON value. Raises Malformed.

    What msgspec refuses may still be JSON to others: half of an emoji as a lone `\ud83d`, a number
    beyond all bounds. One message of that sort must not hold up the others of its batch.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON ({type(error).__name__})") from error


def table(value: Any, what: str) -> Mapping[str, Any]:
    """Return the value if it is an object. Raises Malformed."""
    if not isinstance(value, Mapping):
        raise Malformed(f"{what} is not an object")
    return value


def part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object under the key; an empty one when there is none."""
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def rows(value: Any, key: str) -> list[Mapping[str, Any]]:
    """Return the objects of the list under the key, or of `data` within it, as the Graph API nests them."""
    found = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(found, Mapping):
        found = found.get("data")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def word(value: Mapping[str, Any], key: str) -> str:
    """Return an id or another short word; numbers are taken for their digits."""
    found = value.get(key)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found[:4000] if isinstance(found, str) and "\n" not in found else ""


def needed(value: Mapping[str, Any], key: str) -> str:
    """Return an id that must be there. Raises Malformed."""
    found = word(value, key)
    if not found:
        raise Malformed(f"{key!r} is missing")
    return found


def text(value: Mapping[str, Any], key: str) -> str:
    """Return what somebody wrote: no control characters or broken halves, in composed form, trimmed."""
    found = value.get(key)
    if not isinstance(found, str):
        return ""
    plain = found.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in plain if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def from_ms(value: Any) -> datetime | None:
    """Return the instant of so many milliseconds since 1970; None when that makes no sense."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 4e12:
        return None
    return datetime.fromtimestamp(int(value) // 1000, UTC).replace(microsecond=int(value) % 1000 * 1000)


def from_s(value: Any) -> datetime | None:
    """Return the instant of so many seconds since 1970; None when that makes no sense."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return from_ms(value * 1000)


def from_date(value: str) -> datetime | None:
    """Return the instant of an HTTP `Date` header; None when there is none."""
    try:
        return parsedate_to_datetime(value).astimezone(UTC) if value else None
    except (ValueError, TypeError, OverflowError):
        return None


def from_iso(value: Any) -> datetime | None:
    """Return the instant as the Graph API writes it: `2026-11-20T10:00:00+0000`."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
