"""Regular expressions in linear time only (RE2), so that no message can stall the router."""

from typing import Any

import re2

#: Bytes that one compiled pattern may use; more is refused as too large.
MEMORY = 1 << 20
#: Characters of a pattern.
LONGEST = 500


def pattern(source: str) -> Any:
    """Compile a regular expression of linear running time; raises ValueError with the place in it."""
    if len(source) > LONGEST:
        raise ValueError(f"the pattern is longer than {LONGEST} characters; use several, or contains_any")
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = MEMORY
    options.log_errors = False
    try:
        return re2.compile(source, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args else "unknown reason"
        raise ValueError(_mend(source, reason)) from None


def _mend(source: str, reason: str) -> str:
    """Say where in a pattern the trouble lies, and what RE2 has instead."""
    what, _, part = reason.rpartition(": ")
    place = source.find(part) if part and part != source else -1
    where = f" at character {place + 1}" if place >= 0 else ""
    hint = "check brackets and escapes"
    if part.startswith(("(?=", "(?!", "(?<", "(?>")) and not part.startswith("(?P<"):
        hint = "look-around is not available; use `not` or two conditions"
    elif part[:1] == "\\" and part[1:2].isdigit():
        hint = "back references are not available"
    elif "too large" in reason or "repetition size" in reason:
        hint = "make it smaller, or use contains_any"
    return f"not a valid pattern{where}: {what or reason}{f' {part!r}' if what and part else ''}; {hint}"
