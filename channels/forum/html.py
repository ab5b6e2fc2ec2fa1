"""Text out of a post's HTML, for webhooks that carry no Markdown; the forum has cleaned it, we still trust nothing."""

import re
from collections.abc import Iterator
from html import unescape

from channels.forum.markup import LONGEST, uncommented

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]{0,15})((?:\s[^<>]{0,2000})?)/?>", re.IGNORECASE)
_CLASS = re.compile(r'\bclass="([^"]{0,300})"')
_ALT = re.compile(r'\balt="([^"]{0,300})"')
_BLOCKS = frozenset({"p", "div", "br", "li", "ul", "ol", "pre", "blockquote", "tr", "h1", "h2", "h3", "h4"})
#: What stands in these is not shown.
_SILENT = frozenset({"script", "style", "template"})
_SPACE = re.compile(r"[ \t\r\f\v\xa0]+")
_GAPS = re.compile(r"\n{3,}")


def text(cooked: str) -> tuple[str, str]:
    """Return what the person wrote, and the whole text with quotes of earlier posts."""
    own, whole = [], []
    for piece, quoted in _pieces(uncommented(cooked)):
        whole.append(piece)
        if not quoted:
            own.append(piece)
    full = _tidy(whole)
    return _tidy(own) or full, full


def _pieces(cooked: str) -> Iterator[tuple[str, bool]]:
    """Yield pieces of text, each with whether it stands in a quote."""
    quotes, silent, at = 0, "", 0
    for tag in _TAG.finditer(cooked):
        name, closes = tag[2].lower(), bool(tag[1])
        if not silent:
            yield _SPACE.sub(" ", unescape(cooked[at : tag.start()])), quotes > 0
        at = tag.end()
        if silent or name in _SILENT:
            silent = "" if closes and name == silent else silent or ("" if closes else name)
        elif name == "aside":
            quotes = _depth(quotes, tag[3], closes=closes)
        elif name in _BLOCKS:
            yield "\n\n" if name == "p" and not closes else "\n", quotes > 0
        elif name == "img":
            yield "".join(unescape(alt) for alt in _ALT.findall(tag[3])[:1]), quotes > 0
    if not silent:
        yield _SPACE.sub(" ", unescape(cooked[at:])), quotes > 0


def _depth(quotes: int, attributes: str, *, closes: bool) -> int:
    """Return how deep in quotes we are; other asides are not counted, unless they stand in one."""
    if closes:
        return max(0, quotes - 1)
    classes = _CLASS.search(attributes)
    return quotes + 1 if quotes or (classes and "quote" in classes[1].split()) else quotes


def _tidy(pieces: list[str]) -> str:
    lines = (line.strip() for line in "".join(pieces)[:LONGEST].split("\n"))
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()
