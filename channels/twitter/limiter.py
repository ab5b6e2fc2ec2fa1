"""How often each endpoint may still be called: X says it in headers, and gives no Retry-After."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from channels.twitter.trouble import Throttled

#: Without a time to come again we find one ourselves: doubled from the first, at most the longest.
FIRST_S, LONGEST_S = 2.0, 900.0
#: A reset further away than this is not believed (the longest window is a day).
FURTHEST_S = 86_400.0
#: The windows that X tells of: 15 minutes of the user, and days of the user and the app.
_WINDOWS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")


class Limiter:
    """Remembers, by endpoint, when nothing more may be asked."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Take the clock's time."""
        self._now = now
        self._until: dict[str, datetime] = {}
        self._misses: dict[str, int] = {}

    def check(self, endpoint: str) -> None:
        """Raise Throttled when X would refuse it."""
        until = self._until.get(endpoint)
        left = (until - self._now()).total_seconds() if until is not None else 0.0
        if left > 0:
            raise Throttled(f"X's limit for {endpoint} is used up", left)
        self._until.pop(endpoint, None)

    def saw(self, endpoint: str, headers: Mapping[str, str]) -> None:
        """Take what an answer says of what is left."""
        self._misses.pop(endpoint, None)
        resets = [at for window in _WINDOWS if (at := _spent(headers, window)) is not None]
        if resets:
            self._close(endpoint, max(resets))

    def refused(self, endpoint: str, headers: Mapping[str, str]) -> float:
        """Take a 429; return the seconds to wait, by X's word or, where it has none, by our own."""
        misses = self._misses.get(endpoint, 0)
        self._misses[endpoint] = misses + 1
        resets = [at for window in _WINDOWS if (at := _spent(headers, window)) is not None]
        plain = _number(headers, "x-rate-limit-reset")
        at = max(resets) if resets else plain
        left = (at - self._now()).total_seconds() if at is not None else 0.0
        if left <= 0:
            left = random.uniform(0.8, 1.2) * min(LONGEST_S, FIRST_S * 2 ** min(misses, 20))
        left = min(left, FURTHEST_S)
        self._close(endpoint, datetime.fromtimestamp(self._now().timestamp() + left, UTC))
        return left

    def _close(self, endpoint: str, until: datetime) -> None:
        if (until - self._now()).total_seconds() <= FURTHEST_S:
            self._until[endpoint] = until


def _spent(headers: Mapping[str, str], window: str) -> datetime | None:
    """Return when the window opens again if nothing is left in it."""
    if headers.get(f"{window}-remaining", "").strip() != "0":
        return None
    return _number(headers, f"{window}-reset")


def _number(headers: Mapping[str, str], name: str) -> datetime | None:
    text = headers.get(name, "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        return None
    return datetime.fromtimestamp(int(text), UTC)
