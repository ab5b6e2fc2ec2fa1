"""Durations as people write them: instant, 90s, 5m, 4h, 2d, 1h30m."""

import re
from functools import lru_cache

from rules.model import INSTANT_S

#: Longer waits are not a response time; seconds.
LONGEST_S = 90 * 86400.0
PATTERN = r"^(instant|(\d+d)?(\d+h)?(\d+m)?(\d+s)?)$"
_PARTS = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def seconds(text: str) -> float:
    """Return the seconds of a duration; raises ValueError with examples."""
    word = text.strip().lower()
    if word == "instant":
        return INSTANT_S
    found = _PARTS.fullmatch(word)
    if not word or found is None:
        unit = "; give the unit" if word.isdigit() else ""
        raise ValueError(f"{text!r} is not a duration{unit}: write instant, 90s, 5m, 4h, 2d or 1h30m")
    total = float(sum(int(part or 0) * size for part, (size, _) in zip(found.groups(), _UNITS, strict=True)))
    if not 0 < total <= LONGEST_S:
        raise ValueError(f"{text!r} is out of range: write a duration from 1s to {int(LONGEST_S / 86400)}d")
    return total


def seconds_or_never(text: str) -> float | None:
    """Return the seconds of a duration, None for `never`; raises ValueError with examples."""
    if text.strip().lower() == "never":
        return None
    try:
        return seconds(text)
    except ValueError as error:
        raise ValueError(f"{error}, or never") from None


def written(value: float) -> str:
    """Return seconds as the rules write them: 14400 is `4h`, 5400 is `1h30m`."""
    left, parts = round(value), []
    for size, unit in _UNITS[1:]:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


@lru_cache(maxsize=256)
def spoken(value: float) -> str:
    """Return seconds for a sentence: `4 h`, `1 h 30 min`."""
    names = {"h": " h", "m": " min", "s": " s"}
    return " ".join(f"{number}{names[unit]}" for number, unit in re.findall(r"(\d+)([hms])", written(value)))
