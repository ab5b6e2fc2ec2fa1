"""How close to its limits Facebook sees us, by the headers of every answer; we slow down before it stops us."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.facebook import raw
from channels.facebook.raw import Malformed
from channels.facebook.settings import Timing

APP, BUSINESS = "X-App-Usage", "X-Business-Use-Case-Usage"
#: Per cent of a limit from which we go slower, and from which only what customers wait for is done.
SLOWER, BUSY = 75.0, 90.0
#: The longest pause before one request.
_SLOWEST_S = 3.0
_SHARES = ("call_count", "total_time", "total_cputime")


class Usage:
    """The load of one account, and until when Facebook wants to hear nothing of us."""

    def __init__(self, timing: Timing) -> None:
        """Take how long to pause, and for how long what was seen holds."""
        self._first_s, self._longest_s = timing.throttled_s, timing.throttled_longest_s
        self._fresh = timedelta(seconds=timing.usage_s)
        self._pause_s = 0.0
        self._until: datetime | None = None
        self._seen_at = datetime.min.replace(tzinfo=UTC)
        #: Per cent of the nearest limit.
        self.load = 0.0

    def saw(self, headers: Mapping[str, str], now: datetime) -> None:
        """Learn from an answer's headers."""
        rows = [_table(headers.get(APP, "")), *_cases(headers.get(BUSINESS, ""))]
        found = [_share(row, key) for row in rows for key in _SHARES if key in row]
        if found:
            self.load, self._seen_at = max(found), now
        minutes = max((_share(row, "estimated_time_to_regain_access") for row in rows), default=0.0)
        if minutes > 0:
            self._until = now + timedelta(minutes=minutes)

    def throttled(self, now: datetime) -> float:
        """Take note that we were refused for coming too often; return the seconds to wait."""
        self._pause_s = min(self._longest_s, self._pause_s * 2 or self._first_s)
        later = now + timedelta(seconds=self._pause_s)
        self._until = max(self._until or later, later)
        return self.wait_s(now)

    def worked(self) -> None:
        """Take note that we were let in."""
        self._pause_s = 0.0

    def wait_s(self, now: datetime) -> float:
        """Return for how long nothing may be asked."""
        if self._until is None:
            return 0.0
        return max(0.0, (self._until - now).total_seconds())

    @property
    def pause_s(self) -> float:
        """How long to wait before the next request, so that the limit is not reached."""
        return min(_SLOWEST_S, max(0.0, self.load - SLOWER) / (100.0 - SLOWER) * _SLOWEST_S)

    def busy(self, now: datetime) -> bool:
        """Tell whether what nobody waits for should be left out; what was seen long ago says nothing."""
        return self.load >= BUSY and now - self._seen_at < self._fresh


def _table(header: str) -> Mapping[str, Any]:
    try:
        return raw.table(raw.decode(header.encode()), "usage") if header else {}
    except Malformed:
        return {}


def _cases(header: str) -> list[Mapping[str, Any]]:
    table = _table(header)
    return [row for key in table for row in raw.rows(table, key)]


def _share(row: Mapping[str, Any], key: str) -> float:
    found = row.get(key, 0)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else 0.0
