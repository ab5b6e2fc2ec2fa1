"""Switches for what goes wrong at a provider."""

import random
from enum import StrEnum


class Fault(StrEnum):
    """What a provider may do wrong; a stand-in knows those that its provider can do."""

    THROTTLED = "throttled"  # 429, saying when to come again
    THROTTLED_BARE = "throttled_bare"  # 429, saying nothing
    BROKEN = "broken"  # 503 with a page of HTML, nothing done
    DROPPED = "dropped"  # done, then the connection closes without an answer
    FAILED_AFTER = "failed_after"  # done, then 500
    REFUSED = "refused"  # nothing done, a clear error for good
    SLOW = "slow"  # the answer takes `Faults.slow_s`
    BLACK_HOLE = "black_hole"  # the answer never comes
    TWICE = "twice"  # an event is delivered twice
    REORDERED = "reordered"  # an event is delivered after the next one
    LATE = "late"  # an event is delivered `Faults.late_s` later
    LOST = "lost"  # an event is not delivered at all; polling finds it
    WINDOW = "window"  # the window for answers is closed
    REVOKED = "revoked"  # the token is not valid any more


class Faults:
    """Which faults strike, how often, by a seeded chance; none at first."""

    def __init__(self, seed: int = 1) -> None:
        """Take the seed, so that a run can be repeated."""
        self._chance = random.Random(seed)  # luck, not secrets
        self._shares: dict[Fault, float] = {}
        self._left: dict[Fault, int] = {}
        #: How often each has struck.
        self.struck: dict[Fault, int] = {}
        #: Seconds of SLOW and LATE.
        self.slow_s = 1.0
        self.late_s = 0.5

    def set(self, fault: Fault, share: float = 1.0, *, times: int | None = None) -> None:
        """Let it strike that share of the chances (0 to 1), at most so many times."""
        self._shares[fault] = share
        self._left.pop(fault, None)
        if times is not None:
            self._left[fault] = times

    def clear(self) -> None:
        """Let everything go well again."""
        self._shares.clear()
        self._left.clear()

    def strikes(self, fault: Fault) -> bool:
        """Tell whether it strikes now, and count that."""
        share = self._shares.get(fault, 0.0)
        if not share or self._left.get(fault, 1) <= 0 or self._chance.random() >= share:
            return False
        if fault in self._left:
            self._left[fault] -= 1
        self.struck[fault] = self.struck.get(fault, 0) + 1
        return True

    def shares(self) -> dict[str, float]:
        """Return what is switched on, for the page that shows both sides."""
        return {fault.value: share for fault, share in self._shares.items() if share}
