"""What the made-up customers of this run have said and hope to hear, so that the made-up team knows its lines."""

import re
from collections import deque

from msgspec import Struct

from sandbox.cast import Step

#: Lines that are remembered.
KEPT = 2000
_LETTERS = re.compile(r"\w+")


class Line(Struct, frozen=True, kw_only=True):
    """A step that was played."""

    channel: str
    customer: str
    step: Step


class Script:
    """Grows as customers write; the oldest lines are forgotten."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._order: deque[str] = deque()

    def said(self, line: Line) -> None:
        """Note that a customer says this now."""
        key = plain(line.step.say)
        if key not in self._lines:
            self._order.append(key)
        self._lines[key] = line
        while len(self._order) > KEPT:
            self._lines.pop(self._order.popleft(), None)

    def find(self, written: str) -> Line | None:
        """Return the step of which the written text is made; a channel may have added something to it."""
        wanted = plain(written)
        found = self._lines.get(wanted)
        if found is not None or not wanted:
            return found
        near = (line for key, line in self._lines.items() if key and key in wanted)
        return max(near, key=lambda line: len(line.step.say), default=None)


def plain(text: str) -> str:
    """Return the words of the text alone, without what looks differently on each channel."""
    return " ".join(_LETTERS.findall(text.casefold()))


def carries(heard: str, answer: str) -> bool:
    """Tell whether what a customer heard is this answer, or the first part of it."""
    wanted = plain(answer)
    return bool(wanted) and wanted[:40] in plain(heard)
