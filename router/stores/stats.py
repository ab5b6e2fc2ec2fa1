"""Put the counts of several questions together, one line for each queue and channel."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from router.kept.counting import PROMISES
from router.ports import PromiseFigure, QueueStat

#: Log kinds that statistics count.
COUNTED = ("answered", *PROMISES, "waited")

Line = tuple[str, str]


class Standing(Struct, frozen=True, kw_only=True):
    """How the work of one queue on one channel stands."""

    waiting: int = 0
    assigned: int = 0
    oldest_at: datetime | None = None
    next_due_at: datetime | None = None
    overdue: int = 0
    at_risk: int = 0


def queue_stats(
    found: Iterable[tuple[Line, Standing]],
    *,
    arrived: Mapping[Line, int],
    handled: Mapping[Line, int],
    parked: Mapping[Line, int],
) -> list[QueueStat]:
    """Return the statistics of every queue and channel named in any of them, by name; standings add up."""
    standings: dict[Line, Standing] = {}
    for line, standing in found:
        known = standings.get(line)
        standings[line] = standing if known is None else _sum(known, standing)
    names: Iterable[Line] = {*standings, *arrived, *handled, *parked}
    return [_stat(line, standings.get(line, Standing()), arrived, handled, parked) for line in sorted(names)]


def promise_figures(counts: Iterable[tuple[Line, str, int]]) -> list[PromiseFigure]:
    """Return the figures of every queue and channel, by name, from (line, log kind, count) triples."""
    found: dict[Line, dict[str, int]] = {}
    for line, kind, count in counts:
        found.setdefault(line, {})[PROMISES[kind]] = count
    return [
        PromiseFigure(queue=queue, channel=channel, **found[queue, channel])
        for queue, channel in sorted(found)
    ]


def _sum(one: Standing, other: Standing) -> Standing:
    return Standing(
        waiting=one.waiting + other.waiting,
        assigned=one.assigned + other.assigned,
        oldest_at=_first(one.oldest_at, other.oldest_at),
        next_due_at=_first(one.next_due_at, other.next_due_at),
        overdue=one.overdue + other.overdue,
        at_risk=one.at_risk + other.at_risk,
    )


def _first(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _stat(
    line: Line,
    standing: Standing,
    arrived: Mapping[Line, int],
    handled: Mapping[Line, int],
    parked: Mapping[Line, int],
) -> QueueStat:
    return QueueStat(
        queue=line[0],
        channel=line[1],
        waiting=standing.waiting,
        assigned=standing.assigned,
        oldest_at=standing.oldest_at,
        next_due_at=standing.next_due_at,
        overdue=standing.overdue,
        at_risk=standing.at_risk,
        arrived=arrived.get(line, 0),
        handled=handled.get(line, 0),
        parked=parked.get(line, 0),
    )
