"""What is learnt of one channel from the log: how long answers take, when work comes, how far promises were off.

A fold: the same lines in the same order give the same state, in pieces or whole.
"""

from datetime import datetime

from msgspec.structs import replace

from router.conversation import Event
from router.engine.known import FAST_S, HANDLE_S, HOURS, Drift, Learnt, Need, hour_of_week

__all__ = ["HANDLE_S", "HOURS", "WAITED", "WAITING", "Drift", "Learnt", "Need", "fold", "hour_of_week"]

#: Kinds of log lines that are folded; all others change nothing.
WAITING, WAITED = "waiting", "waited"
#: How many answers the first guess of the handling time weighs, and how many count at most.
HANDLE_PRIOR = 4
HANDLE_MOST = 200
#: One answer counts with at most so many times the mean: somebody forgot it, or went home.
HANDLE_OUTLIER = 8.0
#: Weeks that an hour of the week remembers.
WEEKS_KEPT = 8
#: How much of each is remembered.
SCORES_KEPT = 600
QUEUE_SCORES_KEPT = 200
QUEUES_KEPT = 50
ACTUALS_KEPT = 500
ANSWERS_KEPT = 50
NEEDS_KEPT = 40
#: Needs are counted until there are so many, then halved, so that what came lately counts more.
NEEDS_COUNTED = 2000.0
#: The square of the drain rate's spread moves by one part in so many, at first and later on.
KAPPA_SLOW = 100
KAPPA_MOST = 1000
#: Real ÷ reckoned time to drain is that of so many answers.
RATIO_KEPT = 200
#: How fast the allowed share of misses follows the real one, and its limits; 1 = as the level says.
TILT_STEP = 0.005
TILT_LEAST = 0.04
TILT_MOST = 7.0
#: The level promised at, for lines that do not say.
LEVEL = 0.95


def fold(state: Learnt, line: Event) -> Learnt:
    """Take a line of the log into the state; lines of other kinds or channels change nothing.

    `waiting`: data `rank` (0 = urgent), `target_s` (s) and `lane` (as `lane_name` writes it).
    `waited`: data `how` (only `answered…` teaches), `first` (X first said, ISO; "" = no promise), and of
    that first promise `mean_s`, `spread_s`, `drain_s`, `correction`, `closed`, `staff` and `level`; `open_s`
    (open seconds to the answer in the hours of `QuoteParts.staff`, since the promise, else since the arrival) and
    `worked_s` (open seconds of who answered since the later of arrival and their answer before; 0 = outside
    their hours).
    What a line lacks is not learnt from it, nor how long an answer took whose time the customer chose (`wished`).
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
    fast = state.lately(at) + 3600.0 / FAST_S
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
    if actual is None or data.get("wished"):
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
    if drain is None:
        return state
    name = "drift_closed" if closed else "drift_shared" if len(data.get("staff") or ()) > 1 else "drift"
    drift = _drained(
        getattr(state, name), actual - (mean - drain), drain / (_number(data, "correction") or 1.0)
    )
    if drain > 2 * state.handle_s:
        drift = _drifted(drift, (actual - mean) / drain)
    return replace(state, **{name: drift})


def _drained(drift: Drift, real: float, reckoned: float) -> Drift:
    kept = 1.0 - 1.0 / RATIO_KEPT
    return replace(
        drift,
        real_s=max(0.0, drift.real_s * kept + real),
        reckoned_s=drift.reckoned_s * kept + reckoned,
    )


def _tilted(tilt: float, line: Event) -> float:
    """Allow fewer misses after a miss, a few more after a promise kept; judged on the time that was said first."""
    misses = 1.0 - float(line.data.get("level") or LEVEL)
    late = 1.0 if line.at > datetime.fromisoformat(line.data["first"]) else 0.0
    return min(max(tilt + TILT_STEP * (misses - late) / misses, TILT_LEAST), TILT_MOST)


def _drifted(drift: Drift, off: float) -> Drift:
    weight = 1.0 / min(drift.count + KAPPA_SLOW, KAPPA_MOST)
    kappa2 = drift.kappa2 + (min(off * off, 4.0) - drift.kappa2) * weight
    return replace(drift, kappa2=kappa2, count=drift.count + 1)


def _number(data: dict[str, object], name: str) -> float | None:
    found = data.get(name)
    return float(found) if isinstance(found, int | float) else None
