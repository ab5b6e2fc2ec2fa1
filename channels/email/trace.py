"""The header lines that final delivery adds to a mail (RFC 5321 section 4.4)."""

import re
from datetime import datetime
from email.utils import format_datetime

from msgspec import Struct

_UNSAFE = re.compile(r"[^\w.:\[\]-]", re.ASCII)


class Trace(Struct, frozen=True, kw_only=True):
    """How a mail came in by SMTP."""

    #: Envelope sender; `<>` for none.
    sender: str
    recipient: str
    helo: str
    peer: str
    by: str
    token: str
    at: datetime

    def lines(self) -> bytes:
        """Return the lines that go in front of the mail."""
        path = "" if self.sender == "<>" else self.sender
        helo = _UNSAFE.sub("", self.helo)[:255]
        text = (
            f"Return-Path: <{path}>\r\nDelivered-To: {self.recipient}\r\n"
            f"Received: from {helo} ([{self.peer}]) by {self.by} with ESMTP id {self.token};\r\n"
            f"\t{format_datetime(self.at)}\r\n"
        )
        return text.encode("utf-8", "surrogateescape")
