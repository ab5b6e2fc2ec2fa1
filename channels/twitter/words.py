"""What a person wrote, from a post's text as X gives it: entities undone, links spelt out, callers cut off."""

import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

#: The callers that X puts before an answer, and that people write first.
_CALLERS = re.compile(r"^(?:[.\s]*@\w{1,15}\b[,:]?\s*)+")
_LONGEST = 60_000
#: X's own codes for what has no language or two letters of old.
_OLD = {"in": "id", "iw": "he", "ji": "yi"}
_NONE = frozenset({"", "un", "qm", "qs", "qh", "qc", "zx"})


def whole(text: object, entities: object) -> str:
    """Return the text as people see it: `&amp;` undone, short links spelt out, no control characters."""
    if not isinstance(text, str):
        return ""
    for short, spelt in _links(entities):
        text = text.replace(short, spelt)
    text = html.unescape(text).replace("\r\n", "\n").replace("\r", "\n")[:_LONGEST]
    kept = (one for one in text if one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cs"})
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def said(text: str) -> str:
    """Return the text without the callers at its beginning, unless there is nothing else."""
    return _CALLERS.sub("", text, count=1).strip() or text


def language(code: object) -> str:
    """Return the ISO 639-1 code; "" where X could not tell."""
    text = code.partition("-")[0].lower() if isinstance(code, str) else ""
    text = _OLD.get(text, text)
    return text if re.fullmatch("[a-z]{2}", text) and text not in _NONE else ""


def same(one: str, other: str) -> bool:
    """Tell whether two texts are the same but for callers, spaces and composition."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return " ".join(said(unicodedata.normalize("NFC", text)).split())


def _links(entities: object) -> list[tuple[str, str]]:
    urls: Any = entities.get("urls") if isinstance(entities, Mapping) else None
    if not isinstance(urls, Sequence) or isinstance(urls, str):
        return []
    return [
        (str(one["url"]), str(one["expanded_url"]))
        for one in urls
        if isinstance(one, Mapping) and one.get("url") and one.get("expanded_url")
    ]
