"""Text out of a post's HTML, for webhooks that carry no Markdown."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset({"p", "div", "br", "li", "ul", "ol", "pre", "blockquote", "tr", "h1", "h2", "h3", "h4"})
_SILENT = frozenset({"script", "style", "template"})
_VOID = frozenset({"br", "img", "hr", "input", "meta", "link"})
_SPACE = re.compile(r"[ \t\r\f\v\xa0]+")
_GAPS = re.compile(r"\n{3,}")
#: No honest post is nested deeper.
_DEEPEST = 200


def text(cooked: str) -> tuple[str, str]:
    """Return what the person wrote, and the whole text with quotes of earlier posts."""
    reader = _Reader()
    reader.feed(cooked)
    reader.close()
    whole = _tidy(reader.whole)
    return _tidy(reader.own) or whole, whole


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.own: list[str] = []
        self.whole: list[str] = []
        #: Open elements that change what counts: `quote`, `silent` or "".
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _BLOCKS:
            self._add("\n\n" if tag == "p" else "\n")
        if tag == "img":
            self._add(given.get("alt") or "")
        if tag not in _VOID and len(self._open) < _DEEPEST:
            quote = tag == "aside" and "quote" in (given.get("class") or "").split()
            self._open.append((tag, "silent" if tag in _SILENT else "quote" if quote else ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._add("\n")
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                del self._open[at:]
                return

    def handle_data(self, data: str) -> None:
        self._add(_SPACE.sub(" ", data))

    def _add(self, piece: str) -> None:
        roles = {role for _, role in self._open}
        if "silent" in roles:
            return
        self.whole.append(piece)
        if "quote" not in roles:
            self.own.append(piece)


def _tidy(pieces: list[str]) -> str:
    lines = (line.strip() for line in "".join(pieces).split("\n"))
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()
