"""Turn text into the words by which it is found, the same for every store."""

import re
import unicodedata
from collections.abc import Iterable

from channels.message import Message
from router.conversation import Item

#: A message is found by this many of its words; a mail of a megabyte must not fill the index.
MOST_WORDS = 2000
#: Longer ones are cut: they are encoded data, not words.
LONGEST_WORD = 40
#: As much text as is looked at.
MOST_TEXT = 40_000
#: A search looks at this many words.
MOST_ASKED = 12

_WORD = re.compile(r"\w+")


def words(*texts: str) -> list[str]:
    """Return the distinct words, folded: without case, accents and compatibility forms, in order."""
    found: dict[str, None] = {}
    for text in texts:
        for match in _WORD.finditer(_folded(text[:MOST_TEXT])):
            found.setdefault(match[0][:LONGEST_WORD])
            if len(found) >= MOST_WORDS:
                return list(found)
    return list(found)


def words_of(message: Message) -> list[str]:
    """Return the words by which a message is found: subject, sender and text."""
    return words(message.subject, message.sender.name, message.sender.address, message.text)


def words_said(items: Iterable[Item]) -> list[str]:
    """Return the words by which our own answers are found."""
    return words(*(item.text for item in items))


def asked(text: str) -> list[str]:
    """Return the words of a search; all must be found, the last may be a beginning."""
    return words(text)[:MOST_ASKED]


def matches(have: Iterable[str], wanted: list[str]) -> bool:
    """Tell whether all wanted words are there, the last one as a beginning."""
    there = set(have)
    *whole, last = wanted
    return all(word in there for word in whole) and any(word.startswith(last) for word in there)


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
