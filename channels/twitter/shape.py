"""The shapes that all of X's answers share: numbers, times, people, lists."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from channels.message import Identity
from channels.twitter import words

#: The kind of identity that people on X have.
KIND = "x"
#: Milliseconds from 1970 to the first of X's numbers, which carry their time.
_EPOCH_MS = 1288834974657
NUMBER = re.compile(r"[0-9]{1,20}")
_LONGEST_NAME = 80


class Strange(ValueError):
    """It is not of the shape that X documents; says what is missing."""


class People(Struct, frozen=True, kw_only=True):
    """Who is named beside posts and messages, by number."""

    known: Mapping[str, Identity] = {}
    #: Those labelled as automated accounts: two of them could talk for ever.
    robots: frozenset[str] = frozenset()

    def who(self, id_: str) -> Identity:
        """Return the person, by number alone where nothing more is known."""
        return self.known.get(id_) or Identity(kind=KIND, address=id_, verified=True)


def object_(value: object, what: str) -> Mapping[str, Any]:
    """Return the object. Raises Strange."""
    if not isinstance(value, Mapping):
        raise Strange(f"the {what} is no object")
    return value


def list_(value: object) -> list[Any]:
    """Return the list; an empty one for what is none."""
    return value if isinstance(value, list) else []


def number(data: Mapping[str, Any], key: str) -> str:
    """Return the number under the key, in digits. Raises Strange."""
    value = data.get(key)
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise Strange(f"{key} is no number in quotes")
    return value


def people(page: Mapping[str, Any]) -> People:
    """Return who is named in the `includes` of a page or an event."""
    includes = page.get("includes")
    return _people(list_(includes.get("users")) if isinstance(includes, Mapping) else [])


def people_by_id(users: object) -> People:
    """Return who is named in the map that comes with direct messages of the activity API."""
    return _people(list(users.values()) if isinstance(users, Mapping) else [])


def _people(users: Sequence[object]) -> People:
    plain = [one.get("data", one) for one in users if isinstance(one, Mapping)]
    found = [one for one in plain if isinstance(one, Mapping) and NUMBER.fullmatch(str(one.get("id") or ""))]
    return People(
        known={str(one["id"]): _person(one) for one in found},
        robots=frozenset(str(one["id"]) for one in found if _robot(one)),
    )


def _person(user: Mapping[str, Any]) -> Identity:
    handle = str(user.get("username") or "")
    name = " ".join(words.whole(user.get("name"), None).split())[:_LONGEST_NAME]
    return Identity(
        kind=KIND,
        address=str(user["id"]),
        name=name or handle,
        spelling=f"@{handle}" if re.fullmatch(r"\w{1,15}", handle) else "",
        verified=True,
    )


def _robot(user: Mapping[str, Any]) -> bool:
    label = user.get("affiliation")
    return isinstance(label, Mapping) and str(label.get("description", "")).lower() == "automated"


def number_at(at: datetime) -> int:
    """Return the number that X would have given at that time; they grow with it."""
    return max(0, int(at.timestamp() * 1000) - _EPOCH_MS) << 22


def when(created: object, id_: str) -> datetime | None:
    """Return when it was written: as said, else as its number tells."""
    if isinstance(created, str):
        try:
            found = datetime.fromisoformat(created)
        except ValueError:
            found = None
        if found is not None and found.tzinfo is not None:
            return from_ms(int(found.timestamp() * 1000))
    since = int(id_) >> 22
    return from_ms(since + _EPOCH_MS) if since else None


def from_ms(stamp: int) -> datetime | None:
    """Return the time of so many milliseconds since 1970; None when it is none that can be."""
    if not 0 <= stamp < 253_402_300_800_000:  # the year 10000
        return None
    seconds, rest = divmod(stamp, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
