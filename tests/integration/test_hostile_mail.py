import asyncio

import pytest

from channels.email.account import read
from channels.email.intake import Arrival, Intake
from channels.email.mime.pool import Pool
from channels.errors import Unavailable
from channels.message import Kind, Message
from router.testing import MemoryBlobs, RecordingHost
from tests.support.hostile import MAILS
from tests.support.mail import mail

#: These cannot be read at all; the others must be readable.
UNREADABLE = {"1000 nested parts", "1000 nested mails"}


@pytest.mark.parametrize("name", MAILS)
async def test_a_hostile_mail_ends_before_a_person_and_holds_up_no_other(name: str) -> None:
    """It becomes a visible message with its raw bytes, and a plain mail beside it comes in as ever."""
    host = RecordingHost("email", {"address": "help@example.com"})
    raw = MAILS[name]()
    async with Pool(2) as pool:
        intake = Intake(host, read(host.settings), pool)
        await asyncio.gather(
            intake.take(Arrival(key="smtp:test:hostile", raw=raw)),
            intake.take(Arrival(key="smtp:test:plain", raw=mail())),
        )
    found: dict[str, Message] = {message.key: message for message in host.delivered}
    hostile = found["smtp:test:hostile"]
    assert await host.blobs.get(hostile.raw) == raw
    assert hostile.sender.address == "eve@example.org"
    assert bool(hostile.reason) == (hostile.kind is Kind.UNREADABLE)
    if name in UNREADABLE:
        assert hostile.kind is Kind.UNREADABLE
    else:
        assert hostile.kind is Kind.CUSTOMER or "seconds" in hostile.reason  # on a very slow machine
    assert found["smtp:test:plain"].text == "Hello, where is it?"


async def test_a_full_disk_makes_no_mail_unreadable() -> None:
    """The mail server is told to keep it, files and all, and it comes in whole once there is room."""
    blobs = MemoryBlobs()
    host = RecordingHost("email", {"address": "help@example.com"}, blobs=blobs)
    raw = mail(body=FILES, Content_Type='multipart/mixed; boundary="b"', MIME_Version="1.0")
    async with Pool(1) as pool:
        intake = Intake(host, read(host.settings), pool)
        await blobs.put(raw)
        blobs.refuse = Unavailable("the disk is full")
        with pytest.raises(Unavailable):
            await intake._keep(await intake._read(Arrival(key="smtp:test:full", raw=raw)))
        with pytest.raises(Unavailable):
            await intake.take(Arrival(key="smtp:test:full", raw=raw))
        assert host.delivered == []
        blobs.refuse = None
        await intake.take(Arrival(key="smtp:test:full", raw=raw))
    (message,) = host.delivered
    assert (message.kind, len(message.attachments)) == (Kind.CUSTOMER, 2)


FILES = """--b
Content-Type: text/plain

See here
--b
Content-Type: image/png; name="one.png"
Content-Disposition: attachment; filename="one.png"

one
--b
Content-Type: image/png; name="two.png"
Content-Disposition: attachment; filename="two.png"

two
--b--"""
