"""How far a list of posts was read, and what its newest page looked like then; the value of a cursor."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace


class Known(Struct, frozen=True, kw_only=True, array_like=True):
    """A post on the newest page, as it was."""

    version: int
    #: Hash of its text.
    text: str
    topic: int
    user: int
    username: str
    #: 0 for none.
    category: int = 0

    def unchanged(self, now: "Known") -> bool:
        """Tell whether what people wrote is the same now."""
        return (self.version, self.text) == (now.version, now.text)


class Position(Struct, frozen=True, kw_only=True):
    """What is kept between two looks."""

    #: The newest post when the account was connected: older ones are never taken.
    floor: int
    #: Everything up to this post was taken.
    last: int
    #: By post.
    page: Mapping[str, Known] = {}

    def dump(self) -> str:
        """Return the cursor's value."""
        return msgspec.json.encode(self).decode()

    def after(self, posts: Sequence[Mapping[str, Any]]) -> "Position":
        """Return the position once the newest page was taken."""
        page = {str(post["id"]): known(post) for post in posts}
        last = max([self.last, *(post["id"] for post in posts)])
        return replace(self, last=last, page=page)

    def missing(self, posts: Sequence[Mapping[str, Any]], whole: int) -> dict[int, Known]:
        """Return what was on the newest page, and is gone from where it should be."""
        ids = {post["id"] for post in posts}
        oldest = min(ids, default=0) if len(ids) >= whole else 0
        were = {int(number): was for number, was in self.page.items()}
        return {number: was for number, was in were.items() if number >= oldest and number not in ids}


def start(posts: Sequence[Mapping[str, Any]]) -> Position:
    """Return the position of an account that is connected now."""
    newest = max((post["id"] for post in posts), default=0)
    return Position(floor=newest, last=newest).after(posts)


def load(value: str) -> Position | None:
    """Return the saved position; None for a forum never read, or when it cannot be understood."""
    try:
        return msgspec.json.decode(value, type=Position) if value else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def known(post: Mapping[str, Any]) -> Known:
    """Return what is kept of a post; odd values are kept as nothing, as they only help to see changes."""
    text = str(post.get("raw") if post.get("raw") is not None else post.get("cooked"))
    return Known(
        version=_number(post.get("version")),
        text=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12],
        topic=_number(post.get("topic_id")),
        user=_number(post.get("user_id")),
        username=str(post.get("username") or "")[:60],
        category=_number(post.get("category_id")),
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62 else 0
