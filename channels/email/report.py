"""Delivery reports: what became of something that we sent (RFC 3464, and the sloppier ones)."""

import re
from collections.abc import Iterator
from email.message import Message as Part
from typing import NamedTuple

from channels.email.mime import charset, header
from channels.email.mime.header import Headers
from channels.email.mime.part import Mail
from channels.email.view import PREFIX, View

_FIELD = re.compile(r"^([A-Za-z-]{3,40}):[ \t]*([^\n]{0,500}(?:\n[ \t][^\n]{0,500}){0,3})", re.MULTILINE)
_OURS = re.compile(rf"<?({re.escape(PREFIX)}[\w-]{{1,200}}@[\w.-]{{1,255}})>?")
_FAILED_TEXT = re.compile(
    r"undeliver|could(?:n't| not) be delivered|delivery (?:has )?failed|failure notice|returned to sender"
    r"|permanent (?:fatal )?error|unzustellbar|kunne ikke leveres|non remis|не удалось доставить",
    re.IGNORECASE,
)
_STATUS = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b|\b55[0-4]\b")


class Report(NamedTuple):
    """A report about one mail of ours."""

    #: Its Message-ID.
    about: str
    #: What went wrong, for the person who must act; "" when it is only late or was delivered.
    failure: str


def read(mail: Mail, headers: Headers, view: View, text: str) -> Report | None:
    """Return what a mail reports about something we sent; None when it is no such report."""
    formal = mail.get_content_type() == "multipart/report"
    if not formal and not _from_mail_system(headers):
        return None
    blocks = list(_blocks(mail)) if formal else [text]
    about = _about("\n".join([*blocks, text, *headers.all("references"), *headers.all("in-reply-to")]), view)
    if not about:
        return None
    fields = {name.lower(): value for block in blocks for name, value in _FIELD.findall(block)}
    return Report(about, _failure(fields, f"{headers.text('subject')}\n{text}", formal=formal))


def _from_mail_system(headers: Headers) -> bool:
    sender = headers.get("from").lower()
    daemon = "mailer-daemon" in sender or "postmaster" in sender or "mail delivery" in sender
    return daemon or headers.get("return-path").strip() == "<>" or "x-failed-recipients" in headers


def _about(text: str, view: View) -> str:
    return next((found for found in _OURS.findall(text) if view.sent_id(found)), "")


def _failure(fields: dict[str, str], text: str, *, formal: bool) -> str:
    action = fields.get("action", "").strip().lower()
    if formal and action and action != "failed":
        return ""
    status = fields.get("status", "").strip()
    certain = action == "failed" or status.startswith("5")
    if not (certain or _FAILED_TEXT.search(text) or _STATUS.search(text)):
        return ""
    diagnosis = fields.get("diagnostic-code", "") or status or charset.line(text, 160)
    return f"could not be delivered: {charset.line(diagnosis, 300)}"


def _blocks(part: Mail, depth: int = 0) -> Iterator[str]:
    """Yield the machine-readable parts as text: status fields, and the headers of the mail returned."""
    if depth > 5:
        return
    payload = part.get_payload()
    if isinstance(payload, list):
        if part.get_content_maintype() == "message":
            yield from (_header_text(child) for child in payload if isinstance(child, Part))
        else:
            for child in payload:
                if isinstance(child, Part):
                    yield from _blocks(child, depth + 1)
    elif part.get_content_type() in {"text/rfc822-headers", "message/delivery-status"}:
        data = part.get_payload(decode=True)
        yield charset.decode(data if isinstance(data, bytes) else b"").replace("\r\n", "\n")


def _header_text(part: Mail) -> str:
    return "\n".join(
        f"{name}: {header.words(' '.join(str(value).split()))}" for name, value in part.raw_items()
    )
