"""An outgoing message to mail bytes; the same message always gives the same bytes."""

import base64
import hashlib
import quopri
import re
from collections.abc import Sequence
from email.header import Header
from email.utils import encode_rfc2231, format_datetime

from msgspec import Struct

from channels.email.account import Account
from channels.email.mime import address, charset
from channels.email.subject import answers
from channels.email.view import File, message_id
from channels.errors import Refused
from channels.message import Identity, Outgoing

#: References kept: the first and the nearest; some relays refuse very long headers.
MOST_REFERENCES = 20
#: Longest local part (RFC 5321 4.5.3.1.1).
_LONGEST_LOCAL = 64
_TYPE = re.compile(r"^(?!message/|multipart/)[\w.+-]+/[\w.+-]+$", re.ASCII)
_ID = re.compile(r"^[^\s<>]{1,250}$")


class Letter(Struct, frozen=True, kw_only=True):
    """A mail ready to be sent."""

    #: Without brackets.
    message_id: str
    #: Envelope sender; "" for none.
    sender: str
    recipient: str
    data: bytes
    #: True when an address has letters beyond ASCII, so that the server must know SMTPUTF8.
    utf8: bool


def compose(outgoing: Outgoing, account: Account, files: Sequence[File] = ()) -> Letter:
    """Write the mail. Raises Refused when it has no address that mail can go to."""
    recipient = _recipient(outgoing.to)
    name = message_id(outgoing.id, account.address)
    lines = [*_headers(outgoing, account, name, recipient), *_body(outgoing, files)]
    return Letter(
        message_id=name,
        sender="" if outgoing.automatic and account.null_sender else account.address,
        recipient=recipient,
        data="\r\n".join(lines).encode("utf-8"),
        utf8=not (recipient.isascii() and account.address.isascii()),
    )


def _recipient(to: Identity) -> str:
    given = to.spelling or to.address
    local, _, domain = given.rpartition("@")
    known = address.normal(given)
    if to.kind != "email" or not address.valid(given) or domain.lower().endswith(".invalid"):
        raise Refused("The customer has no mail address that an answer could go to")
    return f"{local}@{known.rpartition('@')[2]}"


def _headers(outgoing: Outgoing, account: Account, name: str, recipient: str) -> list[str]:
    author = outgoing.author or account.name
    shown = f"{author}, {account.name}" if outgoing.author and account.name else author
    headers = [
        ("Date", format_datetime(outgoing.at)),
        ("From", _mailbox(shown, account.address)),
        ("To", _mailbox(outgoing.to.name, recipient)),
        ("Reply-To", _reply_to(outgoing, account)),
        ("Subject", _words(_subject(outgoing))),
        ("Message-ID", f"<{name}>"),
        ("In-Reply-To", _ids([outgoing.in_reply_to])),
        ("References", _ids(_chain(outgoing))),
        ("Content-Language", outgoing.language if outgoing.language.isalpha() else ""),
        *_automatic(outgoing, account),
        ("MIME-Version", "1.0"),
    ]
    return [f"{field}: {value}" for field, value in headers if value]


def _automatic(outgoing: Outgoing, account: Account) -> list[tuple[str, str]]:
    """Return the marks by which other machines know not to answer (RFC 3834 section 5)."""
    if not outgoing.automatic:
        return []
    how = "auto-replied" if outgoing.in_reply_to else "auto-generated"
    return [
        ("Auto-Submitted", how),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Loop", account.address),
    ]


def _reply_to(outgoing: Outgoing, account: Account) -> str:
    local, _, domain = account.address.rpartition("@")
    token = outgoing.token
    if not (token and account.plus_addresses and account.receive) or not re.fullmatch(r"[\w.-]+", token):
        return ""
    tagged = f"{local}+{token}"
    return f"<{tagged}@{domain}>" if len(tagged) <= _LONGEST_LOCAL else ""


def _subject(outgoing: Outgoing) -> str:
    subject = charset.line(outgoing.subject, 250) or outgoing.reference
    cites = bool(outgoing.in_reply_to or outgoing.references)
    return f"Re: {subject}" if cites and not answers(subject) else subject


def _chain(outgoing: Outgoing) -> list[str]:
    ids = [*outgoing.references, outgoing.in_reply_to]
    known = list(dict.fromkeys(reversed([one for one in ids if one])))[::-1]
    return known if len(known) <= MOST_REFERENCES else [known[0], *known[1 - MOST_REFERENCES :]]


def _ids(ids: Sequence[str]) -> str:
    """Return the ids in brackets, one a line; what is no id is left out."""
    return "\r\n ".join(f"<{one}>" for one in ids if _ID.match(one) and one.isprintable())


def _mailbox(name: str, given: str) -> str:
    shown = charset.line(name, 100).replace("\\", "").replace('"', "'")
    if not shown:
        return f"<{given}>"
    return f'"{shown}" <{given}>' if shown.isascii() else f"{_words(shown)} <{given}>"


def _words(text: str) -> str:
    """Return the text as it may stand in a header, folded where it is long."""
    if text.isascii() and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name="X" * 10).encode(linesep="\r\n")


def _body(outgoing: Outgoing, files: Sequence[File]) -> list[str]:
    text = charset.clean(outgoing.text).strip("\n") + "\n"
    if not files:
        return _text(text)
    boundary = "=_" + hashlib.sha256(outgoing.id.encode()).hexdigest()[:32]
    lines = [f'Content-Type: multipart/mixed; boundary="{boundary}"', "", f"--{boundary}", *_text(text)]
    for file in files:
        lines += [f"--{boundary}", *_file(file)]
    return [*lines, f"--{boundary}--", ""]


def _text(text: str) -> list[str]:
    plain = text.isascii() and all(len(line) < 900 for line in text.split("\n"))
    encoded = text if plain else quopri.encodestring(text.encode()).decode("ascii")
    return [
        'Content-Type: text/plain; charset="utf-8"',
        f"Content-Transfer-Encoding: {'7bit' if plain else 'quoted-printable'}",
        "",
        *encoded.split("\n"),
    ]


def _file(file: File) -> list[str]:
    kind = file.content_type if _TYPE.match(file.content_type) else "application/octet-stream"
    name = re.sub(r'[/\\"]', "_", charset.line(file.name, 70)) or "attachment"
    shown = f'filename="{name}"' if name.isascii() else f"filename*={encode_rfc2231(name, 'utf-8')}"
    disposition = f"Content-Disposition: attachment; {shown}"
    encoded = base64.encodebytes(file.data).decode("ascii").rstrip("\n")
    return [
        f"Content-Type: {kind}",
        "Content-Transfer-Encoding: base64",
        disposition,
        "",
        *encoded.split("\n"),
    ]
