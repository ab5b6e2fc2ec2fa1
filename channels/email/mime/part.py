"""The parts of a mail: bodies to read, files to keep."""

import mimetypes
from collections.abc import Callable, Iterator
from email.generator import BytesGenerator
from email.message import Message
from io import BytesIO

from msgspec import Struct

from channels.email.mime import charset, header

#: Parts nested deeper than this become one attachment.
DEEPEST = 50
#: Attachments beyond this number stay in the raw mail only.
MOST_FILES = 200
#: Bytes of HTML that are turned into text.
_LONGEST_HTML = 2_000_000

#: The standard library's mail with raw header strings.
Mail = Message


class Piece(Struct, frozen=True, kw_only=True):
    """A file found in a mail."""

    name: str
    content_type: str
    data: bytes


class Content(Struct, kw_only=True):
    """What a mail holds, sorted."""

    texts: list[str] = []
    htmls: list[str] = []
    files: list[Piece] = []


def content(mail: Mail) -> Content:
    """Sort the parts of a mail into bodies and files."""
    found = Content()
    for part in leaves(mail):
        _sort(part, found)
    return found


def body(found: Content, html_text: Callable[[str], str]) -> str:
    """Return the text to read: the plain one, else what the HTML says."""
    plain = "\n\n".join(text.strip("\n") for text in found.texts if text.strip())
    if plain or not found.htmls:
        return charset.short(charset.clean(plain).strip())
    return charset.short(charset.clean(html_text("\n".join(found.htmls)[:_LONGEST_HTML])).strip())


def leaves(mail: Mail, depth: int = 0) -> Iterator[Mail]:
    """Return the parts that are no containers, in order; attached mails are leaves."""
    if depth == DEEPEST or mail.get_content_maintype() != "multipart" or not mail.is_multipart():
        yield mail
        return
    for child in mail.get_payload():
        if isinstance(child, Message):
            yield from leaves(child, depth + 1)


def name_of(part: Mail) -> str:
    """Return the file name that the part gives itself, without any folder; "" when it has none."""
    try:
        given = part.get_filename("")
    except (LookupError, ValueError, TypeError):
        given = ""
    name = charset.line(header.words(str(given)), 200)
    return name.replace("\\", "/").rpartition("/")[2].strip(". ")


def _sort(part: Mail, found: Content) -> None:
    kind = part.get_content_type()
    if kind.startswith("multipart/") and not part.is_multipart():
        kind = "text/plain"  # a container without its boundary: what it holds is there to be read
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    name = name_of(part)
    readable = kind in {"text/plain", "text/html"} and not name and not disposition.startswith("attachment")
    if readable:
        text = charset.decode(data_of(part), label_of(part))
        if kind == "text/html":
            found.htmls.append(text)
        else:
            found.texts.append(_flowed(text, part))
    elif len(found.files) < MOST_FILES:
        data = _attached_mail(part) if part.is_multipart() else data_of(part)
        if data or name:
            number = len(found.files) + 1
            found.files.append(Piece(name=name or _invented(kind, number), content_type=kind, data=data))


def data_of(part: Mail) -> bytes:
    """Return the part's bytes, transfer encoding undone; as they are where it cannot be undone."""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        data = str(part.get_payload()).encode("utf-8", "replace")
    return data if isinstance(data, bytes) else b""


def label_of(part: Mail) -> str:
    """Return the charset that the part names; "" when it names none."""
    return _param(part, "charset")


def _param(part: Mail, name: str) -> str:
    try:
        value = part.get_param(name, "")
    except (LookupError, ValueError, TypeError):
        return ""
    return str(value[2] if isinstance(value, tuple) else value)


def _attached_mail(part: Mail) -> bytes:
    out = BytesIO()
    for child in part.get_payload():
        if isinstance(child, Message):
            try:
                BytesGenerator(out, mangle_from_=False).flatten(child)
            except (RecursionError, ValueError, LookupError, TypeError, KeyError):
                out.write(b"\n[This part is only in the original mail.]\n")
    return out.getvalue()


def _invented(kind: str, number: int) -> str:
    readable = kind.startswith(("text/", "message/")) and kind != "message/rfc822"
    return f"attachment-{number}{mimetypes.guess_extension(kind) or ('.txt' if readable else '.bin')}"


def _flowed(text: str, part: Mail) -> str:
    """Join the soft line breaks of RFC 3676."""
    if _param(part, "format").lower() != "flowed":
        return text
    delete_space = _param(part, "delsp").lower() == "yes"
    out: list[str] = []
    soft, depth_before = False, 0
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        ends_soft = words.endswith(" ") and words != "-- "
        plain = words[:-1] if ends_soft and delete_space else words
        if soft and depth == depth_before:
            out[-1] += plain
        else:
            out.append(f"{'>' * depth} {plain}" if depth else plain)
        soft, depth_before = ends_soft, depth
    return "\n".join(out)
