"""The settings of one account, checked against its channel's manifest."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from channels.manifest import Setting, unknown

UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
EMAIL = re.compile(r"[^@\s<>\"',;]+@[^@\s<>\"',;]+")
LANGUAGE = re.compile(r"[a-z]{2,3}")
WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
#: What a setting is when nobody says anything; numbers and durations are then absent.
EMPTY: Mapping[str, Any] = {
    "string": "", "boolean": False, "url": "", "secret": "", "list": (), "zone": "", "language": "", "email": "",
}  # fmt: skip


def checked(
    settings: Mapping[str, Setting], given: Mapping[str, Any], where: str, problems: list[str]
) -> dict[str, Any]:
    """Return the account's settings with defaults, adding a sentence to `problems` for each fault.

    Values may be strings, as the environment gives them. No sentence repeats a value.
    """
    problems += [f"{where}.{key}: {unknown(key, settings)}" for key in given if key not in settings]
    result: dict[str, Any] = {}
    for key, setting in settings.items():
        value = given.get(key, setting.default)
        if value is None:
            if setting.required:
                problems.append(f"{where}.{key}: is missing. {_advice(setting)}".rstrip())
            elif setting.type in EMPTY:
                result[key] = EMPTY[setting.type]
            continue
        try:
            result[key] = convert(setting, value)
        except ValueError as error:
            problems.append(f"{where}.{key}: {error}. {_advice(setting)}".rstrip())
    return result


def convert(setting: Setting, value: Any) -> Any:
    """Return the value in the setting's type. Raises ValueError saying what was expected."""
    result = KINDS[setting.type](value)
    if setting.choices and result != "" and result not in setting.choices:
        raise ValueError(f"must be one of {', '.join(setting.choices)}")
    if setting.minimum is not None and result < setting.minimum:
        raise ValueError(f"must be at least {setting.minimum:g}")
    if setting.maximum is not None and result > setting.maximum:
        raise ValueError(f"must be at most {setting.maximum:g}")
    if setting.type == "url":
        _allowed(setting, result)
    return result


def _advice(setting: Setting) -> str:
    example = f" Example: {setting.example}" if setting.example else ""
    return setting.help + example


def _allowed(setting: Setting, url: str) -> None:
    scheme, separator, _ = url.partition("://")
    if not separator:
        if setting.words and url and url not in setting.words:
            raise ValueError(f"must be a URL or one of {', '.join(setting.words)}")
    elif setting.schemes and scheme.lower() not in setting.schemes:
        raise ValueError(f"must begin with one of {', '.join(f'{each}://' for each in setting.schemes)}")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text in quotes")  # a problem of the settings, not of the code
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("must be a whole number")
    try:
        return int(value)
    except ValueError:
        raise ValueError("must be a whole number") from None


def _boolean(value: Any) -> bool:
    found = value if isinstance(value, bool) else WORDS.get(str(value).strip().lower())
    if found is None:
        raise ValueError("must be true or false")
    return found


def _duration(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    text = str(value).strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = DURATION.findall(text)
    if not parts or DURATION.sub("", text).strip():
        raise ValueError("must be a duration such as 30s, 5m, 4h or 1h 30m")
    return float(sum(float(number) * UNIT_S[unit] for number, unit in parts))


def _url(value: Any) -> str:
    text = _string(value)
    if "://" not in text:
        if not re.fullmatch(r"[a-z0-9_-]*", text):
            raise ValueError("must be a URL such as scheme://host:port")
        return text
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL that can be read; the port must be a number up to 65535") from None
    if not parts.hostname or (port is None and parts.netloc.endswith(":")):
        raise ValueError("must name a host: scheme://host:port")
    return text


def _list(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            raise ValueError('must be a list such as ["a", "b"]') from None
    elif isinstance(value, str):
        value = [each.strip() for each in value.split(",")]
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise ValueError("must be a list of texts")
    return tuple(each for each in value if each)


def _zone(value: Any) -> str:
    text = _string(value)
    try:
        return text and ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise ValueError("must be an IANA time zone such as Europe/Copenhagen") from None


def _language(value: Any) -> str:
    text = _string(value)
    if text and not LANGUAGE.fullmatch(text):
        raise ValueError("must be a language code such as en or da")
    return text


def _email(value: Any) -> str:
    text = _string(value)
    if text and not EMAIL.fullmatch(text):
        raise ValueError("must be a mail address such as help@example.com")
    return text


KINDS: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "boolean": _boolean,
    "duration": _duration,
    "url": _url,
    "secret": _string,
    "list": _list,
    "zone": _zone,
    "language": _language,
    "email": _email,
}
