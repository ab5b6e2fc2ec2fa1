"""What parse makes of one recorded webhook, as JSON values; one test for all channels compares it."""

import json
from datetime import UTC, datetime

import msgspec

from channels.facebook import parse
from channels.facebook.found import Item, View
from channels.facebook.raw import Malformed

#: The account that the recordings were made for, and when they are said to have come.
VIEW = View(
    account="page",
    page="102938475610293",
    app="1234567890123456",
    programs=("888",),
    at=datetime(2026, 11, 20, 10, 0, 5, tzinfo=UTC),
)


def parsed(recorded: bytes) -> object:
    """Return what each item of the webhook becomes: its sort and its values, None where nothing is to be done."""
    return [_one(item) for item in parse.items(recorded)]


def _one(item: Item) -> object:
    try:
        found = parse.read(item, VIEW)
    except Malformed as error:
        return {"unreadable": str(error)}
    if found is None:
        return None
    return {type(found).__name__.lower(): json.loads(msgspec.json.encode(found))}
