"""What reading makes of one recorded payload, for the shared test of `testdata/`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from channels.twitter.parse import direct, event
from channels.twitter.post import post
from channels.twitter.read import Read, View
from channels.twitter.shape import Strange, list_, people

#: For whom all recordings are read, and when.
VIEW = View(account="support", me="1500000000000000001", at=datetime(2026, 11, 2, 9, 0, tzinfo=UTC))


def parsed(recorded: bytes) -> object:
    """Return what each thing in a page, or the event, is read as; what cannot be read gives its reason."""
    page = msgspec.json.decode(recorded)
    data = page.get("data")
    if isinstance(data, dict):
        return _tried(lambda: event(data, VIEW))
    return [found for one in list_(data) for found in _listed(one, page)]


def _listed(one: object, page: Mapping[str, Any]) -> list[object]:
    private = isinstance(one, dict) and "event_type" in one
    mentioned = bool(page.get("mentions"))

    def read() -> list[Read]:
        found = (
            direct(one, people(page), VIEW) if private else post(one, people(page), VIEW, summoned=mentioned)
        )
        return [found] if found is not None else []

    made = _tried(read)
    return made if isinstance(made, list) else [made]


def _tried(read: Any) -> object:
    try:
        return [_plain(one) for one in read()]
    except Strange as error:
        return {"strange": str(error)}


def _plain(read: Read) -> object:
    return msgspec.json.decode(msgspec.json.encode(read))
