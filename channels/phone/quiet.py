"""Quiet hours: when a number may ring, by the clock where it is from."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from channels.phone import numbers
from channels.phone.settings import PhoneSettings

_STEP = timedelta(minutes=5)
#: A time that suits all zones of a number comes within a day, or never.
_AHEAD = timedelta(days=2)


class Hours(Struct, frozen=True, kw_only=True):
    """The hours in which one number may be called."""

    first: time
    last: time
    #: All zones in which the number may ring; never empty.
    zones: tuple[ZoneInfo, ...]

    def allow(self, at: datetime) -> bool:
        """Tell whether it is daytime in all of the zones."""
        return all(self.first <= at.astimezone(zone).time() < self.last for zone in self.zones)

    def earliest(self, at: datetime) -> datetime:
        """Return the instant itself, or the first one after it at which the number may be called."""
        if self.allow(at):
            return at
        probe = at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0) + _STEP
        while not self.allow(probe):
            probe += _STEP
            if probe - at > _AHEAD:
                return Hours(first=self.first, last=self.last, zones=self.zones[:1]).earliest(at)
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
