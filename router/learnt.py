"""What is learnt of one channel from the log: how long answers take, when work comes, how far promises were off.

A fold: the same lines in the same order give the same state, in pieces or whole.
"""

from collections.abc import Iterable
from datetime import datetime
from math import exp

from msgspec import Struct
from msgspec.structs import replace

from router.conversation import Event

#: Kinds of log lines that are folded; all others change nothing.
WAITING, WAITED = "waiting", "waited"
#: Handling time before anything is known (s), how many answers that guess weighs, and how many count at most.
HANDLE_S = 600.0
HANDLE_PRIOR = 4
HANDLE_MOST = 200
#: One answer counts with at most so many times the mean: somebody forgot it, or went home.
HANDLE_OUTLIER = 8.0
#: Weeks that an hour of the week remembers.
WEEKS_KEPT = 8
HOURS = 168
#: Time constant of the fast count of arrivals (s).
FAST_S = 2700.0
#: How much of each is remembered.
SCORES_KEPT = 600
QUEUE_SCORES_KEPT = 200
QUEUES_KEPT = 50
ACTUALS_KEPT = 500
ANSWERS_KEPT = 50
NEEDS_KEPT = 40
#: Needs are counted until there are so many, then halved, so that what came lately counts more.
NEEDS_COUNTED = 2000.0
#: Spread of the drain rate from day to day, squared, before anything is known.
KAPPA2 = 0.35**2
KAPPA_SLOW = 100
KAPPA_MOST = 1000
#: How fast the allowed share of misses follows the real one, and its limits; 1 = as the level says.
TILT_STEP = 0.005
TILT_LEAST = 0.04
TILT_MOST = 7.0
#: The level promised at, for lines that do not say.
LEVEL = 0.95


class Need(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of a channel's work needs the same of an agent at the same priority."""

    #: As in `router.conversation.lane_name`, and the rank of its priority (0 = urgent).
    lane: str
    rank: int
    count: float = 0.0
    #: Mean response-time target (s of the wall clock): work with less of it overtakes.
    target_s: float = 0.0


class Drift(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the drain rate was off from one day to the next, relative to the time to drain, squared."""

    kappa2: float = KAPPA2
    count: int = 0


class Learnt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The learnt state of one channel; small enough for one document."""

    channel: str
    #: Answers counted, all in all.
    answers: int = 0
    handle_s: float = HANDLE_S
    handled: int = 0
    #: The hour (since 1970) that arrivals are counted in now, and how many it has.
    hour: int = -1
    within: int = 0
    #: Mean arrivals of each hour of the week (UTC, 0 = Thursday 00:00 as in 1970), and of how many weeks.
    profile: tuple[float, ...] = ()
    weeks: tuple[int, ...] = ()
    #: Arrivals an hour of late, and when that was brought up to date (s since 1970).
    fast: float = 0.0
    fast_at: float = 0.0
    needs: tuple[Need, ...] = ()
    #: (actual − expected) ÷ spread of the last answers, newest last: all, those that came closed, by queue.
    scores: tuple[float, ...] = ()
    closed: tuple[float, ...] = ()
    queues: dict[str, tuple[float, ...]] = {}
    #: The allowed share of misses, relative to what the level says.
    tilt: float = 1.0
    #: Of what came in open and in closed hours.
    drift: Drift = Drift()
    drift_closed: Drift = Drift()
    #: Open seconds until the last answers, newest last.
    actuals: tuple[float, ...] = ()
    #: When the last answers were given (s since 1970), newest last.
    answered_at: tuple[float, ...] = ()

    @classmethod
    def start(cls, channel: str) -> "Learnt":
        """Return the state of a channel of which nothing is known."""
        return cls(channel=channel)

    def arrivals(self, hour: int) -> float:
        """Return expected arrivals in an hour of the week, shrunk by two weeks of its kind of day and hour."""
        if not self.profile:
            return 0.0
        seen, mean = self.weeks[hour], self.profile[hour]
        return (seen * mean + 2 * self._usual(hour)) / (seen + 2)

    def _usual(self, hour: int) -> float:
        """Return the mean of this hour on alike days (weekdays or weekend), else of all hours seen."""
        day, clock = divmod(hour, 24)
        weekend = day in _WEEKEND
        alike = [each * 24 + clock for each in range(7) if (each in _WEEKEND) == weekend]
        found = _mean(self, alike)
        if found is None:
            found = _mean(self, range(HOURS))
        return found or 0.0

    def lately(self, at: float) -> float:
        """Return arrivals an hour over the last three quarters, at this time (s since 1970)."""
        return _faded(self, at)


#: Saturday and Sunday, counted from Thursday.
_WEEKEND = frozenset({2, 3})


def _mean(state: Learnt, hours: Iterable[int]) -> float | None:
    total = weeks = 0.0
    for hour in hours:
        total += state.weeks[hour] * state.profile[hour]
        weeks += state.weeks[hour]
    return total / weeks if weeks else None


def hour_of_week(seconds: float) -> int:
    """Return the hour of the week (0 = Thursday 00:00 UTC) of an instant in seconds since 1970."""
    return int(seconds // 3600) % HOURS


def fold(state: Learnt, line: Event) -> Learnt:
    """Take a line of the log into the state; lines of other kinds or channels change nothing.

    `waiting`: data `rank` (0 = urgent), `target_s` (s) and `lane` (as `lane_name` writes it).
    `waited`: data `how` (only `answered…` teaches), `first` (X first said, ISO; "" = no promise), and of
    that first promise `mean_s`, `spread_s`, `drain_s`, `closed` and `level`; `open_s` (open seconds to the
    answer in the hours of `QuoteParts.staff`, since the promise, else since the arrival) and `worked_s`
    (open seconds of who answered since the later of arrival and their answer before; 0 = outside their hours).
    What a line lacks is not learnt from it.
    """
    if line.channel != state.channel:
        return state
    if line.kind == WAITING:
        return _arrived(state, line)
    if line.kind == WAITED and str(line.data.get("how", "")).startswith("answered"):
        return _answered(state, line)
    return state


# --- arrivals ---------------------------------------------------------------------------------


def _arrived(state: Learnt, line: Event) -> Learnt:
    at = line.at.timestamp()
    state = _turned(state, int(at // 3600))
    fast = _faded(state, at) + 3600.0 / FAST_S
    return replace(
        state,
        within=state.within + 1,
        fast=fast,
        fast_at=max(at, state.fast_at),
        needs=_needing(state.needs, line),
    )


def _turned(state: Learnt, hour: int) -> Learnt:
    """Close the hours that have passed; each moves the mean of its hour of the week."""
    if state.hour < 0:
        return replace(state, hour=hour, profile=(0.0,) * HOURS, weeks=(0,) * HOURS)
    if hour <= state.hour:
        return state
    profile, weeks = list(state.profile), list(state.weeks)
    for passed in range(state.hour, min(hour, state.hour + WEEKS_KEPT * HOURS)):
        slot, count = passed % HOURS, state.within if passed == state.hour else 0
        weeks[slot] = min(weeks[slot] + 1, WEEKS_KEPT)
        profile[slot] += (count - profile[slot]) / weeks[slot]
    return replace(state, hour=hour, within=0, profile=tuple(profile), weeks=tuple(weeks))


def _faded(state: Learnt, at: float) -> float:
    passed = at - state.fast_at
    return state.fast * exp(-passed / FAST_S) if passed > 0 else state.fast


def _needing(needs: tuple[Need, ...], line: Event) -> tuple[Need, ...]:
    """Count one more piece of work with these needs; the rarest gives way when there are too many."""
    lane, rank = str(line.data.get("lane", "")), int(line.data.get("rank", 2))
    target = float(line.data.get("target_s", 0.0))
    found = next((one for one in needs if (one.lane, one.rank) == (lane, rank)), Need(lane=lane, rank=rank))
    weight = 1.0 / min(found.count + 1.0, 50.0)
    fresh = replace(
        found, count=found.count + 1.0, target_s=found.target_s + (target - found.target_s) * weight
    )
    others = sorted(
        (one for one in needs if one is not found), key=lambda one: (-one.count, one.lane, one.rank)
    )
    counted = (*others[: NEEDS_KEPT - 1], fresh)
    if sum(one.count for one in counted) < NEEDS_COUNTED:
        return counted
    return tuple(replace(one, count=one.count / 2) for one in counted)


# --- answers ----------------------------------------------------------------------------------


def _answered(state: Learnt, line: Event) -> Learnt:
    data, at = line.data, line.at.timestamp()
    state = replace(state, answers=state.answers + 1, answered_at=(*state.answered_at, at)[-ANSWERS_KEPT:])
    worked = _number(data, "worked_s")
    if worked:
        state = _handled(state, worked)
    actual = _number(data, "open_s")
    if actual is None:
        return state
    state = replace(state, actuals=(*state.actuals, actual)[-ACTUALS_KEPT:])
    return _judged(state, line, actual) if data.get("first") else state


def _handled(state: Learnt, worked: float) -> Learnt:
    counted = min(state.handled + HANDLE_PRIOR, HANDLE_MOST)
    step = (min(worked, HANDLE_OUTLIER * state.handle_s) - state.handle_s) / (counted + 1)
    return replace(state, handle_s=state.handle_s + step, handled=state.handled + 1)


def _judged(state: Learnt, line: Event, actual: float) -> Learnt:
    """Learn from how a promise turned out."""
    data = line.data
    mean, spread, drain = (_number(data, name) for name in ("mean_s", "spread_s", "drain_s"))
    if mean is None or not spread:
        return state
    score, closed = round((actual - mean) / spread, 6), bool(data.get("closed"))
    queues = {**state.queues, line.queue: (*state.queues.get(line.queue, ()), score)[-QUEUE_SCORES_KEPT:]}
    if len(queues) > QUEUES_KEPT:
        del queues[next(name for name in queues if name != line.queue)]
    state = replace(
        state,
        scores=(*state.scores, score)[-SCORES_KEPT:],
        closed=(*state.closed, score)[-SCORES_KEPT:] if closed else state.closed,
        queues=queues,
        tilt=_tilted(state.tilt, line),
    )
    if drain is None or drain <= 2 * state.handle_s:
        return state
    drift = _drifted(state.drift_closed if closed else state.drift, (actual - mean) / drain)
    return replace(state, drift_closed=drift) if closed else replace(state, drift=drift)


def _tilted(tilt: float, line: Event) -> float:
    """Allow fewer misses after a miss, a few more after a promise kept; judged on the time that was said first."""
    misses = 1.0 - float(line.data.get("level") or LEVEL)
    late = 1.0 if line.at > datetime.fromisoformat(line.data["first"]) else 0.0
    return min(max(tilt + TILT_STEP * (misses - late) / misses, TILT_LEAST), TILT_MOST)


def _drifted(drift: Drift, off: float) -> Drift:
    weight = 1.0 / min(drift.count + KAPPA_SLOW, KAPPA_MOST)
    return Drift(kappa2=drift.kappa2 + (min(off * off, 4.0) - drift.kappa2) * weight, count=drift.count + 1)


def _number(data: dict[str, object], name: str) -> float | None:
    found = data.get(name)
    return float(found) if isinstance(found, int | float) else None
