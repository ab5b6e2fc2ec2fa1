"""What a phone account is set to, checked as far as the manifest cannot."""

import re
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any, cast

from msgspec import Struct

from channels.errors import Misconfigured
from channels.phone import numbers
from channels.port import Host

#: Keys of the menu; 0 is for a person.
MOST_OPTIONS = 4

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)|24[:.]00")
_OPTION = re.compile(r"([1-9])\s*=\s*(\S.*)")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?")
_UNIT_S = {"s": 1.0, "": 60.0, "m": 60.0, "h": 3600.0}
_SHORTEST_KEY = 16
#: Minutes between the earliest and the latest call.
_SHORTEST_DAY = 60


class PhoneSettings(Struct, frozen=True, kw_only=True):
    """An account's settings; see `manifest.toml` for what each does."""

    number: str
    account_sid: str
    auth_token: str
    api: str
    country: str
    #: Key of the telephone → what it is about, in order.
    menu: Mapping[str, str]
    listen: bool
    outage: str
    greeting: str
    other_ways: tuple[str, ...]
    #: Seconds after the last try.
    retries: tuple[float, ...]
    slot_length_s: float
    slot_days: int
    call_from: time
    call_until: time
    calls_per_second: int
    requests_per_hour: int
    api_key: str
    voice: str
    colour: str


def read(host: Host) -> PhoneSettings:
    """Return the account's settings. Raises Misconfigured, naming account, setting and remedy."""
    given = host.settings
    where = f"channels.phone.{host.account}"
    number = _number(_text(given, "number"), where)
    settings = PhoneSettings(
        number=number,
        account_sid=_text(given, "account_sid"),
        auth_token=_text(given, "auth_token"),
        api=(_text(given, "api") or "https://api.twilio.com").rstrip("/"),
        country=(_text(given, "country") or numbers.country_of(number)).upper(),
        menu=_menu(_texts(given, "menu"), where),
        listen=bool(given.get("listen", True)),
        outage=_text(given, "outage"),
        greeting=_text(given, "greeting"),
        other_ways=_texts(given, "other_ways"),
        retries=tuple(_length(each, where) for each in _texts(given, "retries", ("5m", "30m"))),
        slot_length_s=_number_of(given, "slot_length", 1800.0),
        slot_days=int(_number_of(given, "slot_days", 5)),
        call_from=_clock(_text(given, "call_from") or "08:00", f"{where}.call_from"),
        call_until=_clock(_text(given, "call_until") or "21:00", f"{where}.call_until"),
        calls_per_second=int(_number_of(given, "calls_per_second", 1)),
        requests_per_hour=int(_number_of(given, "requests_per_hour", 10)),
        api_key=_text(given, "api_key"),
        voice=_text(given, "voice"),
        colour=_text(given, "colour") or "#1f6f6b",
    )
    _check(settings, where)
    return settings


def _check(settings: PhoneSettings, where: str) -> None:
    for name in ("account_sid", "auth_token"):
        if not getattr(settings, name):
            raise Misconfigured(
                f"{where}.{name}: is missing. It stands on the front page of the Twilio console."
            )
    if not numbers.known_country(settings.country):
        raise Misconfigured(
            f"{where}.country: {settings.country!r} is not a country; write two letters such as DK"
        )
    if _minutes(settings.call_until) - _minutes(settings.call_from) < _SHORTEST_DAY:
        raise Misconfigured(
            f"{where}.call_until: must be an hour later than call_from, or nobody is ever called"
        )
    if not _COLOUR.fullmatch(settings.colour):
        raise Misconfigured(f"{where}.colour: {settings.colour!r} is not of the form #rrggbb")
    if 0 < len(settings.api_key) < _SHORTEST_KEY:
        raise Misconfigured(f"{where}.api_key: use at least {_SHORTEST_KEY} characters")


def _minutes(at: time) -> int:
    return 24 * 60 if at == time.max else at.hour * 60 + at.minute


def _number(text: str, where: str) -> str:
    try:
        return numbers.own(text)
    except ValueError as error:
        raise Misconfigured(f"{where}.number: {error}") from None


def _menu(items: Sequence[str], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        option = _OPTION.fullmatch(item.strip())
        if option is None or int(option[1]) > MOST_OPTIONS:
            raise Misconfigured(
                f"{where}.menu: {item!r} is not of the form `1 = Billing`, with a key from 1 to 4"
            )
        if option[1] in found:
            raise Misconfigured(f"{where}.menu: the key {option[1]} is there twice")
        found[option[1]] = option[2]
    return dict(sorted(found.items()))


def _length(text: str, where: str) -> float:
    found = _LENGTH.fullmatch(text.strip().lower())
    if found is None or float(found[1]) <= 0:
        raise Misconfigured(f"{where}.retries: {text!r} is not a length of time such as 5m or 2h")
    return float(found[1]) * _UNIT_S[found[2] or ""]


def _clock(text: str, where: str) -> time:
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise Misconfigured(f"{where}: {text!r} is not a time of day such as 08:00")
    return time(int(found[1]), int(found[2])) if found[1] else time.max


def clock(time_: time) -> str:
    """Return a time of day as people write it; the end of the day is 24:00."""
    return "24:00" if time_ == time.max else f"{time_:%H:%M}"


def _text(given: Mapping[str, object], key: str) -> str:
    return str(given.get(key) or "").strip()


def _texts(given: Mapping[str, object], key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
    found = given.get(key)
    return tuple(str(item) for item in cast("Sequence[object]", default if found is None else found))


def _number_of(given: Mapping[str, object], key: str, default: float) -> float:
    return float(cast("Any", given.get(key, default)))
