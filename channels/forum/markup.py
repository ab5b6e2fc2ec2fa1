"""What people wrote, out of Discourse's Markdown; and the mark that our own posts carry."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

from msgspec import Struct

#: Most files of one post, and most characters of its text that anybody reads.
MOST_UPLOADS = 10
LONGEST = 100_000

_QUOTE = re.compile(r"\[quote(=[^\[\]\n]{0,300})?\]|\[/quote\]", re.IGNORECASE)
_UPLOAD = re.compile(
    r"(?P<image>!)?\[(?P<label>[^\[\]\n]{0,300})\]\(upload://(?P<file>[\w.%-]{1,150})\)(?: \([\d.,]+ [KMG]?B\))?"
)
_BLANKS = re.compile(r"\n{3,}")
_MARK = re.compile(r"<!-- handleby (note|answer) ([0-9a-f]{24}) -->")
_SIGNED = "\n\n\u2014 "


class Upload(Struct, frozen=True, kw_only=True):
    """A file that lies on the forum."""

    name: str
    #: Below the forum's address: `/uploads/short-url/abc.pdf`.
    path: str


class Marked(Struct, frozen=True, kw_only=True):
    """What the mark in a post of ours says."""

    automatic: bool
    digest: str


def mark(id: str, *, automatic: bool) -> str:
    """Return the mark for a post; browsers and mail programs do not show it."""
    digest = hashlib.sha256(id.encode()).hexdigest()[:24]
    return f"<!-- handleby {'note' if automatic else 'answer'} {digest} -->"


def marked(raw: str) -> Marked | None:
    """Return what our mark at the end of the post says; None when it has none."""
    found = _MARK.findall(raw)
    return Marked(automatic=found[-1][0] == "note", digest=found[-1][1]) if found else None


def signed(text: str, author: str) -> str:
    """Return the text with the author's name below it, unless it ends with that."""
    return text if not author or text.rstrip().endswith(author) else f"{text.rstrip()}{_SIGNED}{author}"


def sent_text(raw: str) -> str:
    """Return what the router gave us to send, out of a post of ours."""
    text = _MARK.sub("", raw).rstrip()
    head, dash, name = text.rpartition(_SIGNED)
    return head if dash and "\n" not in name else text


def plain(raw: str, base: str) -> str:
    """Return the whole text: comments left out, uploads as links that can be opened."""
    text = uncommented(raw).replace("\r\n", "\n").replace("\r", "\n")
    return _tidy(_UPLOAD.sub(_link(base), text))[:LONGEST]


def unquoted(text: str) -> str:
    """Return the text without quotes of earlier posts; all of it when nothing else is there."""
    out, depth, at = [], 0, 0
    for tag in _QUOTE.finditer(text):
        if depth == 0:
            out.append(text[at : tag.start()])
        depth = max(0, depth - 1) if tag[0].startswith("[/") else depth + 1
        at = tag.end()
    out.append(text[at:])
    if depth:
        return text  # a quote that never ends: whoever wrote it did not mean one
    return _tidy("".join(out)) or text


def uploads(raw: str) -> tuple[Upload, ...]:
    """Return the files of the post, each once."""
    found: dict[str, Upload] = {}
    for one in _UPLOAD.finditer(uncommented(raw)):
        path = f"/uploads/short-url/{one['file']}"
        found.setdefault(path, Upload(name=_name(one["label"], one["file"]), path=path))
    return tuple(found.values())[:MOST_UPLOADS]


def counted(raw: str) -> int:
    """Return how many characters Discourse counts: comments and space around do not."""
    return len(uncommented(raw, 2 * LONGEST).strip())


def clean(text: str) -> str:
    """Return the text without control characters and lone surrogates."""
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"})


def uncommented(raw: str, longest: int = LONGEST) -> str:
    """Return the text without comments, whose search for an end that is not there must not repeat."""
    text, kept, at = raw[:longest], [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def _link(base: str) -> Callable[[re.Match[str]], str]:
    def link(found: re.Match[str]) -> str:
        return f"[{_name(found['label'], found['file'])}: {base}/uploads/short-url/{found['file']}]"

    return link


def _name(label: str, file: str) -> str:
    shown = label.partition("|")[0].strip() or file
    ending = file.rpartition(".")[2]
    name = shown if "." in shown or not ending.isalnum() else f"{shown}.{ending}"
    return clean(unquote(name)).replace("/", "_").replace("\\", "_")[:100]


def _tidy(text: str) -> str:
    return _BLANKS.sub("\n\n", clean(text)).strip()
