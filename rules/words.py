"""Text as conditions see it: case, accents' spelling and punctuation out of the way, words whole."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property

#: Only so many characters of a text are looked at, so that a huge message costs no more than a long one.
LONGEST = 32_768
#: Letters by which stems (`refund*`) are looked up.
HEAD = 3
_WORD = re.compile(r"[^\W_]+")
_BLANKED = {code: " " for code in range(128) if not chr(code).isalnum()}
_WORDLIKE = re.compile(r"[\w\s'’-]+")
# scripts written without spaces between words, or with endings joined on: terms are found anywhere
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)


def fold(text: str) -> str:
    """Return the text in one spelling: NFKC, case-folded, white space single, ends trimmed."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())


class Words:
    """One text of a message, its forms computed when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text[:LONGEST]

    @cached_property
    def folded(self) -> str:
        """The text in one spelling, punctuation kept."""
        return fold(self.text)

    @cached_property
    def listed(self) -> list[str]:
        """Its words in order, without punctuation."""
        if self.folded.isascii():  # the common case, several times faster
            return self.folded.translate(_BLANKED).split()
        return _WORD.findall(self.folded)

    @cached_property
    def spaced(self) -> str:
        """Its words, each with one space before and after it."""
        return f" {' '.join(self.listed)} "

    @cached_property
    def each(self) -> frozenset[str]:
        """Its different words."""
        return frozenset(self.listed)

    @cached_property
    def heads(self) -> frozenset[str]:
        """The first letters of its words, by which stems are looked up."""
        return frozenset([word[:HEAD] for word in self.each])

    @cached_property
    def searchable(self) -> bytes:
        """The text for regular expressions: as written, in NFKC and UTF-8."""
        plain = self.text if self.text.isascii() else unicodedata.normalize("NFKC", self.text)
        return plain.encode("utf-8", "replace")  # a lone surrogate has no UTF-8


class Terms:
    """Words and phrases to look for.

    A term matches whole words: `refund` is not found in "refundable", `refund*` is, and `*able` is
    found in it too. A term with other characters (`@acme`, `50%`, `*.pdf`) and one in a script
    without spaces is found anywhere. The cost grows with the text, hardly with the number of terms.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        self.terms: Sequence[str] = tuple(terms)
        self._words: set[str] = set()
        self._phrases: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        self._parts: list[str] = []
        self._anywhere: list[str] = []
        for term in self.terms:
            self._sort(fold(term))

    def occur(self, words: Words) -> bool:
        """Tell whether any of them occurs."""
        if not self._words.isdisjoint(words.each):
            return True
        if _listed(self._phrases, words.each, words) or _listed(self._stems, words.heads, words):
            return True
        if self._parts and any(part in words.spaced for part in self._parts):
            return True
        return bool(self._anywhere) and any(part in words.folded for part in self._anywhere)

    def found(self, words: Words) -> list[str]:
        """Return those that occur, as written and in the order written; slower than `occur`."""
        return [term for term, one in self._singles if one.occur(words)]

    def all_occur(self, words: Words) -> bool:
        """Tell whether every one of them occurs."""
        return all(one.occur(words) for _, one in self._singles)

    @cached_property
    def _singles(self) -> list[tuple[str, "Terms"]]:
        return [(term, Terms([term])) for term in self.terms]

    def _sort(self, folded: str) -> None:
        bare = folded.removeprefix("*").removesuffix("*").strip() or folded
        spaced = Words(bare).spaced
        if not _WORDLIKE.fullmatch(bare) or _UNSPACED.search(bare) or not spaced.strip():
            self._anywhere.append(bare)
        elif folded.startswith("*"):
            self._parts.append(spaced[1:-1] if folded.endswith("*") else spaced[1:])
        elif folded.endswith("*") and " " not in spaced.strip() and len(bare) >= HEAD:
            self._stems.setdefault(bare[:HEAD], []).append(spaced[:-1])
        elif folded.endswith("*"):
            self._parts.append(spaced[:-1])
        elif " " in spaced.strip():
            self._phrases.setdefault(spaced.split()[0], []).append(spaced)
        else:
            self._words.add(spaced.strip())


def _listed(table: dict[str, list[str]], keys: frozenset[str], words: Words) -> bool:
    """Tell whether an entry under one of the keys is in the text."""
    if table.keys().isdisjoint(keys):
        return False
    spaced = words.spaced
    for key in table.keys() & keys:
        for entry in table[key]:  # plain loops are twice as fast as any()
            if entry in spaced:
                return True
    return False
