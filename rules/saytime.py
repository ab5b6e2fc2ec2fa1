"""How a language says a time: by when, with day and zone, so that nobody can take it for another."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import DateTimePattern, get_timezone_location, parse_pattern
from msgspec import Struct

from rules.template import Template

#: Before this hour people still mean the day before when they say "tomorrow".
MORNING = 4
NOON = 12
#: Within so many days a weekday alone is clear.
CLEAR_DAYS = 6
#: Styles read at once; mail and posts may be read tomorrow, when "tomorrow" has moved on.
AT_ONCE = frozenset({"chat", "spoken"})


class TimeWords(Struct, frozen=True, kw_only=True):
    """The `time` part of a language's file."""

    locale: Locale
    #: The clock, and at full hours.
    clock: DateTimePattern
    full_hour: DateTimePattern
    #: Day and month.
    date: DateTimePattern
    #: Monday first, in the form that follows the words around {weekday}.
    weekdays: tuple[str, ...]
    #: By when: {clock} {weekday} {date}.
    today: Template
    tomorrow: Template
    later: Template
    #: A time named before: {clock} {weekday}.
    said_today: Template
    said_later: Template
    #: When somebody is back: {weekday} {date}.
    back_today: Template
    back_morning: Template
    back_tomorrow: Template
    back_weekday: Template
    back_later: Template
    #: A zone by its {city}, and the words for common ones.
    zone: Template
    zones: Mapping[str, str]
    #: How {time} and {zone} are joined, by style.
    joined: Mapping[str, Template]

    def say(self, at: datetime, now: datetime, zone: ZoneInfo, style: str = "mail") -> str:
        """Return by when, such as `by 15:40 today (Copenhagen time)`."""
        local, here = at.astimezone(zone), now.astimezone(zone)
        days = (local.date() - here.date()).days
        small = here.hour < MORNING <= local.hour or local.hour < MORNING
        if days == 0 and not (small and local.hour >= MORNING):
            phrase = self.today
        elif days == 1 and not small and style in AT_ONCE:
            phrase = self.tomorrow
        else:
            phrase = self.later
        said = self._filled(phrase, local)
        return self.joined[style].render({"time": said, "zone": self.zone_name(zone)}, formal=True)

    def said(self, at: datetime, now: datetime, zone: ZoneInfo) -> str:
        """Return a time that was named before, such as `15:40`."""
        local = at.astimezone(zone)
        same = local.date() == now.astimezone(zone).date()
        return self._filled(self.said_today if same else self.said_later, local)

    def back(self, at: datetime, now: datetime, zone: ZoneInfo) -> str:
        """Return when somebody is there again, such as `tomorrow morning`."""
        local, here = at.astimezone(zone), now.astimezone(zone)
        days = (local.date() - here.date()).days
        if days <= 0:
            phrase = self.back_today
        elif days == 1 and here.hour >= MORNING:
            phrase = self.back_morning if local.hour < NOON else self.back_tomorrow
        else:
            phrase = self.back_weekday if days <= CLEAR_DAYS else self.back_later
        return self._filled(phrase, local)

    def zone_name(self, zone: ZoneInfo) -> str:
        """Return the zone's words in this language: by its city, as abbreviations are not understood."""
        if zone.key in self.zones:
            return self.zones[zone.key]
        return self.zone.render({"city": _city(zone.key, str(self.locale))}, formal=True)

    def _filled(self, phrase: Template, local: datetime) -> str:
        """Return the phrase for a wall clock; dates are dear, so only if it names one."""
        clock = self.clock if local.minute else self.full_hour
        shown = local.replace(tzinfo=None)
        values = {"clock": _applied(clock, shown, self.locale), "weekday": self.weekdays[local.weekday()]}
        if "date" in phrase.names:
            values["date"] = _applied(self.date, shown, self.locale)
        return phrase.render(values, formal=True)


#: A wall clock without a place, and steps that a pattern must tell apart.
_SAMPLE = datetime(2026, 1, 4, 1, 5)  # noqa: DTZ001  # no place is meant
MINUTES, HOURS, DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def pattern(text: str, locale: Locale, *, uses: str, step: timedelta) -> DateTimePattern:
    """Return a date pattern of Unicode TR 35, such as `HH:mm`; raises ValueError with advice.

    It must tell times apart that are one step from each other, and twelve, and thirty-one.
    """
    try:
        made = parse_pattern(text)
        shown = {made.apply(_SAMPLE + count * step, locale) for count in (0, 1, 12, 31)}
    except (KeyError, ValueError, AttributeError):
        raise ValueError(f"{text!r} is no date pattern; write one such as {uses}") from None
    if len(shown) < (4 if step is not HOURS else 3):
        raise ValueError(f"{text!r} does not tell all times apart; write a pattern such as {uses}")
    return made


@lru_cache(maxsize=1024)
def _applied(pattern: DateTimePattern, shown: datetime, locale: Locale) -> str:
    """Return what a wall clock shows; many are promised the same time, and Babel is slow."""
    said: str = pattern.apply(shown, locale)
    return said


@lru_cache(maxsize=1024)
def _city(zone: str, locale: str) -> str:
    """Return the zone's city in the language, where Babel knows it."""
    found: str = get_timezone_location(zone, locale=locale, return_city=True)
    return (found or zone.replace("_", " ")).rpartition("/")[2]
