"""Switches that people turn for the whole fleet, as records in the store: notes paused, since when."""

from datetime import datetime

import msgspec

from router.ports import Record

SWITCH = "switch"
NOTES = "notes"


def turned(known: Record | None, at: datetime, *, paused: bool) -> Record:
    """Return the next version of the switch of the notes."""
    version = known.version + 1 if known is not None else 1
    return Record(
        kind=SWITCH, id=NOTES, value={"paused": paused, "at": msgspec.to_builtins(at)}, version=version
    )


def is_paused(switch: Record | None) -> bool:
    """Tell whether notes are paused."""
    return switch is not None and bool(switch.value.get("paused"))


def paused_at(switch: Record | None) -> datetime | None:
    """Return since when notes are paused; None when they are not, or that was not kept."""
    if switch is None or not is_paused(switch) or not switch.value.get("at"):
        return None
    return msgspec.convert(switch.value["at"], datetime)
