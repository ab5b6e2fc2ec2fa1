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
    what, _, part = reason.partition(": ")
    place = _bracket(source) if part == source and ")" in what else source.find(part) if part else -1
    where = f" at character {place + 1}" if place >= 0 else ""
    shown = f" {part!r}" if part and part != source else ""
    return f"not a valid pattern{where}: {what}{shown}; {_advice(what, part)}"


def _advice(what: str, part: str) -> str:
    if part.startswith(("(?=", "(?!", "(?<=", "(?<!", "(?>")):
        return "look-around is not available; use `not` or two conditions"
    if part[:1] == "\\" and part[1:2].isdigit():
        return "back references are not available"
    if "too large" in what or "repetition size" in what:
        return "make it smaller, or use contains_any"
    return "check brackets and escapes; write \\( for a bracket as such"


def _bracket(source: str) -> int:
    """Return where the first bracket stands that has no partner; -1 when all have one."""
    opened: list[int] = []
    in_class, skip = False, False
    for place, sign in enumerate(source):
        if skip:
            skip = False
        elif sign == "\\":
            skip = True
        elif in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
        elif sign == "(":
            opened.append(place)
        elif sign == ")":
            if not opened:
                return place
            opened.pop()
    return opened[0] if opened else -1
