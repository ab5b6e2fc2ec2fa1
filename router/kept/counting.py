"""Counts lines of the log into a day: promises by how they were made and ended, waits by how they ended."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from router.conversation import Event
from router.kept.figures import SLACK_S, TOOK_S, Arrivals, Day, Group, Missed, Sum

#: Log kinds of promises, and the field that counts them.
PROMISES = {
    "promised": "made",
    "kept": "kept",
    "renewed": "renewed",
    "broken": "broken",
    "withdrawn": "withdrawn",
}
#: Log kinds that a day counts; all others are passed over.
COUNTED = frozenset({*PROMISES, "waited", "waiting"})
#: How a wait ends when a person has answered.
ANSWERED = frozenset({"answered", "outside"})
#: Broken promises that a day remembers one by one.
MISSED_KEPT = 500


def counted(day: Day, lines: Iterable[tuple[int, Event]], zone: ZoneInfo, reasons: Mapping[int, str]) -> Day:
    """Count numbered lines of the day in; those that are in it already change nothing.

    `reasons`: why promises broke, by the number of the line; else it is what the line says.
    """
    sums = {one.place: Sum(one) for one in day.groups}
    hours = {(one.queue, one.channel): one for one in day.arrivals}
    missed, upto = list(day.missed), day.upto
    for number, line in lines:
        if number <= day.upto:
            continue
        upto = max(upto, number)
        if line.kind == "waiting":
            known = hours.get((line.queue, line.channel), Arrivals(queue=line.queue, channel=line.channel))
            hours[line.queue, line.channel] = _arrived(known, line.at.astimezone(zone).hour)
            continue
        why = reasons.get(number) or str(line.data.get("reason", ""))
        one = group_of(line, why)
        sums.setdefault(one.place, Sum()).add(one)
        if line.kind == "broken":
            missed.append(missed_of(line, why))
    return replace(
        day,
        upto=upto,
        groups=tuple(each.group(*place) for place, each in sums.items()),
        arrivals=tuple(hours.values()),
        missed=tuple(missed[-MISSED_KEPT:]),
    )


def group_of(line: Event, reason: str = "") -> Group:
    """Return what one line about a promise or an ended wait counts."""
    if line.kind in PROMISES:
        one = Group(channel=line.channel, queue=line.queue, agent=line.agent)
        reasons = {reason: 1} if line.kind == "broken" else {}
        return replace(one, **{PROMISES[line.kind]: 1}, reasons=reasons)
    agent = str(line.data.get("by", "")) or line.agent
    return replace(_waited(line), channel=line.channel, queue=line.queue, agent=agent)


def _waited(line: Event) -> Group:
    first, last, arrived = (moment(line, name) for name in ("first", "last", "arrived"))
    answered = line.data.get("how") in ANSWERED
    took = {} if arrived is None or not answered else {_bin(line.at - arrived, TOOK_S): 1}
    if first is None or last is None:
        return Group(waits=1, took=took)
    if not answered:  # nobody needed an answer any more, which keeps nothing, but may come after a miss
        return Group(waits=1, told=int(bool(line.data.get("broken"))))
    return Group(
        waits=1, told=1, first=int(line.at <= first), slack={_bin(last - line.at, SLACK_S): 1}, took=took
    )


def missed_of(line: Event, reason: str) -> Missed:
    """Return the broken promise that a line tells of."""
    return Missed(
        conversation=line.conversation,
        channel=line.channel,
        queue=line.queue,
        agent=line.agent,
        made=moment(line, "made"),
        promised=moment(line, "promised") or line.at,
        reason=reason,
    )


def moment(line: Event, name: str) -> datetime | None:
    """Return an instant of the line's data; None when it says none."""
    said = line.data.get(name)
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) and said else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _arrived(known: Arrivals, hour: int) -> Arrivals:
    hours = list(known.hours)
    hours[hour] += 1
    return replace(known, hours=tuple(hours))


def _bin(span: timedelta, edges: Sequence[float]) -> int:
    return bisect_right(edges, span.total_seconds())
