"""From a webhook's bytes to what was found in it. Pure: no network, no clock."""

from typing import Any

from channels.facebook import direct, feed, raw
from channels.facebook.found import Found, Item, View
from channels.facebook.raw import Malformed

_PLACES = ("messaging", "standby", "changes")


def items(body: bytes) -> list[Item]:
    """Return the things in a webhook, in order; none for objects that are no page. Raises Malformed."""
    envelope = raw.table(raw.decode(body), "the webhook")
    if envelope.get("object") != "page":
        return []
    entries = envelope.get("entry")
    if not isinstance(entries, list):
        raise Malformed("'entry' is not a list")
    return [item for entry in entries for item in _of(entry)]


def read(item: Item, view: View) -> Found | None:
    """Return what the item says; None for what needs no reaction. Raises Malformed."""
    value = raw.table(item.value, f"an item of {item.place!r}")
    if item.place != "changes":
        return direct.read(value, view, standby=item.place == "standby")
    if raw.word(value, "field") != "feed":
        return None
    return feed.read(raw.table(value.get("value"), "'value'"), view)


def _of(entry: Any) -> list[Item]:
    if not isinstance(entry, dict):
        return [Item(place="entry", page="", value=entry)]
    page = raw.word(entry, "id")
    return [
        Item(place=place, page=page, value=value)
        for place in _PLACES
        for value in (entry[place] if isinstance(entry.get(place), list) else [])
    ]
