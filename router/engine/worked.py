"""How long an answer really took, in open time: what a "waited" line lacks before it can be learnt from."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from router.conversation import Event
from router.engine.drain import staffed_seconds
from router.engine.learnt import WAITED
from rules.evaluate import Rulebook
from rules.hours import Calendar


def timed(line: Event, book: Rulebook, before: Mapping[str, str]) -> Event:
    """Return the line with `open_s` and `worked_s`, which `learnt.fold` learns from; other lines as they are.

    `before` tells when each agent answered last, on any channel (ISO); see `remembered`.
    """
    if not _answered(line):
        return line
    data = line.data
    since = str(data.get("promised_at") or data.get("arrived") or "")
    if not since:
        return line
    away = {name: datetime.fromisoformat(until) for name, until in data.get("away", {}).items()}
    named = tuple(data.get("staff") or (line.agent,))
    people = [
        (book.calendar_of(one), away.get(name)) for name in named if (one := book.person(name)) is not None
    ]
    open_s = staffed_seconds(people, datetime.fromisoformat(since), line.at) if people else None
    return replace(line, data={**data, "open_s": open_s, "worked_s": _worked(line, book, before)})


def remembered(line: Event, before: Mapping[str, str]) -> Mapping[str, str]:
    """Return when each agent answered last, this line included."""
    if not line.agent or not _answered(line):
        return before
    return {**before, line.agent: max(line.at.isoformat(), before.get(line.agent, ""))}


def _answered(line: Event) -> bool:
    return line.kind == WAITED and str(line.data.get("how", "")).startswith("answered")


def _worked(line: Event, book: Rulebook, before: Mapping[str, str]) -> float:
    """Return the open seconds that the answer took whoever gave it; below 0 = unknown."""
    person, arrived = book.person(line.agent), str(line.data.get("arrived", ""))
    if person is None or not arrived:
        return -1.0
    start = max(datetime.fromisoformat(one) for one in (arrived, before.get(line.agent) or arrived))
    return _open(book.calendar_of(person), start, line.at)


def _open(calendar: Calendar, start: datetime, end: datetime) -> float:
    """Return open seconds; of work done outside their hours those of the clock."""
    return calendar.between(start, end) or max(0.0, (end - start).total_seconds())
