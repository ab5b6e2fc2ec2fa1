"""What health is judged from: one look at every part, as plain values."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from router.health.told import Told
from router.kept.figures import Day
from router.ports import Depth, PromiseFigure, QueueStat

#: Arrivals and answers are counted over this many seconds, and given a minute.
WINDOW_S = 600.0
#: Work due within this many seconds is at risk.
RISK_S = 900.0
#: Promises are counted over this many seconds.
PROMISES_S = 86_400.0
#: Share of promises kept below which a lead should look, when so many have ended.
KEPT_RATE, KEPT_OF = 0.9, 20


class Report(Protocol):
    """How an account on a channel is, as its host keeps it."""

    @property
    def channel(self) -> str:
        """Return the channel's name."""
        ...

    @property
    def account(self) -> str:
        """Return the account's name."""
        ...

    @property
    def state(self) -> str:
        """Return `ok`, `degraded`, `down` or `starting`."""
        ...

    @property
    def error(self) -> str:
        """Return why it is not ok."""
        ...

    @property
    def since(self) -> datetime | None:
        """Return when it came into this state."""
        ...

    @property
    def last_seen_at(self) -> datetime | None:
        """Return when the provider last answered or a message last came."""
        ...


class Disk(Struct, frozen=True):
    """How much room there is where the data lies, in bytes."""

    free: int
    total: int


class Signals(Struct, frozen=True, kw_only=True):
    """One look at every part."""

    now: datetime
    stats: Sequence[QueueStat] = ()
    #: Promises of the last day, by queue and channel.
    promises: Sequence[PromiseFigure] = ()
    #: What is counted of the running week; None before anything is.
    week: Day | None = None
    #: Why promises broke lately, the commonest first, each with how often.
    reasons: Sequence[tuple[str, int]] = ()
    #: Of the broker's queues; one that cannot be told is absent.
    depths: Mapping[str, Depth] = {}
    #: Why the store cannot be used, and how many seconds its answer took.
    store_trouble: str = ""
    store_s: float = 0.0
    broker_trouble: str = ""
    timers_trouble: str = ""
    reports: Sequence[Report] = ()
    #: What parts beside the path of a message say of themselves.
    told: Sequence[Told] = ()
    #: Channels on which nobody who stands behind their queue agreed to notes → who should first.
    unspoken: Mapping[str, str] = {}
    #: Queues that nobody present serves → the names of those who should.
    unstaffed: Mapping[str, str] = {}
    disk: Disk | None = None
    #: How many seconds the event loop was late, at worst lately.
    lag_s: float = 0.0


def ended(promises: Sequence[PromiseFigure]) -> tuple[int, int]:
    """Return how many promises were kept, and how many broken."""
    return sum(one.kept for one in promises), sum(one.broken for one in promises)


def too_many_broken(promises: Sequence[PromiseFigure]) -> bool:
    """Tell whether so few of enough promises were kept that a lead should look."""
    kept, broken = ended(promises)
    return kept + broken >= KEPT_OF and kept < KEPT_RATE * (kept + broken)
