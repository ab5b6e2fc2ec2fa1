"""How often each endpoint may be called in 15 minutes, as X's headers tell it."""

import math
import time

from msgspec import Struct

WINDOW_S = 900.0
#: Calls of one user in a window.
LIMITS = {
    "me": 75, "mentions": 300, "own": 900, "lookup": 900, "dm_events": 15, "dm_with": 15, "post": 100,
    "delete": 50, "dm": 15, "webhooks": 450, "subscriptions": 500, "stream": 450,
}  # fmt: skip


class _Window(Struct):
    until: float
    left: int


class Limits:
    """Counts calls; `scale` widens every window, so that a demo may be livelier than X allows."""

    def __init__(self, scale: int = 1) -> None:
        """Take how many times X's own limits are allowed."""
        self.scale = scale
        self._windows: dict[str, _Window] = {}

    def take(self, endpoint: str) -> tuple[bool, dict[str, str]]:
        """Count a call; return whether it is allowed, and the headers that say what is left."""
        limit = LIMITS[endpoint] * self.scale
        window = self._windows.get(endpoint)
        if window is None or window.until <= time.time():
            window = self._windows[endpoint] = _Window(time.time() + WINDOW_S, limit)
        allowed = window.left > 0
        window.left = max(0, window.left - 1)
        return allowed, {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(window.left),
            "x-rate-limit-reset": str(math.ceil(window.until)),
        }

    def exhaust(self, endpoint: str, reset_s: float) -> None:
        """Leave nothing of the window, which ends in so many seconds."""
        self._windows[endpoint] = _Window(time.time() + reset_s, 0)
