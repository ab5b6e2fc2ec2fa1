"""A long text in parts that Messenger takes, cut where a reader would pause."""

import re

#: Characters of one Messenger message, and of one comment.
MESSAGE_LENGTH = 2000
COMMENT_LENGTH = 8000
#: Where to cut, best first: between paragraphs, lines, sentences, words.
_CUTS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…。！？])\s+"), re.compile(r"\s+"))
#: A cut may leave a part at least this full.
_LEAST = 0.4


def length(text: str) -> int:
    """Return the length as the strictest reader counts it: UTF-16 units, an emoji being two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parts(text: str, most: int = MESSAGE_LENGTH) -> list[str]:
    """Return the text in as few parts as its pauses allow; nothing but white space is lost."""
    found: list[str] = []
    rest = text.strip()
    while length(rest) > most:
        head = _head(rest, most)
        found.append(rest[:head].rstrip())
        rest = rest[head:].lstrip()
    return [*found, rest] if rest else found


def _head(text: str, most: int) -> int:
    """Return how many characters belong to the first part."""
    room = _fitting(text, most)
    for cut in _CUTS:
        places = [one.end() for one in cut.finditer(text, 0, room) if one.start() >= room * _LEAST]
        if places:
            return places[-1]
    return _unbroken(text, room)


def _fitting(text: str, most: int) -> int:
    """Return how many characters fit; an emoji is never cut through."""
    units = 0
    for place, letter in enumerate(text):
        units += 2 if ord(letter) > 0xFFFF else 1
        if units > most:
            return place
    return len(text)


def _unbroken(text: str, room: int) -> int:
    """Step back over marks that belong to the letter before (accents, joined emoji)."""
    joined = "\u200d\ufe0f"
    place = room
    while place > room // 2 and (text[place] in joined or text[place - 1] == "\u200d" or _mark(text[place])):
        place -= 1
    return place


def _mark(letter: str) -> bool:
    return "\u0300" <= letter <= "\u036f" or "\U0001f3fb" <= letter <= "\U0001f3ff"
