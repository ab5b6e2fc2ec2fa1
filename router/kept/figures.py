"""How promises turned out, as values: days, weeks and groups that add up, told as rates and quantiles."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

#: Edges of the bins of slack (promised − actual, s): below 0 the answer was late.
SLACK_S = (
    -172800, -86400, -28800, -14400, -7200, -3600, -1800, -900, -300, -60,
    0, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800,
)  # fmt: skip
#: Edges of the bins of how long answers took (s).
TOOK_S = (0, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 345600, 604800)
HOURS = 24


class Missed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A promise that was broken."""

    conversation: str
    channel: str
    queue: str
    #: Agent id of whoever promised.
    agent: str
    made: datetime | None
    promised: datetime
    #: A `Why`, or a sentence.
    reason: str = ""


class Group(Struct, frozen=True, kw_only=True, array_like=True):
    """What was promised on one channel, in one queue and in one person's name, and what came of it.

    It is stored as a list, in this order: new fields come last.
    """

    channel: str = ""
    queue: str = ""
    agent: str = ""
    made: int = 0
    kept: int = 0
    renewed: int = 0
    broken: int = 0
    withdrawn: int = 0
    #: Waits that ended; of those, the ones with a time; of those, the ones answered by the time first said.
    waits: int = 0
    told: int = 0
    first: int = 0
    #: How many waits fell into each bin of `SLACK_S` and `TOOK_S`, and how many promises broke for each reason.
    slack: dict[int, int] = {}
    took: dict[int, int] = {}
    reasons: dict[str, int] = {}

    @property
    def place(self) -> tuple[str, str, str]:
        """Return channel, queue and agent."""
        return self.channel, self.queue, self.agent

    @property
    def kept_rate(self) -> float | None:
        """Return kept ÷ (kept + broken); None when none has ended so."""
        return self.kept / (self.kept + self.broken) if self.kept + self.broken else None

    @property
    def first_rate(self) -> float | None:
        """Return the share of promised waits that were answered by the time first said; None without any."""
        return self.first / self.told if self.told else None

    def slack_s(self, share: float) -> float | None:
        """Return the slack below which this share of the promised waits lies, in seconds."""
        return quantile(self.slack, SLACK_S, share)

    def took_s(self, share: float) -> float | None:
        """Return the seconds within which this share of the answers came."""
        return quantile(self.took, TOOK_S, share)


class Arrivals(Struct, frozen=True, kw_only=True, array_like=True):
    """How many waits began in each hour of a day."""

    queue: str
    channel: str
    hours: tuple[int, ...] = (0,) * HOURS


class Day(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is counted of one day, or of one week, in the organisation's zone."""

    #: ISO date, or ISO week; a week counts groups alone.
    day: str
    #: The number of the last log line that is in it: lines up to it are not counted again.
    upto: int = 0
    groups: tuple[Group, ...] = ()
    arrivals: tuple[Arrivals, ...] = ()
    missed: tuple[Missed, ...] = ()


def day_of(at: datetime, zone: ZoneInfo) -> str:
    """Return the ISO date of an instant there."""
    return at.astimezone(zone).date().isoformat()


def week_of(day: date) -> str:
    """Return the ISO week of a date, such as `2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def monday_of(week: str) -> date:
    """Return the first day of an ISO week. Raises ValueError."""
    year, _, number = week.partition("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def days_from(first: date, count: int) -> list[str]:
    """Return so many ISO dates from the first on."""
    return [(first + timedelta(days=n)).isoformat() for n in range(count)]


class Sum:
    """Adds groups up; much faster than making a new one for each."""

    def __init__(self, *groups: Group) -> None:
        self._counts = [0] * 8
        self._slack: Counter[int] = Counter()
        self._took: Counter[int] = Counter()
        self._reasons: Counter[str] = Counter()
        for one in groups:
            self.add(one)

    def add(self, one: Group) -> None:
        """Take a group in."""
        counts = self._counts
        counts[0] += one.made
        counts[1] += one.kept
        counts[2] += one.renewed
        counts[3] += one.broken
        counts[4] += one.withdrawn
        counts[5] += one.waits
        counts[6] += one.told
        counts[7] += one.first
        for mine, theirs in ((self._slack, one.slack), (self._took, one.took)):
            for place, count in theirs.items():
                mine[place] += count
        for reason, count in one.reasons.items():
            self._reasons[reason] += count

    def group(self, channel: str = "", queue: str = "", agent: str = "") -> Group:
        """Return what was added up, for a place."""
        made, kept, renewed, broken, withdrawn, waits, told, first = self._counts
        return Group(
            channel=channel,
            queue=queue,
            agent=agent,
            made=made,
            kept=kept,
            renewed=renewed,
            broken=broken,
            withdrawn=withdrawn,
            waits=waits,
            told=told,
            first=first,
            slack=dict(self._slack),
            took=dict(self._took),
            reasons=dict(self._reasons),
        )


def summed(
    days: Sequence[Day], by: str, admits: Callable[[Group], bool] = lambda _: True
) -> dict[str, Group]:
    """Return the sums by channel, queue, agent or day ("" = all in one), by name; of weeks `day` is the week."""
    found: dict[str, Sum] = {}
    for day in days:
        for one in day.groups:
            if admits(one):
                name = day.day if by == "day" else getattr(one, by) if by else ""
                found.setdefault(name, Sum()).add(one)
    return {name: found[name].group() for name in sorted(found)}


def quantile(bins: Mapping[int, int], edges: Sequence[float], share: float) -> float | None:
    """Return the value below which this share of the binned ones lies, as if evenly spread in each bin."""
    wanted, seen = share * sum(bins.values()), 0
    for place in sorted(bins):
        if seen + bins[place] >= wanted:
            low, high = edges[max(place - 1, 0)], edges[min(place, len(edges) - 1)]
            return low + (high - low) * (wanted - seen) / bins[place]
        seen += bins[place]
    return None
