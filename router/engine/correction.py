"""The correction of one channel's promises, learnt from how past ones turned out: how many spreads to add.

The factors are those of a level of 95 %. For another level each moves by ln(0.05 ÷ misses), as the quantiles of
an exponential tail do: three times fewer misses allowed, 1.1 spreads more.
"""

from collections.abc import Sequence
from math import ceil, log

from router.engine.known import Drift, Learnt

#: Answers on a channel before its corrections are used.
ENOUGH = 20
#: Spreads added while nothing is learnt; least and most that are ever added.
COLD, FLOOR, CAP = 2.2, 1.3, 4.0
#: So many scores make the finer figure (closed hours, the queue) weigh half.
HALF = 60
#: From so many answers on nothing is promised far beyond the longest of them.
ACTUALS = 100
BEYOND = 1.25
_USUAL_MISSES = 0.05


def shift(level: float) -> float:
    """Return how many spreads a level lies above 95 %."""
    return log(_USUAL_MISSES / (1.0 - level))


class Correction:
    """What one channel's state says about its next promises; made once for each new state."""

    def __init__(self, learnt: Learnt) -> None:
        """Sort the scores once."""
        self.answers = learnt.answers
        self.handle_s = learnt.handle_s
        #: How work drains, see `drift`.
        self._drift = (learnt.drift, learnt.drift_shared, learnt.drift_closed)
        self.longest_s = max(learnt.actuals) if len(learnt.actuals) >= ACTUALS else None
        self._tilt = learnt.tilt
        self._all = sorted(learnt.scores)
        self._closed = sorted(learnt.closed)
        self._queues = {name: sorted(found) for name, found in learnt.queues.items()}
        self._known: dict[tuple[float, bool, str], float] = {}

    @property
    def learnt(self) -> bool:
        """Tell whether there were enough answers to learn from."""
        return self.answers >= ENOUGH and len(self._all) >= ENOUGH

    def drift(self, *, closed: bool, shared: bool) -> Drift:
        """Return how what comes closed, or else is shared by many or has an owner, has drained."""
        return self._drift[2 if closed else 1 if shared else 0]

    def z(self, level: float, *, closed: bool, queue: str) -> float:
        """Return how many spreads to add to what is expected."""
        key = level, closed, queue
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._z(level, closed=closed, queue=queue)
        return found

    def _z(self, level: float, *, closed: bool, queue: str) -> float:
        moved = shift(level)
        if not self.learnt:
            return COLD + moved
        misses = min(self._tilt * (1.0 - level), 0.5)
        z = quantile(self._all, misses)
        if closed:
            z = _blended(z, self._closed, misses)
        z = _blended(z, self._queues.get(queue, ()), misses)
        return min(max(z, FLOOR + moved), CAP + moved)

    def most_s(self, level: float, mean_s: float, spread_s: float) -> float | None:
        """Return the longest time that is believed; None as long as too few answers are known."""
        if self.longest_s is None:
            return None
        moved = shift(level)
        return max((BEYOND + max(0.0, moved) / 4) * self.longest_s, mean_s + (FLOOR + moved) * spread_s)


def quantile(ordered: Sequence[float], misses: float) -> float:
    """Return the conformal quantile: the ⌈(n+1)(1−misses)⌉-th smallest of n scores, at most the largest."""
    place = ceil((len(ordered) + 1) * (1.0 - misses) - 1e-9)
    return ordered[min(max(place, 1), len(ordered)) - 1]


def _blended(z: float, finer: Sequence[float], misses: float) -> float:
    count = len(finer)
    if count < ENOUGH:
        return z
    return z + (quantile(finer, misses) - z) * count / (count + HALF)
