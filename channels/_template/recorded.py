"""What parse makes of one recorded payload: one test for all channels compares it with what is expected."""

import json
from datetime import UTC, datetime

import msgspec

from channels._template import parse

ARRIVAL = parse.Arrival(account="main", at=datetime(2026, 11, 23, 11, 4, 5, tzinfo=UTC))


def parsed(recorded: bytes) -> object:
    """Return the messages of one recorded webhook as JSON values; None for an event that needs nothing."""
    found = [_one(bytes(raw)) for raw in parse.events(recorded).events]
    return json.loads(msgspec.json.encode(found))


def _one(raw: bytes) -> object:
    try:
        return parse.message(parse.event(raw), ARRIVAL)
    except ValueError as error:
        return parse.unreadable(raw, "digest", str(error), ARRIVAL)
