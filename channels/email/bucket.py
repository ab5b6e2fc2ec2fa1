"""A rate limit: a minute's worth at once, refilled evenly."""

import time


class Bucket:
    """One sender's allowance."""

    def __init__(self, most: int) -> None:
        """Take how many a minute."""
        self._most = most
        self._tokens = float(most)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Use up one; False when there is none left."""
        now = time.monotonic()
        self._tokens = min(float(self._most), self._tokens + (now - self._at) * self._most / 60)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
