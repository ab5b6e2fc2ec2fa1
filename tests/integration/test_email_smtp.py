import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from channels.email.adapter import EmailAdapter
from channels.errors import InDoubt, Misconfigured, NotSent, Refused, Unavailable
from channels.message import Attachment, Identity, Kind
from router.testing.channel import RecordingHost
from tests.support.mail import mail, mailbox, outgoing, receiving
from tests.support.ports import free_port
from tests.support.smtp import PASSWORD, TOKEN, smtp_server

# --- mail in ----------------------------------------------------------------------------------


async def client(port: int, talk: Callable[[smtplib.SMTP], Any]) -> Any:
    """Talk to the listener with the standard library's client, in a thread."""

    def run() -> Any:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as smtp:
            return talk(smtp)

    return await asyncio.to_thread(run)


def sends(raw: bytes, to: str = "help@example.com") -> Callable[[smtplib.SMTP], Any]:
    return lambda smtp: smtp.sendmail("ana@example.org", [to], raw)


async def opened(host: RecordingHost) -> None:
    await host.wait_for(lambda: ("ok", "") in host.reports)


async def test_250_means_that_the_mail_is_stored() -> None:
    """A mail from an ordinary client is a message with sender, subject, text and raw bytes."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}")
    async with receiving(channel):
        await opened(host)
        await client(port, sends(mail()))
        [message] = host.delivered
    assert message.kind is Kind.CUSTOMER
    assert message.sender == Identity(kind="email", address="ana@example.org", name="Ana Berg")
    assert message.subject == "Where is my order"
    assert message.text == "Hello, where is it?"
    assert not message.no_note
    raw = await host.blobs.get(message.raw)
    assert raw.startswith(b"Return-Path: <ana@example.org>\r\nDelivered-To: help@example.com\r\n")
    assert raw.endswith(mail())


async def test_451_when_the_mail_cannot_be_stored() -> None:
    """The sender keeps the mail and may come back, and the account says that it is degraded."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}")
    host.refuse = Unavailable("disk full")
    async with receiving(channel):
        await opened(host)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await client(port, sends(mail()))
        host.refuse = None
        await client(port, sends(mail()))
    assert refused.value.smtp_code == 451
    assert [state for state, _ in host.reports] == ["ok", "degraded", "ok"]
    assert len(host.delivered) == 1


async def test_only_our_own_addresses_are_taken() -> None:
    """Aliases and plus addresses are ours; anything else is refused with 550."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}", aliases=("info@example.com",))
    async with receiving(channel):
        await opened(host)
        for ours in (
            "help@example.com",
            "HELP@EXAMPLE.COM",
            "info@example.com",
            "help+hb7k2q9-abc@example.com",
        ):
            await client(port, sends(mail(), ours))
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            await client(port, sends(mail(), "other@example.com"))
    assert refused.value.recipients["other@example.com"][0] == 550
    assert [message.token for message in host.delivered] == ["", "", "", "hb7k2q9-abc"]


async def test_a_mail_that_is_too_large_is_refused() -> None:
    """Announced or not, the answer is 552, and the connection goes on."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}", max_size=200_000)

    def talk(smtp: smtplib.SMTP) -> tuple[int, int, int]:
        smtp.ehlo()
        announced = smtp.docmd("MAIL", "FROM:<ana@example.org> SIZE=300000")[0]
        smtp.mail("ana@example.org")
        smtp.rcpt("help@example.com")
        sent = smtp.data(mail(body="x" * 70 + "\n" + "line of text\n" * 30_000))[0]
        smtp.mail("ana@example.org")
        smtp.rcpt("help@example.com")
        return announced, sent, smtp.data(mail())[0]

    async with receiving(channel):
        await opened(host)
        assert await client(port, talk) == (552, 552, 250)
    assert len(host.delivered) == 1


async def test_dots_and_endings_survive() -> None:
    """Lines that begin with dots, a first lone dot and an empty mail come in as they were sent."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}")
    body = ".\n..\n.x\nend\n."

    def talk(smtp: smtplib.SMTP) -> None:
        smtp.sendmail("ana@example.org", ["help@example.com"], mail(body=body))
        smtp.mail("ana@example.org")
        smtp.rcpt("help@example.com")
        smtp.docmd("DATA")
        smtp.docmd(".")

    async with receiving(channel):
        await opened(host)
        await client(port, talk)
    first, empty = host.delivered
    assert first.text == body
    assert (await host.blobs.get(empty.raw)).count(b"\r\n") == 4


async def test_a_bounce_without_an_envelope_sender_is_a_machine() -> None:
    """The empty return path is kept, so that nothing answers it."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}")
    async with receiving(channel):
        await opened(host)
        await client(port, lambda smtp: smtp.sendmail("", ["help@example.com"], mail()))
    [message] = host.delivered
    assert message.kind is Kind.MACHINE
    assert "return path" in message.no_note


async def test_addresses_and_headers_in_utf8_come_in() -> None:
    """SMTPUTF8 is offered, and an address beyond ASCII is kept."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}")
    raw = mail("Grüße", From="Søren <søren@exämple.org>")

    def talk(smtp: smtplib.SMTP) -> None:
        smtp.ehlo()
        smtp.sendmail("søren@exämple.org", ["help@example.com"], raw, ["SMTPUTF8", "BODY=8BITMIME"])

    async with receiving(channel):
        await opened(host)
        await client(port, talk)
    [message] = host.delivered
    assert message.subject == "Grüße"
    assert message.sender.address == "søren@xn--exmple-cua.org"


async def test_several_accounts_share_a_port() -> None:
    """Each gets its own mail, a mail to both comes to both, and the port closes with the last."""
    port = free_port()
    adapter = EmailAdapter()
    hosts = [
        RecordingHost(
            "email", {"address": f"{name}@example.com", "receive": f"smtp://127.0.0.1:{port}"}, account=name
        )
        for name in ("help", "sales")
    ]
    one, two = (adapter.open(host) for host in hosts)
    async with receiving(two):  # type: ignore[arg-type]
        async with receiving(one):  # type: ignore[arg-type]
            for host in hosts:
                await opened(host)
            both = ["help@example.com", "sales@example.com"]
            await client(port, lambda smtp: smtp.sendmail("ana@example.org", both, mail("Both")))
            await client(port, sends(mail("One"), both[0]))
        await client(port, sends(mail("Two"), both[1]))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await client(port, sends(mail(), both[0]))
    assert [[message.subject for message in host.delivered] for host in hosts] == [
        ["Both", "One"],
        ["Both", "Two"],
    ]
    with pytest.raises(ConnectionRefusedError):
        await client(port, sends(mail()))


async def test_a_port_in_use_is_reported_with_what_to_do() -> None:
    """The error names the setting and the port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        _, channel = mailbox(receive=f"smtp://127.0.0.1:{port}")
        with pytest.raises(Misconfigured, match=f"receive: cannot listen on 127.0.0.1:{port}"):
            await channel.receive()


async def test_starttls_is_offered_with_a_certificate_and_sign_in_never(tmp_path: Path) -> None:
    """Mail comes in over TLS; nobody can try passwords here."""
    async with smtp_server(tmp_path) as other:
        port = free_port()
        host, channel = mailbox(
            receive=f"smtp://127.0.0.1:{port}", tls_certificate=str(tmp_path / "server.pem")
        )

        def talk(smtp: smtplib.SMTP) -> bool:
            smtp.starttls(context=ssl.create_default_context(cafile=other.ca))
            smtp.ehlo()
            smtp.sendmail("ana@example.org", ["help@example.com"], mail())
            return smtp.has_extn("auth")

        async with receiving(channel):
            await opened(host)
            assert await client(port, talk) is False
        assert len(host.delivered) == 1


async def test_too_many_connections_are_asked_to_come_later() -> None:
    """Beyond the limit the greeting is 421."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}", max_connections=1)
    async with receiving(channel):
        await opened(host)
        _, first = await asyncio.open_connection("127.0.0.1", port)
        reader, second = await asyncio.open_connection("127.0.0.1", port)
        greeting = await asyncio.wait_for(reader.readline(), 10)
        for writer in (first, second):
            writer.close()
            await writer.wait_closed()
    assert greeting.startswith(b"421")


async def test_commands_may_come_without_waiting() -> None:
    """A client that sends its commands together gets an answer to each, in order, and loses no mail."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}")
    envelope = b"MAIL FROM:<ana@example.org>\r\nRCPT TO:<nobody@example.com>\r\nRCPT TO:<help@example.com>\r\nDATA\r\n"
    body = mail().rstrip(b"\r\n") + b"\r\n.\r\n"

    async def answers(reader: asyncio.StreamReader, count: int) -> list[bytes]:
        return [(await reader.readline())[:3] for _ in range(count)]

    async with receiving(channel), asyncio.timeout(20):
        await opened(host)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"EHLO a\r\n")
        offered = await reader.readuntil(b"250 HELP\r\n")
        writer.write(envelope)
        first = await answers(reader, 4)
        writer.write(body + envelope)
        second = await answers(reader, 5)
        writer.write(body + b"RCPT TO:<help@example.com>\r\nDATA\r\nQUIT\r\n")
        third = await answers(reader, 4)
        writer.close()
        await writer.wait_closed()
    assert b"250-PIPELINING\r\n" in offered
    assert first == [b"250", b"550", b"250", b"354"]
    assert second == [b"250", *first]
    assert third == [b"250", b"503", b"503", b"221"]
    assert len(host.delivered) == 2


async def test_hostile_commands_end_in_an_answer() -> None:
    """Endless lines, nested brackets, unknown words and mail without recipients are all answered."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}")

    def talk(smtp: smtplib.SMTP) -> list[int]:
        smtp.ehlo()
        return [
            smtp.docmd("MAIL", "FROM:" + "(" * 400 + "<ana@example.org>")[0],
            smtp.docmd("MAIL", "FROM:<" + "a" * 900 + "@example.org>")[0],
            smtp.docmd("NOOP", "x" * 70_000)[0],
            smtp.docmd("DATA")[0],
            smtp.docmd("AUTH", "PLAIN AGEAYg==")[0],
            smtp.mail("ana@example.org")[0],
            smtp.docmd("DATA")[0],
        ]

    async with receiving(channel):
        await opened(host)
        codes = await client(port, talk)
        await client(port, sends(mail()))
    assert all(code >= 500 for code in codes[:5])
    assert codes[5:] == [250, 503]
    assert len(host.delivered) == 1


# --- mail out ---------------------------------------------------------------------------------


async def test_a_note_goes_out_marked_as_automatic(tmp_path: Path) -> None:
    """From the mailbox in the person's name, into the thread, with nothing for machines to answer."""
    async with smtp_server(tmp_path) as sink:
        _, channel = mailbox(receive="smtp://127.0.0.1:1", send=f"smtp://127.0.0.1:{sink.port}")
        sent = await channel.send(outgoing(token="hb7k2q9-abc"))
        channel.close()
    [(sender, recipients, raw)] = sink.taken
    note = message_from_bytes(raw)
    assert sent.message_id == "hb.note-1@example.com"
    assert sender == "<>"
    assert recipients == ["ana@example.org"]
    assert note["Message-ID"] == "<hb.note-1@example.com>"
    assert note["From"] == '"Maria Jensen" <help@example.com>'
    assert note["In-Reply-To"] == "<Where.is.my.order@example.org>"
    assert note["Reply-To"] == "<help+hb7k2q9-abc@example.com>"
    assert note["Subject"] == "Re: Where is my order"
    assert note["Auto-Submitted"] == "auto-replied"
    assert note["X-Auto-Response-Suppress"] == "All"


async def test_what_a_person_wrote_is_no_automatic_mail(tmp_path: Path) -> None:
    """No marks, an envelope sender for bounces, and the attachment comes along."""
    async with smtp_server(tmp_path) as sink:
        host, channel = mailbox(send=f"smtp://127.0.0.1:{sink.port}")
        blob = await host.blobs.put(b"%PDF-")
        file = Attachment(name="Rechnung für Ana.pdf", content_type="application/pdf", size=5, blob=blob)
        await channel.send(outgoing(automatic=False, text="Så er den på vej 🚚", attachments=(file,)))
        channel.close()
    [(sender, _, raw)] = sink.taken
    reply: Any = message_from_bytes(raw)
    text, attached = reply.get_payload()
    assert sender == "help@example.com"
    assert reply["Auto-Submitted"] is None
    assert text.get_payload(decode=True).decode().strip() == "Så er den på vej 🚚"
    assert attached.get_filename() == "Rechnung für Ana.pdf"
    assert attached.get_payload(decode=True) == b"%PDF-"


@pytest.mark.parametrize("how", ["tls", "starttls"])
async def test_password_and_tls(tmp_path: Path, how: str) -> None:
    """With TLS from the start or by STARTTLS, and signing in with a password."""
    scheme = {"tls": "smtps", "starttls": "smtp+starttls"}[how]
    async with smtp_server(tmp_path, tls=how, sign_in=True) as sink:
        url = f"{scheme}://help%40example.com@127.0.0.1:{sink.port}"
        _, channel = mailbox(send=url, password=PASSWORD, tls_ca=sink.ca)
        await channel.send(outgoing())
        channel.close()
        _, wrong = mailbox(send=url, password="wrong", tls_ca=sink.ca)
        with pytest.raises(NotSent, match="refuses the sign-in"):
            await wrong.send(outgoing(id="note-2"))
        _, untrusting = mailbox(send=url, password=PASSWORD)
        with pytest.raises(NotSent):
            await untrusting.send(outgoing(id="note-3"))
    assert len(sink.taken) == 1
    assert len(sink.signed_in) == 1


async def test_xoauth2_signs_in_with_a_token(tmp_path: Path) -> None:
    """The token server's token is accepted; a bad one ends in a report, not in a hang."""
    from aiohttp import web

    tokens = iter([TOKEN, "stale"])

    async def issue(_: web.Request) -> web.Response:
        return web.json_response({"access_token": next(tokens), "expires_in": 1})

    app = web.Application()
    app.add_routes([web.post("/token", issue)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with smtp_server(tmp_path, tls="starttls", sign_in=True) as sink:
        host, channel = mailbox(
            send=f"smtp+starttls://help%40example.com@127.0.0.1:{sink.port}",
            tls_ca=sink.ca,
            oauth_token_url=f"http://127.0.0.1:{runner.addresses[0][1]}/token",
            oauth_client_id="app",
            oauth_refresh_token="consent",
        )
        await channel.send(outgoing())
        channel.close()
        channel._tokens.refused(TOKEN)  # type: ignore[union-attr]
        with pytest.raises(NotSent, match="refuses the sign-in"):
            await channel.send(outgoing(id="note-2"))
        channel.close()
    await runner.cleanup()
    assert sink.signed_in == ["xoauth2"]
    assert host.reports[-1][0] == "down"


@pytest.mark.parametrize(
    ("step", "answer", "raised"),
    [
        ("MAIL", "451 try later", NotSent),
        ("MAIL", "421 closing", NotSent),
        ("RCPT", "450 busy", NotSent),
        ("RCPT", "550 no such user", Refused),
        ("DATA", "452 full", NotSent),
        ("DATA", "554 spam", Refused),
    ],
)
async def test_what_the_server_answers_is_certain(
    tmp_path: Path, step: str, answer: str, raised: type[Exception]
) -> None:
    """An answer before the mail was taken means not sent: for now (4xx) or for good (5xx)."""
    async with smtp_server(tmp_path) as sink:
        _, channel = mailbox(send=f"smtp://127.0.0.1:{sink.port}")
        sink.answers[step] = [answer]
        with pytest.raises(raised):
            await channel.send(outgoing())
        await channel.send(outgoing())
        channel.close()
    assert len(sink.taken) == 1


async def test_a_connection_that_breaks_after_the_last_byte_leaves_doubt(tmp_path: Path) -> None:
    """The server may have taken it, and here it has."""
    async with smtp_server(tmp_path) as sink:
        _, channel = mailbox(send=f"smtp://127.0.0.1:{sink.port}")
        sink.drop_after_data = True
        with pytest.raises(InDoubt):
            await channel.send(outgoing())
        channel.close()
    assert len(sink.taken) == 1


async def test_a_server_that_cannot_be_reached_means_not_sent() -> None:
    """Nothing was sent, and the account says that it is degraded."""
    host, channel = mailbox(send=f"smtp://127.0.0.1:{free_port()}")
    with pytest.raises(NotSent):
        await channel.send(outgoing())
    assert host.reports[-1][0] == "degraded"


async def test_a_relay_that_refuses_an_empty_sender_gets_ours(tmp_path: Path) -> None:
    """Then the mailbox's own address stands in the envelope."""
    async with smtp_server(tmp_path) as sink:
        _, channel = mailbox(send=f"smtp://127.0.0.1:{sink.port}")
        sink.answers["MAIL"] = ["550 not allowed to send as <>"]
        await channel.send(outgoing())
        channel.close()
    assert sink.taken[0][0] == "help@example.com"


async def test_connections_are_reused_and_limited(tmp_path: Path) -> None:
    """Many mails at once go over a few connections, and a connection that went stale is replaced."""
    async with smtp_server(tmp_path) as sink:
        _, channel = mailbox(send=f"smtp://127.0.0.1:{sink.port}", send_connections=3)
        await asyncio.gather(*(channel.send(outgoing(id=f"note-{number}")) for number in range(30)))
        assert sink.connections <= 3
        for idle in channel._submission._idle:  # type: ignore[union-attr]
            idle.client.transport.abort()  # type: ignore[union-attr]
        await asyncio.sleep(0.05)
        await channel.send(outgoing(id="note-31"))
        channel.close()
    assert len(sink.taken) == 31


async def test_the_outbox_sends_nothing() -> None:
    """It is sent as soon as it is stored, under the name that an answer would cite."""
    _, channel = mailbox()
    sent = await channel.send(outgoing())
    assert sent.message_id == "hb.note-1@example.com"
    assert await channel.reconcile(outgoing()) == sent


async def test_an_address_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """What would break a header or the envelope never reaches the server."""
    async with smtp_server(tmp_path) as sink:
        _, channel = mailbox(send=f"smtp://127.0.0.1:{sink.port}")
        for address in ("", "ana", "a b@example.org", "a@b\r\nRCPT TO:<c@d>", "nobody-1@unknown.invalid"):
            with pytest.raises(Refused):
                await channel.send(outgoing(to=Identity(kind="email", address=address)))
        channel.close()
    assert not sink.taken
