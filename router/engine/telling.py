"""How a promised time came about, in plain sentences for the people who answer and for those who run the house."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from router.engine.drain import instant
from router.engine.reckon import Reckoned
from rules.durations import spoken

#: Pieces of open time that an explanation names.
PIECES = 6


def figures(found: Reckoned, zone: ZoneInfo) -> list[str]:
    """Say what lies ahead, who does it, how long that takes, what past promises taught, and which hours count."""
    parts = found.parts
    spread, share = span(parts.spread_s), f"{parts.correction:.2f}"
    lately = f", {share} of what was reckoned, as work went lately" if share != "1.00" else ""
    taught = "a careful guess, as little is known yet" if found.cold else "as past promises have taught"
    return [
        f"Ahead of it: {_ahead(found)}, for {_people(parts.people)}{'; nobody is on now' * parts.closed}.",
        (
            f"Expected after {span(parts.mean_s)} of open time: {span(parts.drain_s)} for what is ahead{lately}, "
            f"and {span(parts.handle_s)} for the answer; usually within {spread} of that."
        ),
        f"To keep {parts.level * 100:.3g} % of such promises, {parts.z:.2f} × {spread} are added, {taught}.",
        f"Open time counted: {_counted(found, zone)}.",
    ]


def _ahead(found: Reckoned) -> str:
    parts = found.parts
    if parts.items < 0.5:
        return "nothing" if parts.work_s < 30 else f"what somebody is at, {span(parts.work_s)} of work"
    count = round(parts.items)
    return f"{count} conversation{'s' * (count != 1)}, {span(parts.work_s)} of work"


def _people(count: float) -> str:
    return "one person" if round(count, 1) == 1.0 else f"about {count:.2g} people"


def _counted(found: Reckoned, zone: ZoneInfo) -> str:
    pieces = found.counted
    named = ", ".join(
        f"{say(instant(start), zone)}–{clock(instant(end), zone)}" for start, end in pieces[:PIECES]
    )
    return f"{named} and {len(pieces) - PIECES} more" if len(pieces) > PIECES else named


def due(due_at: datetime, arrived_at: datetime, target_s: float, zone: ZoneInfo) -> str:
    """Say where the due time comes from."""
    straight = abs((due_at - arrived_at).total_seconds() - target_s) < 1
    return (
        f"Due {say(due_at, zone)} = arrival {say(arrived_at, zone)} "
        f"+ {spoken(target_s)}{'' if straight else ' of open time'}."
    )


def say(at: datetime, zone: ZoneInfo) -> str:
    """Return the day and the clock, such as `Mon 23 Nov 15:43`."""
    return _spelt(at.replace(second=0, microsecond=0), zone)


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Return the clock alone."""
    return say(at, zone)[-5:]


def span(seconds: float) -> str:
    """Return seconds in whole minutes, as people say them."""
    return _minutes(round(seconds / 60)) if seconds >= 30 else "less than a minute"


@lru_cache(maxsize=1024)
def _spelt(minute: datetime, zone: ZoneInfo) -> str:
    return f"{minute.astimezone(zone):%a %-d %b %H:%M}"


@lru_cache(maxsize=4096)
def _minutes(minutes: int) -> str:
    return spoken(minutes * 60.0)
