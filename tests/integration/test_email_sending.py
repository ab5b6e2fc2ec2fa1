import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from channels.email import account as accounts
from channels.email import adapter, smtp_out
from channels.email.compose import compose
from channels.email.smtp_out import Submission
from channels.errors import InDoubt, NotSent
from channels.message import Attachment
from router.accounts import carry
from router.sending import outbox
from router.testing.channel import RecordingHost
from tests.support.mail import mailbox, outgoing
from tests.support.ports import free_port


@asynccontextmanager
async def server(*says: bytes) -> AsyncIterator[int]:
    """Run a server that says these lines, one after each line it hears (the first at once), then falls silent."""
    ended = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in says:
            writer.write(line + b"\r\n")
            if not await reader.readline():
                break
        else:
            await ended.wait()
        writer.close()

    running = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        ended.set()
        running.close()


def submission(
    port: int, connections: int = 1, before_s: float = 0.3
) -> tuple[RecordingHost, Submission, accounts.Account]:
    host = RecordingHost(
        "email",
        {
            "address": "help@example.com",
            "send": f"smtp://127.0.0.1:{port}",
            "send_connections": connections,
        },
    )
    account = accounts.read(host.settings)
    assert account.send is not None
    return host, Submission(host, account, account.send, None, before_s=before_s), account


@pytest.mark.parametrize(
    "says",
    [(), (b"220 hi", b"250 hi"), (b"220 hi", b"250 hi", b"250 OK")],
    ids=["connecting", "sender", "recipient"],
)
async def test_a_server_that_falls_silent_before_the_mail_means_not_sent(says: tuple[bytes, ...]) -> None:
    """Those who are being served and those who wait for them are all certainly not sent."""
    async with server(*says) as port:
        host, sending, account = submission(port)
        tries = [sending.send(compose(outgoing(id=f"note-{number}"), account)) for number in range(5)]
        async with asyncio.timeout(10):
            found = await asyncio.gather(*tries, return_exceptions=True)
        sending.close()
    assert [type(one) for one in found] == [NotSent] * 5
    assert host.parts["send"][0] == "degraded"


async def test_a_try_ends_in_time_whatever_it_is_about_to_do() -> None:
    """The limit may strike in the very moment in which the server's answer arrives: the try still ends."""
    async with server(b"220 hi", b"250 hi", b"250 OK") as port:
        for limit_ms in range(1, 7):
            for part in range(20):
                _, sending, account = submission(port, before_s=(limit_ms + part / 20) / 1000)
                tries = [sending.send(compose(outgoing(id=f"note-{number}"), account)) for number in range(5)]
                async with asyncio.timeout(10):
                    found = await asyncio.gather(*tries, return_exceptions=True)
                sending.close()
                assert [type(one) for one in found] == [NotSent] * 5


async def test_a_slot_is_free_again_after_a_failure() -> None:
    """Who comes later is tried, not turned away."""
    async with server() as port:
        _, sending, account = submission(port)
        for _ in range(3):
            with pytest.raises(NotSent, match="too slow"):
                await sending.send(compose(outgoing(), account))
        sending.close()


async def test_a_mail_that_was_handed_over_is_in_doubt() -> None:
    """The server wanted the mail and hung up: it may have taken it."""
    async with server(b"220 hi", b"250 hi", b"250 OK", b"250 OK", b"354 go on") as port:
        _, sending, account = submission(port)
        task = asyncio.create_task(sending.send(compose(outgoing(), account)))
        await asyncio.sleep(0.5)
        assert not task.done()
    with pytest.raises(InDoubt):
        await task


async def test_a_stop_is_a_stop() -> None:
    """Cancelled from outside, a try ends as cancelled and not as a result."""
    async with server() as port:
        _, sending, account = submission(port)
        task = asyncio.create_task(sending.send(compose(outgoing(), account)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_an_attachment_that_cannot_be_read_means_not_sent() -> None:
    """Nothing has left yet."""
    _, channel = mailbox(send=f"smtp://127.0.0.1:{free_port()}")
    lost = Attachment(name="a.pdf", content_type="application/pdf", size=5, blob="00")
    with pytest.raises(NotSent, match="blob store"):
        await channel.send(outgoing(attachments=(lost,)))


def test_only_what_was_handed_over_can_outlast_a_try() -> None:
    """The channel's limits lie within the router's, and those within the lease."""
    assert adapter.FILES_S + smtp_out.BEFORE_S + smtp_out.DATA_S < carry.SEND_S < outbox.LEASE_S
