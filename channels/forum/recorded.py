"""What is made of one recorded payload: a webhook with its headers, or a page of a list of posts."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from channels.forum import parse
from channels.forum.parse import Event, Reading
from channels.forum.settings import View

#: The account of all recorded payloads, and when they came.
VIEW = View(
    channel="forum",
    account="test",
    site="forum.example.com",
    base="https://forum.example.com",
    us="example_support",
    staff={"maria_j": "maria@example.com", "tom": ""},
    ignored=frozenset({"digest_bot"}),
    categories=frozenset({"support", "7"}),
)
AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def parsed(recorded: bytes) -> object:
    """Return what becomes of a recorded `{"headers", "body"}` or `{"latest_posts"}`, as JSON values."""
    given: dict[str, Any] = json.loads(recorded)
    if "headers" in given:
        happened = parse.EVENTS.get(given["headers"].get("X-Discourse-Event", ""))
        if happened is None:
            return {"ignored": given["headers"].get("X-Discourse-Event", "ping")}
        return _shown(parse.event(happened, given["body"].get("post"), VIEW, AT))
    return [_shown(parse.event(Event.CREATED, post, VIEW, AT)) for post in given["latest_posts"]]


def _shown(reading: Reading) -> object:
    return json.loads(msgspec.json.encode(reading))
