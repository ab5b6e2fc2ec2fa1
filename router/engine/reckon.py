"""How long an answer takes, honestly: work ahead, how fast it drains, and the learnt correction.

The method is that of a queue with a normal-like tail: mean and spread of the time until the answer from the
people and the work ahead, times a factor learnt from how past promises turned out.
"""

from datetime import datetime
from math import sqrt

from msgspec import Struct

from router.conversation import QuoteParts
from router.engine.correction import Correction
from router.engine.drain import instant
from router.engine.forecast import AT_WORK, Outlook

#: Squared coefficient of variation of handling times, as service logs show it.
HANDLE_CV2 = 0.81
_RANK = 1e11


class Reckoned(Struct, frozen=True, kw_only=True):
    """The honest time, before it is said, and the figures it was made of."""

    at: datetime
    #: Too few answers are known for its corrections: nothing earlier than the target is promised.
    cold: bool
    parts: QuoteParts
    #: Open time from now to then, piece by piece (s since 1970).
    counted: list[tuple[float, float]]


def reckon(outlook: Outlook, now: datetime, due_at: datetime, level: float) -> Reckoned:
    """Return when an answer will be there with the wanted probability, in the open time of those who may answer.

    Work is served by the time it was promised for, where that comes before its due time. So the reckoning is
    made twice: the first time says by when this one will be promised at the latest, the second counts what
    is served before that. As long as too little is learnt nothing earlier than the due time is promised.
    """
    at, due, plan = now.timestamp(), due_at.timestamp(), outlook.staff.plan
    parts = figures_of(outlook, at, due, level)
    until = plan.after(at, _length(outlook.correction, parts))
    if until < due and outlook.correction.learnt:
        parts = figures_of(outlook, at, until, level)
        until = plan.after(at, _length(outlook.correction, parts))
    return Reckoned(
        at=instant(until),
        cold=not outlook.correction.learnt,
        parts=parts,
        counted=plan.pieces(at, until),
    )


def figures_of(outlook: Outlook, at: float, due: float, level: float) -> QuoteParts:
    """Return the figures of a message that has to be done by `due` (s since 1970)."""
    correction = outlook.correction
    ahead = outlook.ahead(outlook.rank * _RANK + due)
    closed = not outlook.staff.plan.is_open(at)
    work_s = 0.0 if outlook.free else ahead.work_s
    if outlook.here and not outlook.free:
        work_s += AT_WORK * correction.handle_s
    handle_s, people = correction.handle_s, 1.0
    if outlook.pace_s is not None:
        drain_s, handle_s = ahead.items * outlook.pace_s, outlook.pace_s
    else:
        drained = outlook.staff.drain(at, work_s, outlook.pressure, (outlook.rank, due))
        drain_s, people = drained.open_s, max(drained.people, 1.0)
    drift = correction.drift(closed=closed, shared=len(outlook.people) > 1)
    ratio = drift.ratio if correction.learnt else 1.0
    drain_s *= ratio
    spread_s = sqrt(
        HANDLE_CV2 * handle_s**2 + (1 + HANDLE_CV2) * drain_s * handle_s / people + drift.kappa2 * drain_s**2
    )
    return QuoteParts(
        work_s=round(work_s, 3),
        items=round(0.0 if outlook.free else ahead.items, 3),
        people=round(people, 3),
        drain_s=round(drain_s, 3),
        correction=round(ratio, 4),
        handle_s=round(handle_s, 3),
        mean_s=round(drain_s + handle_s, 3),
        spread_s=round(spread_s, 3),
        z=round(correction.z(level, closed=closed, queue=outlook.queue), 4),
        level=level,
        closed=closed,
        staff=outlook.people,
        away=dict(outlook.away),
    )


def _length(correction: Correction, parts: QuoteParts) -> float:
    """Return the open seconds that are promised."""
    wanted = parts.mean_s + parts.z * parts.spread_s
    most = correction.most_s(parts.level, parts.mean_s, parts.spread_s)
    return max(wanted if most is None else min(wanted, most), 0.0)
