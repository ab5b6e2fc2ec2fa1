"""One thing that is wrong, in words for whoever must act: what, what it means to customers, until when it is safe."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from router.ports import QueueStat


class Cause(Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    #: Names the cause over time, so that `since` can be remembered.
    key: str
    critical: bool = False
    #: Critical once it has lasted this many seconds; None = never by lasting alone.
    critical_after_s: float | None = None
    text: str
    #: Who can do something about it: ops or lead.
    audience: str = "ops"
    #: What it means to customers.
    impact: str
    #: Until then nobody outside is harmed; None when that cannot be told or has passed.
    safe_until: datetime | None = None
    next: str
    #: When it began, where the part itself knows.
    since: datetime | None = None


def began(cause: Cause, known: Mapping[str, datetime], now: datetime) -> datetime:
    """Return since when the cause holds: as its part says, else when it was first seen."""
    return cause.since or known.get(cause.key, now)


def is_critical(cause: Cause, since: datetime, now: datetime) -> bool:
    """Tell whether the cause is critical, at once or by having lasted."""
    lasted_s = (now - since).total_seconds()
    return cause.critical or (cause.critical_after_s is not None and lasted_s >= cause.critical_after_s)


def ahead(at: datetime | None, now: datetime) -> datetime | None:
    """Return the instant, unless it has passed."""
    return at if at is not None and at > now else None


def first_due(stats: Iterable[QueueStat], now: datetime) -> datetime | None:
    """Return the next due time of this work, as long as it lies ahead."""
    ahead = (stat.next_due_at for stat in stats if stat.next_due_at and stat.next_due_at > now)
    return min(ahead, default=None)


def place(stat: QueueStat) -> str:
    """Return a queue and its channel as people read them."""
    return f"{stat.queue} ({stat.channel})" if stat.channel else stat.queue


def so_many(count: int, thing: str) -> str:
    """Return a count with its verb: 1 message is, 2 messages are."""
    return f"1 {thing} is" if count == 1 else f"{count} {thing}s are"


def span(time: timedelta) -> str:
    """Return a short span as people read it."""
    seconds = time.total_seconds()
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
