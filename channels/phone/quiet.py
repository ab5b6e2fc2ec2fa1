"""Quiet hours: when a number may ring, by the clock where it is from."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from channels.phone import numbers
from channels.phone.settings import PhoneSettings

_STEP = timedelta(minutes=5)
_DAY = timedelta(days=1)


class Hours(Struct, frozen=True, kw_only=True):
    """The hours in which one number may be called."""

    first: time
    last: time
    #: All zones in which the number may ring; never empty.
    zones: tuple[ZoneInfo, ...]

    def allow(self, at: datetime) -> bool:
        """Tell whether it is daytime in all of the zones, or in the middle one where no time suits all."""
        heeded = _heeded(self.zones, self.first, self.last, at.astimezone(UTC).date())
        return _suits(at, heeded, self.first, self.last)

    def earliest(self, at: datetime) -> datetime:
        """Return the instant itself, or the first one after it at which the number may be called."""
        if self.allow(at):
            return at
        probe = at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0) + _STEP
        while not self.allow(probe) and probe - at < 2 * _DAY:
            probe += _STEP
        return probe

    @property
    def zone(self) -> str:
        """Return the customer's zone where there is only one; "" when nobody can tell."""
        return self.zones[0].key if len(self.zones) == 1 else ""


def hours_of(number: str, settings: PhoneSettings, zone: str) -> Hours:
    """Return the hours of a number; where nobody can tell its zone, the account's counts."""
    found = tuple(numbers.zones_of(number)) if number else ()
    return Hours(
        first=settings.call_from, last=settings.call_until, zones=found or (ZoneInfo(zone or "UTC"),)
    )


def _suits(at: datetime, zones: Sequence[ZoneInfo], first: time, last: time) -> bool:
    return all(first <= at.astimezone(zone).time() < last for zone in zones)


@lru_cache(maxsize=2048)
def _heeded(zones: tuple[ZoneInfo, ...], first: time, last: time, day: date) -> tuple[ZoneInfo, ...]:
    """Return all zones where some time of that day suits them all, else the middle one: nobody waits for ever."""
    start = datetime.combine(day, time(), UTC)
    if any(_suits(start + step * _STEP, zones, first, last) for step in range(_DAY // _STEP)):
        return zones
    ranked = sorted(zones, key=lambda zone: start.astimezone(zone).utcoffset() or timedelta())
    return (ranked[len(ranked) // 2],)
