"""Whose turn it is among the variants of a text, so that two customers side by side do not read the same sentence."""

from collections.abc import Mapping


class Turns:
    """Counts, for each account and text, how many notes were worded with it; consecutive notes take turns.

    One lives in each process and is held against the store, by which the others and a restart know of it.
    """

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._next: dict[str, dict[str, int]] = {}
        self._versions: dict[str, int] = {}
        self._grown: set[str] = set()

    def take(self, place: str, text: str) -> int:
        """Return the number of the next note at a place that is worded with this text."""
        numbers = self._next.setdefault(place, {})
        number = numbers.get(text, 0)
        numbers[text] = number + 1
        self._grown.add(place)
        return number

    def at(self, place: str) -> tuple[dict[str, int], int]:
        """Return the next numbers of a place, by text, and the version in which they would be stored."""
        return dict(self._next.get(place, {})), self._versions.get(place, 0) + 1

    def adopt(self, place: str, numbers: Mapping[str, int], version: int) -> None:
        """Take over what is stored of a place; the larger number counts."""
        if version == self._versions.get(place):
            return
        mine = self._next.setdefault(place, {})
        for text, number in numbers.items():
            mine[text] = max(mine.get(text, 0), number)
        self._versions[place] = version

    def grown(self) -> list[str]:
        """Return the places of which the store does not know everything yet."""
        return sorted(self._grown)

    def stored(self, place: str, numbers: Mapping[str, int], version: int) -> None:
        """Take note that these numbers stand in the store."""
        self._versions[place] = version
        if self._next.get(place, {}) == numbers:
            self._grown.discard(place)
