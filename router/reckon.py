"""How long an answer takes, honestly: work ahead, how fast it drains, and the learnt correction.

The method is that of a queue with a normal-like tail: mean and spread of the time until the answer from the
people and the work ahead, times a factor learnt from how past promises turned out.
"""

from datetime import datetime
from math import sqrt

from msgspec import Struct

from router.conversation import QuoteParts
from router.correction import Correction
from router.drain import instant
from router.forecast import AT_WORK, Outlook

#: Squared coefficient of variation of handling times, as service logs show it.
HANDLE_CV2 = 0.81
_RANK = 1e11


class Reckoned(Struct, frozen=True, kw_only=True):
    """The honest time, before it is said, and the figures it was made of."""

    at: datetime
    #: Too few answers are known for its corrections: nothing earlier than the target is promised.
    cold: bool
    parts: QuoteParts
    #: Open time from now to then, piece by piece.
    counted: tuple[tuple[datetime, datetime], ...]


def reckon(outlook: Outlook, now: datetime, due_at: datetime, level: float) -> Reckoned:
    """Return when an answer will be there with the wanted probability, in the open time of those who may answer."""
    at, due, correction = now.timestamp(), due_at.timestamp(), outlook.correction
    plan = outlook.staff.plan
    ahead = outlook.ahead(outlook.rank * _RANK + due)
    closed = not plan.is_open(at)
    work_s = 0.0 if outlook.free else ahead.work_s
    if outlook.here and not outlook.free:
        work_s += AT_WORK * correction.handle_s
    handle_s, people = correction.handle_s, 1.0
    if outlook.pace_s is not None:
        drain_s, handle_s = ahead.items * outlook.pace_s, outlook.pace_s
    else:
        drained = outlook.staff.drain(at, work_s, outlook.pressure, (outlook.rank, due))
        drain_s, people = drained.open_s, max(drained.people, 1.0)
    mean_s = drain_s + handle_s
    kappa2 = correction.kappa2[closed]
    spread_s = sqrt(
        HANDLE_CV2 * handle_s**2 + (1 + HANDLE_CV2) * drain_s * handle_s / people + kappa2 * drain_s**2
    )
    z = correction.z(level, closed=closed, queue=outlook.queue)
    parts = QuoteParts(
        work_s=round(work_s, 3),
        items=round(0.0 if outlook.free else ahead.items, 3),
        people=round(people, 3),
        drain_s=round(drain_s, 3),
        handle_s=round(handle_s, 3),
        mean_s=round(mean_s, 3),
        spread_s=round(spread_s, 3),
        z=round(z, 4),
        level=level,
        closed=closed,
        staff=outlook.people,
    )
    until = plan.after(at, _length(correction, level, (mean_s, spread_s, z)))
    pieces = tuple((instant(start), instant(end)) for start, end in plan.pieces(at, until))
    return Reckoned(at=instant(until), cold=not correction.learnt, parts=parts, counted=pieces)


def _length(correction: Correction, level: float, figures: tuple[float, float, float]) -> float:
    """Return the open seconds that are promised."""
    mean_s, spread_s, z = figures
    wanted = mean_s + z * spread_s
    most = correction.most_s(level, mean_s, spread_s)
    return max(wanted if most is None else min(wanted, most), 0.0)
