"""How long a post is by X's count, and where to cut what is longer.

A character counts 1 in the ranges of X's published configuration (version 3), else 2; an emoji counts 2
however many code points it has; a URL counts 23. The text is counted in composed form (NFC).
"""

import re
import unicodedata
from collections.abc import Callable

LONGEST = 280
URL_WEIGHT = 23
#: What counts 1: Latin with punctuation, general punctuation, and a few quotation marks and dashes.
_SINGLE = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))

#: With a scheme it is a URL for certain; without one it is taken for one where X may link it.
_TOP = (
    "com|org|net|edu|gov|info|biz|app|dev|shop|store|online|site|cloud|live|news|blog|help|support|page|link|xyz|club|"
    "[a-z]{2}"
)
URL = re.compile(
    rf"https?://[^\s<>\"]+|(?<![@\w.-])(?:www\.)?(?:[\w-]+\.)+(?:{_TOP})\b(?![.-]?\w)(?:[/?#][^\s<>\"]*)?",
    re.IGNORECASE,
)
#: One emoji: a flag, a keycap, or a picture with its modifiers and joined pictures.
_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2934\u2935\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    f"|{_PICTURE}[\ufe0f\U0001f3fb-\U0001f3ff]*[\U000e0020-\U000e007f]*"
    f"(?:\u200d{_PICTURE}[\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)

#: Where a text may be cut, best first: between paragraphs, sentences, lines, clauses, words.
_CUTS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"(?<=[.!?…])[\"')\]»”]*\s+|(?<=[。！？])"),
    re.compile(r"\n"),
    re.compile(r"(?<=[,;:–—])\s+|(?<=[、，；])"),
    re.compile(r"\s+"),
)
#: A part has at most so many characters for each that it counts: links and emoji count less than they are long.
_WINDOW = 8
#: A cut that leaves less than this share of a part is too early; a worse one is looked for.
_LEAST_SHARE = 0.4


def weight(text: str) -> int:
    """Return the weighted length of a post."""
    text = unicodedata.normalize("NFC", text)
    plain = URL.sub("", text)
    urls = sum(_url_weight(found[0]) for found in URL.finditer(text))
    rest = _EMOJI.sub("", plain)
    emoji = 2 * len(_EMOJI.findall(plain))
    return urls + emoji + sum(1 if _single(char) else 2 for char in rest)


def has_url(text: str) -> bool:
    """Tell whether X makes a link of some of it."""
    return URL.search(text) is not None


def split(text: str, most: int = LONGEST, measure: Callable[[str], int] = weight) -> list[str]:
    """Return the text in parts of at most `most`, cut between sentences, else words, else anywhere."""
    rest = unicodedata.normalize("NFC", text).strip()
    parts: list[str] = []
    while len(rest) > most * _WINDOW or measure(rest) > most:
        end = _fitting(rest, most, measure)
        cut = _cut(rest, end)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest or not parts else parts


def _fitting(text: str, most: int, measure: Callable[[str], int]) -> int:
    """Return the greatest number of characters that fit, found by halving (weight grows with length)."""
    low, high = 1, min(len(text), most * _WINDOW)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= most:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(text: str, end: int) -> int:
    """Return where to cut at or before `end`, never inside a URL or an emoji where that can be avoided."""
    for pattern in _CUTS:
        places = [found.end() for found in pattern.finditer(text, 0, min(end + 1, len(text)))]
        fitting = [at for at in places if at >= end * _LEAST_SHARE and len(text[:at].rstrip()) <= end]
        if fitting:
            return fitting[-1]
    spaces = [found.end() for found in re.finditer(r"\s+", text[: end + 1])]
    if spaces:
        return spaces[-1]
    for found in (*URL.finditer(text), *_EMOJI.finditer(text)):
        if 0 < found.start() < end < found.end():
            return found.start()
    while end > 1 and unicodedata.combining(text[end]):
        end -= 1
    return end


def _single(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in _SINGLE)


def _url_weight(url: str) -> int:
    """Return 23; a long name without scheme may turn out to be no link, and then counts in full."""
    return URL_WEIGHT if "://" in url else max(URL_WEIGHT, len(url))
