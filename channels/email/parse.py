"""Mail bytes to a value. Pure: no files, no network, no clock; never raises."""

import email
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from channels.email import automatic, reply, report, verdict
from channels.email.mime import address, charset, header, html, part
from channels.email.mime.header import Headers
from channels.email.view import File, Parsed, View
from channels.message import Identity, Kind

#: Where the address the mail was really sent to may stand, besides To and Cc.
_ENVELOPE = ("delivered-to", "x-original-to", "x-forwarded-to", "envelope-to", "resent-to", "resent-cc")
_FROM = re.compile(rb"^from:[ \t]*([^\r\n]{1,500})", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(rb"^subject:[ \t]*([^\r\n]{1,500})", re.IGNORECASE | re.MULTILINE)


class Tools(NamedTuple):
    """The two steps whose time is not linear, so that a caller can limit or leave out each."""

    #: Cuts off quoted mails.
    strip: Callable[[str], str] = reply.strip
    #: Lays out HTML as text.
    html_text: Callable[[str], str] = html.text


def parse(raw: bytes, view: View, tools: Tools = Tools()) -> Parsed:  # noqa: B008  # immutable
    """Read a mail; one that cannot be read comes back as kind `unreadable` with the reason."""
    try:
        return _parse(raw, view, tools)
    except RecursionError:
        return unreadable(raw, "its parts are nested too deeply")
    except MemoryError:
        return unreadable(raw, "reading it takes too much memory")
    except Exception as error:  # noqa: BLE001  # whatever is in the mail, it must end up before a person
        return unreadable(raw, f"it is malformed ({type(error).__name__})")


def unreadable(raw: bytes, reason: str) -> Parsed:
    """Return what can be told of a mail without reading it: who claims to write, and the subject."""
    head = raw[:65_536].partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    sender, subject = _FROM.search(head), _SUBJECT.search(head)
    named = address.addresses(charset.line(charset.decode(sender[1]))) if sender else []
    return Parsed(
        kind=Kind.UNREADABLE,
        sender=_identity(*named[0]) if named else _nobody(raw),
        subject=charset.line(header.words(charset.decode(subject[1]))) if subject else "",
        no_note="the mail could not be read",
        reason=f"This mail could not be read: {reason}. Download the original to look at it.",
    )


def _parse(raw: bytes, view: View, tools: Tools) -> Parsed:
    mail: part.Mail = email.message_from_bytes(raw)
    headers = Headers(mail.raw_items())
    content = part.content(mail)
    full = part.body(content, tools.html_text)
    sender = _sender(headers, raw)
    identity, doubtful = _judged(headers, view, sender)
    returned = report.read(mail, headers, view, full)
    to = [one for field in ("to", "cc") for one in address.addresses(headers.get(field))]
    judged = automatic.judge(headers, view, _addressed(headers, sender, to), mail.get_content_type())
    own = _own(full, headers, judged.kind, tools)
    message_id = next(iter(header.ids(headers.get("message-id"))), "")
    failed = returned is not None and bool(returned.failure)
    claims = _claims(headers, sender, view) if judged.kind is Kind.CUSTOMER and not failed else ()
    return Parsed(
        kind=Kind.STATUS if failed else judged.kind,
        sender=identity,
        claims=claims,
        answer_to=None if doubtful else _answer_to(headers, claims),
        to=tuple(each for _, each in to),
        subject=headers.text("subject"),
        text=own,
        full_text=full if full != own else "",
        html="\n".join(content.htmls).encode("utf-8", "replace"),
        files=tuple(
            File(name=one.name, content_type=one.content_type, data=one.data) for one in content.files
        ),
        sent_at=_date(headers.get("date")),
        message_id=message_id,
        references=_references(headers),
        token=_token(headers, view),
        fingerprint=_fingerprint(headers, message_id, sender[1], full, content),
        no_note=judged.no_note or doubtful,
        doubtful=doubtful,
        about=returned.about if returned else "",
        reason=returned.failure if returned else "",
        ours=view.sent_id(message_id),
    )


def _own(full: str, headers: Headers, kind: Kind, tools: Tools) -> str:
    cites = "in-reply-to" in headers or "references" in headers
    if kind is not Kind.CUSTOMER or not reply.likely(headers.text("subject"), full, cites=cites):
        return full
    return tools.strip(full)


def _judged(headers: Headers, view: View, sender: tuple[str, str]) -> tuple[Identity, str]:
    verified, doubtful = verdict.judge(headers, view, sender[1])
    return _identity(*sender, verified=verified), doubtful


def _identity(name: str, given: str, *, verified: bool = False) -> Identity:
    known = address.normal(given)
    spelling = given if given != known else ""
    return Identity(kind="email", address=known, name=name, spelling=spelling, verified=verified)


def _sender(headers: Headers, raw: bytes) -> tuple[str, str]:
    for field in ("from", "sender", "reply-to", "return-path"):
        named = address.addresses(headers.get(field))
        if named:
            return named[0]
    return "", _nobody(raw).address


def _nobody(raw: bytes) -> Identity:
    """Return an identity that nobody else has, so that strangers without an address are not one person."""
    digest = hashlib.sha256(raw).hexdigest()[:16]
    return Identity(kind="email", address=f"nobody-{digest}@unknown.invalid")


def _claims(headers: Headers, sender: tuple[str, str], view: View) -> tuple[Identity, ...]:
    """Return the other address at which the sender asks to be answered."""
    known = address.normal(sender[1])
    return tuple(
        _identity(name, each)
        for name, each in address.addresses(headers.get("reply-to"))[:3]
        if address.normal(each) != known and not view.owns(each)
    )


def _answer_to(headers: Headers, claims: tuple[Identity, ...]) -> Identity | None:
    """Return the one address at which the sender asks to be answered; None when there are several, or none."""
    named = [one for field in headers.all("reply-to") for one in address.addresses(field)]
    return claims[0] if len(named) == 1 and claims else None


def _addressed(headers: Headers, sender: tuple[str, str], to: list[tuple[str, str]]) -> automatic.Sender:
    named = [each for _, each in to]
    others = [found for field in _ENVELOPE for value in headers.all(field) for found in _envelope(value)]
    path = headers.get("return-path") if "return-path" in headers else None
    return automatic.Sender(
        address=sender[1],
        return_path=None if path is None else path.strip().strip("<>").strip(),
        recipients=(*named, *others),
        undisclosed=not named,
    )


def _envelope(value: str) -> list[str]:
    return [each for _, each in address.addresses(value)]


def _token(headers: Headers, view: View) -> str:
    fields = [
        *headers.all("to"),
        *headers.all("cc"),
        *(one for name in _ENVELOPE for one in headers.all(name)),
    ]
    details = (view.detail(each) for value in fields if "+" in value for each in _envelope(value))
    return next((detail[:100] for detail in details if detail), "")


def _references(headers: Headers) -> tuple[str, ...]:
    cited = [*header.ids(headers.get("references")), *header.ids(headers.get("in-reply-to"), 3)]
    last_of_each = dict.fromkeys(reversed(cited))
    return tuple(reversed(last_of_each))


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value[:100])
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        moment = aware.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None
    return moment if 1980 <= moment.year <= 2200 else None


def _fingerprint(headers: Headers, message_id: str, sender: str, text: str, content: part.Content) -> str:
    """Hash what stays equal when one mail comes by two ways; blanks differ between relays."""
    digest = hashlib.sha256()
    name = message_id or f"{headers.get('date')}\n{headers.text('subject')}"
    for field in (name, address.normal(sender), "".join(text.split())):
        digest.update(field.encode("utf-8", "replace") + b"\x00")
    for file in content.files:
        digest.update(hashlib.sha256(file.data).digest())
    return digest.hexdigest()
