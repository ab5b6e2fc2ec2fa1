"""X, the time a note promises: a pure function of a snapshot.

With an outlook X is the honest time: when an answer will be there with the wanted probability, rounded up to
a time people say. Without one, and as long as too little is learnt, X starts from the due time. Either way it
lies in the accountable person's hours and in the reply window.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from router.conversation import QuoteParts
from router.engine import telling
from router.engine.forecast import Outlook
from router.engine.reckon import Reckoned, reckon
from router.engine.rounding import SOONEST, Dial, grid
from rules.hours import Calendar

__all__ = ["SOONEST", "Quote", "Snapshot", "grid", "promise", "retold"]

#: Open time for an answer when the due time itself is not open: half the target, between these (seconds).
ENOUGH_LEAST_S = 900.0
ENOUGH_MOST_S = 3600.0
#: Minutes in which people name the time of an appointment, however far ahead it lies.
APPOINTMENT = 5
#: How the sentences begin that say where the wanted time came from; the second is `router.engine.telling`'s.
_ASKED, _DUE = "Asked for not before ", "Due "
#: The share of promises to keep where nobody says otherwise, and what may be asked for.
LEVEL, LEVEL_LEAST, LEVEL_MOST = 0.95, 0.5, 0.995


class Snapshot(Struct, frozen=True, kw_only=True):
    """All that a promise is computed from."""

    now: datetime
    arrived_at: datetime
    due_at: datetime
    target_s: float
    #: Hours of the accountable person, and what the explanation calls them.
    calendar: Calendar
    person: str = "the accountable person"
    #: When the channel's reply window closes; None = it stays open.
    window_until: datetime | None = None
    #: The customer wants to be reached then, not earlier; None = as soon as possible.
    not_before: datetime | None = None
    #: In whose wall clock X is rounded and explained.
    zone: ZoneInfo
    #: What is known of the work, the people and past promises; None = the target is all that is known.
    outlook: Outlook | None = None
    #: The share of promises to keep, 0.5–0.995.
    level: float = LEVEL
    #: The smallest step (minutes) in which the channel names a time: a chat speaks in minutes, a mail does not.
    step: int = 1


class Quote(Struct, frozen=True, kw_only=True):
    """The promised time and how it came about."""

    at: datetime
    #: True when X lies more than one rounding step after the due time: at risk from birth.
    late: bool
    #: One sentence a step.
    explanation: tuple[str, ...]
    #: The figures it was made of; None where only the target was known.
    parts: QuoteParts | None = None


def retold(quote: Quote, said: str, *, late: bool) -> Quote:
    """Return the quote with its lateness, and a sentence in place of those on where the wanted time came from."""
    rest = tuple(one for one in quote.explanation if not one.startswith((_ASKED, _DUE)))
    return replace(quote, late=late, explanation=(said, *rest))


def promise(snapshot: Snapshot) -> Quote:
    """Return X: at least a minute ahead, in the person's hours and the reply window, a time people say."""
    if snapshot.outlook is None:
        return _targeted(snapshot)
    level = min(max(snapshot.level, LEVEL_LEAST), LEVEL_MOST)
    found = reckon(snapshot.outlook, snapshot.now, snapshot.due_at, level)
    honest = _honest(snapshot, found)
    if not found.cold and snapshot.not_before is None:
        return honest
    usual = _targeted(snapshot)
    if usual.at <= honest.at:
        return honest
    return _with_figures(usual, honest, found, "target" if snapshot.not_before is None else "wanted")


def _with_figures(usual: Quote, honest: Quote, found: Reckoned, held: str) -> Quote:
    """Return the time that the target gives, with the figures that say nothing later is needed."""
    assert honest.parts is not None  # noqa: S101  # the engine always gives its figures
    why = "Too few answers are known yet to promise less than the target." if found.cold else ""
    said = (*usual.explanation, *honest.explanation[1:-1], *((why,) if why else ()))
    rounding = (usual.at - found.at).total_seconds()
    return replace(
        usual, explanation=said, parts=replace(honest.parts, rounding_s=round(rounding, 3), held=held)
    )


def _targeted(snapshot: Snapshot) -> Quote:
    """Return the time that the target gives."""
    said = [_due(snapshot)]
    wanted = max(snapshot.due_at, snapshot.now + SOONEST)
    if wanted > snapshot.due_at:
        said.append(
            f"The due time is less than a minute away or past, so X starts from {_say(snapshot, wanted)}."
        )
    wanted = _in_window(snapshot, _in_hours(snapshot, wanted, said), said)
    at = _rounded(snapshot, wanted)
    if snapshot.not_before is not None and at < wanted:
        said.append(f"{_ASKED}{_say(snapshot, snapshot.not_before)}, so X is not rounded down.")
        at = Dial(snapshot.now, snapshot.zone).ceil(wanted, APPOINTMENT)
    step = grid(at - snapshot.now)
    said.append(f"Said as {_say(snapshot, at)}: at this distance people speak in steps of {step} min.")
    late = at - snapshot.due_at > timedelta(minutes=step)
    if late:
        said.append("That is after the due time, so the message is at risk from birth.")
    return Quote(at=at, late=late, explanation=tuple(said))


# --- the honest time --------------------------------------------------------------------------


def _honest(snapshot: Snapshot, found: Reckoned) -> Quote:
    """Say the honest time: moved into hours and window, rounded up, with its figures."""
    said = [_due(snapshot), *telling.figures(found, snapshot.zone)]
    wanted = _inside(snapshot, max(found.at, snapshot.now + SOONEST), said)
    dial = Dial(snapshot.now, snapshot.zone, snapshot.step)
    late = wanted > snapshot.due_at
    held = _in_window(snapshot, wanted, said)
    if held < wanted:
        late, at = True, Dial(snapshot.now, snapshot.zone).ceil(held - timedelta(seconds=59), 1)
        at = max(at, dial.ceil(snapshot.now + SOONEST, 1))
    else:
        limits = [
            one for one in (snapshot.window_until, None if late else snapshot.due_at) if one is not None
        ]
        at = dial.up(wanted, snapshot.calendar, min(limits, default=None))
    rounding = (at - wanted).total_seconds()
    said.append(
        f"Said as {_say(snapshot, at)}, rounded up by {telling.span(rounding)}: {_why(snapshot, at)}."
    )
    if late:
        said.append("That is after the due time, so the message is at risk from birth.")
    parts = replace(found.parts, rounding_s=round(rounding, 3))
    return Quote(at=at, late=late, explanation=tuple(said), parts=parts)


def _inside(snapshot: Snapshot, wanted: datetime, said: list[str]) -> datetime:
    """Return the wanted time, or the next one at which the accountable person is there."""
    hours = snapshot.calendar
    if hours.is_open(wanted) or hours.last_open(wanted) == wanted:
        return wanted
    opens = hours.next_open(wanted)
    if opens is None:
        said.append(f"No hours of {snapshot.person} lie ahead, so X keeps to the expected time.")
        return wanted
    said.append(
        f"{_say(snapshot, wanted)} is outside the hours of {snapshot.person}, who is back {_say(snapshot, opens)}."
    )
    return opens


# --- hours and window -------------------------------------------------------------------------


def _in_hours(snapshot: Snapshot, wanted: datetime, said: list[str]) -> datetime:
    """Return the wanted time, else the last open instant before it that leaves enough open time, else later.

    Grows with `wanted`: within the running interval it is the wanted time itself, after that
    max(last open instant up to it, now + enough open time); never before what was asked for.
    """
    now, hours = snapshot.now, snapshot.calendar
    if hours.between(now, wanted) >= (wanted - now).total_seconds() - 0.001:
        return wanted
    if hours.next_open(now) is None:
        said.append(f"No hours of {snapshot.person} lie ahead, so X keeps to the due time.")
        return wanted
    enough = min(max(snapshot.target_s / 2, ENOUGH_LEAST_S), ENOUGH_MOST_S)
    early = hours.add(now, enough)
    before = hours.last_open(wanted)
    found = early if before is None else max(before, early)
    if snapshot.not_before is not None and found < snapshot.not_before:
        found = hours.add(snapshot.not_before, enough)
    if found != wanted:
        counted = ", ".join(
            f"{_say(snapshot, one.start)}–{telling.clock(one.end, snapshot.zone)}"
            for one in hours.intervals(now, found)[:6]
        )
        said.append(
            f"{_say(snapshot, wanted)} is outside the hours of {snapshot.person} or leaves too little of "
            f"them; counted: {counted}; so X is near {_say(snapshot, found)}."
        )
    return found


def _in_window(snapshot: Snapshot, wanted: datetime, said: list[str]) -> datetime:
    """Return the wanted time, or the last one at which the channel still lets us answer."""
    window, soonest = snapshot.window_until, snapshot.now + SOONEST
    if window is None or wanted <= window:
        return wanted
    last = snapshot.calendar.last_open(window)
    said.append(f"The reply window closes at {_say(snapshot, window)}, so X comes before.")
    if last is not None and last >= soonest:
        return last
    return max(window, soonest)


# --- rounding ---------------------------------------------------------------------------------


def _rounded(snapshot: Snapshot, wanted: datetime) -> datetime:
    """Return the last time people say up to `wanted`, else the first after it.

    Else means: rounding down would take more than half of the time. The end of somebody's hours counts
    as a time people say, so rounding never leaves the hours.
    """
    now, hours, dial = snapshot.now, snapshot.calendar, Dial(snapshot.now, snapshot.zone)
    limit = snapshot.window_until if snapshot.window_until and snapshot.window_until >= wanted else None
    down = dial.before(wanted)
    if not hours.is_open(wanted):
        if wanted == dial.floor(wanted, 1):
            return wanted
        return down if down is not None and down >= now + SOONEST else dial.ceil(wanted, 1)
    if down is not None and hours.between(down, wanted) < (wanted - down).total_seconds() - 0.001:
        down = None
    if down is not None and _leaves_half(snapshot, down, wanted):
        return down
    up = dial.after(wanted)
    if hours.between(wanted, up) < (up - wanted).total_seconds() - 0.001:
        up = hours.intervals(wanted, up)[0].end
    if limit is None or up <= limit:
        return up
    return down if down is not None and down >= now + SOONEST else dial.ceil(wanted, 1)


def _leaves_half(snapshot: Snapshot, down: datetime, wanted: datetime) -> bool:
    """Tell whether `down` leaves half of the time until `wanted`, by the clock and in open time."""
    now, hours = snapshot.now, snapshot.calendar
    if down - now < max(SOONEST, (wanted - now) / 2):
        return False
    return hours.between(now, down) >= hours.between(now, wanted) / 2


# --- explanation ------------------------------------------------------------------------------


def _due(snapshot: Snapshot) -> str:
    return telling.due(snapshot.due_at, snapshot.arrived_at, snapshot.target_s, snapshot.zone)


def _say(snapshot: Snapshot, at: datetime) -> str:
    return telling.say(at, snapshot.zone)


def _why(snapshot: Snapshot, at: datetime) -> str:
    """Say why this is a time people say."""
    step = max(grid(at - snapshot.now), snapshot.step)
    if at.astimezone(snapshot.zone).minute % step == 0:
        return f"at this distance people speak in steps of {step} min"
    if not snapshot.calendar.is_open(at):
        return "the end of the day is a time people say too"
    return "a finer step than usual keeps it in time"
