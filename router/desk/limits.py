"""How often somebody may try: the generic cell rate algorithm, one number for each who tries."""

from collections import OrderedDict
from datetime import datetime

#: Addresses remembered; the longest unseen is forgotten first.
KEPT = 10_000


class Rate:
    """Allow `burst` tries at once and one more every `every_s` seconds, for each key."""

    def __init__(self, *, burst: int, every_s: float) -> None:
        self._burst = burst
        self._every_s = every_s
        #: When the key's tries would all have been paid back, as a timestamp.
        self._paid: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, key: str, now: datetime) -> float:
        """Return 0 when the try is allowed, and count it; else how many seconds to wait."""
        at = now.timestamp()
        paid = max(self._paid.get(key, at), at)
        early = paid - at - (self._burst - 1) * self._every_s
        if early > 1e-6:
            return early
        self._paid[key] = paid + self._every_s
        self._paid.move_to_end(key)
        while len(self._paid) > KEPT:
            self._paid.popitem(last=False)
        return 0.0
