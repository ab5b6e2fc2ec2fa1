"""Mails to send, and mailboxes to receive them with, for the tests of the email channel."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from channels.email.adapter import EmailAdapter, Mail
from channels.message import Identity, Outgoing
from router.testing.channel import RecordingHost


def mail(subject: str = "Where is my order", body: str = "Hello, where is it?", **headers: str) -> bytes:
    """Return a mail from Ana to us; further headers by keyword, `_` standing for `-`."""
    fields = {
        "From": "Ana Berg <ana@example.org>",
        "To": "help@example.com",
        "Subject": subject,
        "Date": "Sat, 21 Nov 2026 10:00:00 +0100",
        "Message-ID": f"<{subject.replace(' ', '.')}@example.org>",
        "Content-Type": 'text/plain; charset="utf-8"',
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return head.encode() + b"\r\n" + body.replace("\n", "\r\n").encode() + b"\r\n"


def outgoing(**changes: Any) -> Outgoing:
    """Return a note to Ana; fields by keyword."""
    fields: dict[str, Any] = {
        "id": "note-1",
        "channel": "email",
        "account": "test",
        "conversation": "cv_1",
        "reference": "HB-7K2Q9",
        "automatic": True,
        "author": "Maria Jensen",
        "to": Identity(kind="email", address="ana@example.org", name="Ana Berg"),
        "subject": "Where is my order",
        "text": "Hi Ana, Maria here. I'll answer by 15:40 today (Copenhagen time).",
        "in_reply_to": "Where.is.my.order@example.org",
        "at": datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
    }
    return Outgoing(**{**fields, **changes})


def mailbox(**settings: object) -> tuple[RecordingHost, Mail]:
    """Return a recording host and its mailbox, with an adapter of its own."""
    host = RecordingHost("email", {"address": "help@example.com", **settings})
    channel = EmailAdapter().open(host)
    assert isinstance(channel, Mail)
    return host, channel


@asynccontextmanager
async def receiving(channel: Mail) -> AsyncIterator[asyncio.Task[None]]:
    """Let the mailbox receive inside the block."""
    task = asyncio.create_task(channel.receive())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
        channel.close()
