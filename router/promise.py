"""X, the time a note promises: a pure function of a snapshot.

First version: the due time, moved into the accountable person's hours and the reply window, then
rounded to a time people say. A learnt engine will take its place behind the same function.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from rules.durations import spoken
from rules.hours import Calendar

#: No promise is nearer than this: the note has to arrive and be read first.
SOONEST = timedelta(seconds=60)
#: Open time for an answer when the due time itself is not open: half the target, between these (seconds).
ENOUGH_LEAST_S = 900.0
ENOUGH_MOST_S = 3600.0
#: What people say: (horizon above, horizon up to, minutes).
BANDS = (
    (timedelta(0), timedelta(minutes=5), 1),
    (timedelta(minutes=5), timedelta(minutes=30), 5),
    (timedelta(minutes=30), timedelta(minutes=120), 15),
    (timedelta(minutes=120), timedelta(minutes=480), 30),
    (timedelta(minutes=480), timedelta(days=36500), 60),
)
#: Minutes in which people name the time of an appointment, however far ahead it lies.
APPOINTMENT = 5
_TICK = timedelta(milliseconds=1)


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


class Quote(Struct, frozen=True, kw_only=True):
    """The promised time and how it came about."""

    at: datetime
    #: True when X lies more than one rounding step after the due time: at risk from birth.
    late: bool
    #: One sentence a step.
    explanation: tuple[str, ...]


def promise(snapshot: Snapshot) -> Quote:
    """Return X: at least a minute ahead, in the person's hours and the reply window, a time people say."""
    said = [_due(snapshot)]
    wanted = max(snapshot.due_at, snapshot.now + SOONEST)
    if wanted > snapshot.due_at:
        said.append(
            f"The due time is less than a minute away or past, so X starts from {_say(snapshot, wanted)}."
        )
    wanted = _in_window(snapshot, _in_hours(snapshot, wanted, said), said)
    at = _rounded(snapshot, wanted)
    if snapshot.not_before is not None and at < wanted:
        said.append(f"Asked for not before {_say(snapshot, snapshot.not_before)}, so X is not rounded down.")
        at = _ceil(snapshot, wanted, APPOINTMENT)
    step = grid(at - snapshot.now)
    said.append(f"Said as {_say(snapshot, at)}: at this distance people speak in steps of {step} min.")
    late = at - snapshot.due_at > timedelta(minutes=step)
    if late:
        said.append("That is after the due time, so the message is at risk from birth.")
    return Quote(at=at, late=late, explanation=tuple(said))


def grid(horizon: timedelta) -> int:
    """Return the step in minutes in which people name a time that far ahead."""
    return next((minutes for _, upto, minutes in BANDS if horizon <= upto), BANDS[-1][2])


# --- hours and window -------------------------------------------------------------------------


def _in_hours(snapshot: Snapshot, wanted: datetime, said: list[str]) -> datetime:
    """Return the wanted time, else the last open instant before it that leaves enough open time, else later.

    Grows with `wanted`: within the running interval it is the wanted time itself, after that
    max(last open instant up to it, now + enough open time).
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
    if found != wanted:
        counted = ", ".join(
            f"{_say(snapshot, one.start)}–{_clock(snapshot, one.end)}"
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
    now, hours = snapshot.now, snapshot.calendar
    limit = snapshot.window_until if snapshot.window_until and snapshot.window_until >= wanted else None
    down = _before(snapshot, wanted)
    if not hours.is_open(wanted):
        if wanted == _floor(snapshot, wanted, 1):
            return wanted
        return down if down is not None and down >= now + SOONEST else _ceil(snapshot, wanted, 1)
    if down is not None and hours.between(down, wanted) < (wanted - down).total_seconds() - 0.001:
        down = None
    if down is not None and _leaves_half(snapshot, down, wanted):
        return down
    up = _after(snapshot, wanted)
    if hours.between(wanted, up) < (up - wanted).total_seconds() - 0.001:
        up = hours.intervals(wanted, up)[0].end
    if limit is None or up <= limit:
        return up
    return down if down is not None and down >= now + SOONEST else _ceil(snapshot, wanted, 1)


def _leaves_half(snapshot: Snapshot, down: datetime, wanted: datetime) -> bool:
    """Tell whether `down` leaves half of the time until `wanted`, by the clock and in open time."""
    now, hours = snapshot.now, snapshot.calendar
    if down - now < max(SOONEST, (wanted - now) / 2):
        return False
    return hours.between(now, down) >= hours.between(now, wanted) / 2


def _before(snapshot: Snapshot, at: datetime) -> datetime | None:
    """Return the last time people say up to `at`, None when there is none after now."""
    for above, upto, minutes in reversed(BANDS):
        lowest = snapshot.now + above
        found = _floor(snapshot, min(at, snapshot.now + upto), minutes)
        while found > lowest and not _plain(snapshot, found, minutes):
            found = _floor(snapshot, found - _TICK, minutes)
        if found > lowest:
            return found
    return None


def _after(snapshot: Snapshot, at: datetime) -> datetime:
    """Return the first time people say from `at` on."""
    return next(_later(snapshot, at))


def _later(snapshot: Snapshot, at: datetime) -> Iterator[datetime]:
    """Yield the first fitting time of each band from `at` on."""
    for above, upto, minutes in BANDS:
        highest = snapshot.now + upto
        found = _ceil(snapshot, max(at, snapshot.now + above + _TICK), minutes)
        while found <= highest and not _plain(snapshot, found, minutes):
            found = _ceil(snapshot, found + _TICK, minutes)
        if found <= highest:
            yield found


def _plain(snapshot: Snapshot, at: datetime, minutes: int) -> bool:
    """Tell whether the wall clock shows `at` on the grid, and for the first time that day."""
    local = at.astimezone(snapshot.zone)
    return local.minute % minutes == 0 and not local.fold


def _floor(snapshot: Snapshot, at: datetime, minutes: int) -> datetime:
    """Return the step of the wall clock at or before `at`."""
    local = at.astimezone(snapshot.zone)
    past = timedelta(minutes=local.minute % minutes, seconds=local.second, microseconds=local.microsecond)
    return at - past


def _ceil(snapshot: Snapshot, at: datetime, minutes: int) -> datetime:
    """Return the step of the wall clock at or after `at`."""
    down = _floor(snapshot, at, minutes)
    return at if down == at else down + timedelta(minutes=minutes)


# --- explanation ------------------------------------------------------------------------------


def _due(snapshot: Snapshot) -> str:
    """Say where the due time comes from."""
    straight = abs((snapshot.due_at - snapshot.arrived_at).total_seconds() - snapshot.target_s) < 1
    return (
        f"Due {_say(snapshot, snapshot.due_at)} = arrival {_say(snapshot, snapshot.arrived_at)} "
        f"+ {spoken(snapshot.target_s)}{'' if straight else ' of open time'}."
    )


def _say(snapshot: Snapshot, at: datetime) -> str:
    """Return the day and the clock, such as `Mon 23 Nov 15:43`."""
    return _spelt(at.replace(second=0, microsecond=0), snapshot.zone)


@lru_cache(maxsize=1024)
def _spelt(minute: datetime, zone: ZoneInfo) -> str:
    return f"{minute.astimezone(zone):%a %-d %b %H:%M}"


def _clock(snapshot: Snapshot, at: datetime) -> str:
    """Return the clock alone."""
    return f"{at.astimezone(snapshot.zone):%H:%M}"
