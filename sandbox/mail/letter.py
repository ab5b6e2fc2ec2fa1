"""Mails as people's programs write them, and what they show of those that come in."""

import re
from collections.abc import Sequence
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime, getaddresses

from msgspec import Struct

_ID = re.compile(r"<([^<>\s]+)>")


class Letter(Struct, frozen=True, kw_only=True):
    """A mail to be written."""

    #: Without brackets.
    id: str
    author: str
    sender: str
    to: str
    subject: str
    text: str
    at: datetime
    #: Names of the mails it answers, nearest last.
    references: Sequence[str] = ()
    #: What the receiving server found out about the sender.
    results: str = ""


class Shown(Struct, frozen=True, kw_only=True):
    """What a mail program shows of a mail."""

    id: str
    subject: str
    text: str
    #: Where an answer goes.
    answer_to: str
    references: Sequence[str]


def write(letter: Letter) -> bytes:
    """Return the mail's bytes."""
    mail = EmailMessage(policy=policy.SMTP)
    if letter.results:
        mail["Authentication-Results"] = letter.results
    mail["From"] = f'"{letter.author}" <{letter.sender}>'
    mail["To"] = letter.to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(letter.at)
    mail["Message-ID"] = f"<{letter.id}>"
    if letter.references:
        mail["In-Reply-To"] = f"<{letter.references[-1]}>"
        mail["References"] = " ".join(f"<{one}>" for one in letter.references)
    mail["User-Agent"] = "Sandbox Mail 1.0"
    mail.set_content(letter.text)
    return mail.as_bytes()


def read(raw: bytes) -> Shown:
    """Return what is shown of the mail."""
    mail = BytesParser(policy=policy.default).parsebytes(raw)
    body = mail.get_body(("plain", "html"))
    answer = getaddresses([str(mail.get("Reply-To") or mail.get("From") or "")])
    name = _ID.search(str(mail.get("Message-ID", "")))
    return Shown(
        id=name[1] if name else "",
        subject=str(mail.get("Subject", "")),
        text=str(body.get_content()).replace("\r\n", "\n").strip() if body is not None else "",
        answer_to=answer[0][1] if answer else "",
        references=tuple(_ID.findall(str(mail.get("References", "")))),
    )
