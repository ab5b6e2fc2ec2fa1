import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from channels.email.account import Server
from channels.email.adapter import Mail
from channels.email.imap import Imap
from channels.email.trouble import ServerTrouble
from channels.errors import Refused, Unavailable
from channels.message import Identity, Kind
from router.testing.channel import RecordingHost
from tests.support.dovecot import PASSWORD, USER, Dovecot, dovecot
from tests.support.mail import mail, mailbox, outgoing, receiving
from tests.support.ports import free_port

pytestmark = pytest.mark.dovecot


@pytest.fixture
async def server() -> AsyncIterator[Dovecot]:
    async with dovecot() as running:
        yield running


def follower(server: Dovecot, **settings: object) -> tuple[RecordingHost, Mail]:
    return mailbox(
        **{
            "receive": f"imaps://{USER.replace('@', '%40')}@127.0.0.1:{server.tls_port}/INBOX",
            "password": PASSWORD,
            "tls_ca": server.ca,
            "poll_every": 30.0,
            **settings,
        }
    )


async def connected(host: RecordingHost) -> None:
    await host.wait_for(lambda: ("ok", "") in host.reports)


def subjects(host: RecordingHost) -> list[str]:
    return [message.subject for message in host.delivered]


async def test_a_new_mailbox_starts_at_now_and_announced_mail_comes_in_at_once(server: Dovecot) -> None:
    """Mail from before is left alone; what arrives later comes by IDLE, well before the next poll."""
    server.put(mail("Old"))
    host, channel = follower(server)
    async with receiving(channel):
        await connected(host)
        server.put(mail("New"))
        await host.wait_for(lambda: len(host.delivered) == 1)
    assert subjects(host) == ["New"]
    [message] = host.delivered
    assert message.key.startswith("imap:test:")
    assert message.kind is Kind.CUSTOMER
    assert await host.blobs.get(message.raw) == mail("New")


async def test_mail_is_marked_as_read_only_once_it_is_stored(server: Dovecot) -> None:
    """While the store is down the mail stays unread; afterwards it comes in and is marked."""
    host, channel = follower(server)
    async with receiving(channel):
        await connected(host)
        host.refuse = Unavailable("the store is down")
        server.put(mail("Patience"))
        await host.wait_for(lambda: any(state == "degraded" for state, _ in host.reports))
        assert "S" not in server.flags()
        assert not host.delivered
        host.refuse = None
        await host.wait_for(lambda: server.flags() == ["S"])
    assert subjects(host) == ["Patience"]


async def test_a_new_process_goes_on_where_the_last_one_stopped(server: Dovecot) -> None:
    """Mail that came while nobody followed is taken in, once, and nothing else again."""
    host, channel = follower(server)
    async with receiving(channel):
        await connected(host)
        server.put(mail("First"))
        await host.wait_for(lambda: server.flags() == ["S"])
    server.put(mail("Second"))
    _, again = follower(server)
    again._host = host
    async with receiving(again):
        await host.wait_for(lambda: len(host.delivered) == 2)
    assert subjects(host) == ["First", "Second"]
    assert not host.repeated


async def test_a_restart_of_the_server_loses_nothing(server: Dovecot) -> None:
    """The follower says that the server is gone, reconnects and takes in what came meanwhile."""
    host, channel = follower(server)
    async with receiving(channel):
        await connected(host)
        await server.stop()
        await host.wait_for(lambda: any(state == "degraded" for state, _ in host.reports))
        server.put(mail("Meanwhile"))
        await server.start()
        await host.wait_for(lambda: len(host.delivered) == 1)
        await host.wait_for(lambda: host.reports[-1] == ("ok", ""))
    assert subjects(host) == ["Meanwhile"]


async def test_a_renumbered_folder_is_matched_by_headers(server: Dovecot) -> None:
    """After a change of UIDVALIDITY known mail is not taken in again, and unknown mail is."""
    host, channel = follower(server)
    async with receiving(channel):
        await connected(host)
        for name in ("One", "Two"):
            server.put(mail(name))
        await host.wait_for(lambda: server.flags() == ["S", "S"])
    await server.stop()
    server.renumber()
    server.put(mail("Three"))
    await server.start()
    _, again = follower(server)
    again._host = host
    async with receiving(again):
        await host.wait_for(lambda: len(host.delivered) == 3)
        server.put(mail("Four"))
        await host.wait_for(lambda: len(host.delivered) == 4)
    assert sorted(subjects(host)) == ["Four", "One", "Three", "Two"]
    assert ":1999999999:" in host.delivered[-1].key


async def test_a_folder_renumbered_before_its_first_mail_loses_nothing(server: Dovecot) -> None:
    """What came since we connected is taken in; what was there before still is not."""
    server.put(mail("Old"), age_s=3600)
    host, channel = follower(server)
    async with receiving(channel):
        await connected(host)
    await server.stop()
    server.renumber()
    server.put(mail("New"))
    await server.start()
    _, again = follower(server)
    again._host = host
    async with receiving(again):
        await host.wait_for(lambda: len(host.delivered) == 1)
        await host.wait_for(lambda: host.saves[-1][1].startswith('{"uidvalidity":1999999999'))
    assert subjects(host) == ["New"]


async def test_older_mail_comes_in_on_request_and_silently(server: Dovecot) -> None:
    """An import takes in what was there before, without any note, and does so once."""
    server.put(mail("Old"))
    host, channel = follower(server, import_since="2020-01-01")
    async with receiving(channel):
        await host.wait_for(lambda: len(host.delivered) == 1)
        server.put(mail("New"))
        await host.wait_for(lambda: len(host.delivered) == 2)
    old, new = host.delivered
    assert old.subject == "Old"
    assert old.no_note.startswith("imported")
    assert not new.no_note


async def test_many_mails_come_in_in_order_of_their_batches(server: Dovecot) -> None:
    """A backlog is taken in whole, with the position saved on the way."""
    host, channel = follower(server)
    async with receiving(channel):
        await connected(host)
        for number in range(45):
            server.put(mail(f"Mail {number}"))
        await host.wait_for(lambda: server.flags().count("S") == 45)
    assert {f"Mail {number}" for number in range(45)} == set(subjects(host))
    assert len(host.saves) >= 3


async def test_a_mail_that_is_too_large_comes_in_by_its_headers(server: Dovecot) -> None:
    """It is visible as unreadable with the way out, and the next mail is not held up."""
    host, channel = follower(server, max_size=20_000)
    async with receiving(channel):
        await connected(host)
        server.put(mail("Huge", "x" * 900 + "\n" + "line\n" * 10_000))
        server.put(mail("Small"))
        await host.wait_for(lambda: len(host.delivered) == 2)
    huge = next(message for message in host.delivered if message.subject == "Huge")
    assert huge.kind is Kind.UNREADABLE
    assert "max_size" in huge.reason
    assert huge.sender.address == "ana@example.org"


async def test_an_answer_sent_with_another_mail_program_is_found_in_the_sent_folder(server: Dovecot) -> None:
    """It comes in as an agent's message; a copy of what we sent ourselves does not."""
    host, channel = follower(server, sent_folder="Sent")
    ours = outgoing()
    async with receiving(channel):
        await host.wait_for(lambda: "sent" in host.cursors and "" in host.cursors)
        answer = {
            "From": "Maria <help@example.com>",
            "To": "ana@example.org",
            "In_Reply_To": "<x@example.org>",
        }
        server.put(mail("Re: Where", Message_ID="<hb.note-1@example.com>", **answer), "Sent")
        server.put(mail("Re: Where", Message_ID="<2@example.com>", **answer), "Sent")
        await host.wait_for(lambda: len(host.delivered) == 1)
        assert host.delivered[0].kind is Kind.AGENT
        assert host.delivered[0].references == ("x@example.org",)
        _, sender = follower(server, sent_folder="Sent", send="smtp://127.0.0.1:9")
        found = await sender.reconcile(ours)
        absent = await sender.reconcile(outgoing(id="note-2"))
    assert found is not None
    assert found.message_id == "hb.note-1@example.com"
    assert absent is None


async def test_a_wrong_password_is_reported_with_what_to_do(server: Dovecot) -> None:
    """The account is down, the reason names the cure, and we do not go on knocking."""
    host, channel = follower(server, password="wrong")
    async with receiving(channel):
        await host.wait_for(lambda: bool(host.reports))
    state, error = host.reports[-1]
    assert state == "down"
    assert "password" in error


async def test_a_missing_folder_is_reported_by_its_setting(server: Dovecot) -> None:
    """The report names the folder and the setting."""
    host, channel = follower(
        server, receive=f"imaps://help%40example.com@127.0.0.1:{server.tls_port}/Nowhere"
    )
    async with receiving(channel):
        await host.wait_for(lambda: bool(host.reports))
    assert "Nowhere" in host.reports[-1][1]
    assert "`folder`" in host.reports[-1][1]


async def test_an_untrusted_certificate_is_refused(server: Dovecot) -> None:
    """Without the authority that signed it, nothing is sent to the server."""
    host, channel = follower(server, tls_ca="")
    async with receiving(channel):
        await host.wait_for(lambda: bool(host.reports))
    assert "tls_ca" in host.reports[-1][1]


async def test_starttls_works_as_well(server: Dovecot) -> None:
    """`imap+starttls://` turns on TLS before signing in."""
    host, channel = follower(server, receive=f"imap+starttls://help%40example.com@127.0.0.1:{server.port}")
    async with receiving(channel):
        await connected(host)


@asynccontextmanager
async def token_server(refresh: str) -> AsyncIterator[tuple[str, list[str]]]:
    """Run a token server; it hands out access tokens for the refresh token and tells whose they are."""
    issued: list[str] = []

    async def issue(request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("refresh_token") != refresh:
            return web.json_response({"error": "invalid_grant"}, status=400)
        issued.append(f"access-{len(issued)}")
        return web.json_response({"access_token": issued[-1], "expires_in": 3600})

    async def info(request: web.Request) -> web.Response:
        known = request.match_info["token"] in issued
        return web.json_response({"email": USER, "active": "yes"} if known else {"active": "no"})

    app = web.Application()
    app.add_routes([web.post("/token", issue), web.get("/info/{token}", info)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}", issued
    finally:
        await runner.cleanup()


async def test_xoauth2_signs_in_with_a_token_of_the_token_server() -> None:
    """The refresh token buys an access token, and Dovecot accepts it."""
    async with token_server("consent") as (url, issued), dovecot(f"{url}/info/") as server:
        oauth = {
            "oauth_token_url": f"{url}/token",
            "oauth_client_id": "app",
            "oauth_refresh_token": "consent",
        }
        host, channel = follower(server, password="", **oauth)
        async with receiving(channel):
            await connected(host)
            server.put(mail("By token"))
            await host.wait_for(lambda: len(host.delivered) == 1)
    assert issued == ["access-0"]


async def test_a_refused_token_is_an_answer_and_not_a_hang() -> None:
    """Dovecot's challenge after a bad token is met with an empty line, and the refusal is reported."""
    async with token_server("consent") as (url, issued), dovecot(f"{url}/nobody/") as server:
        oauth = {
            "oauth_token_url": f"{url}/token",
            "oauth_client_id": "app",
            "oauth_refresh_token": "consent",
        }
        host, channel = follower(server, password="", **oauth)
        async with receiving(channel):
            await host.wait_for(lambda: bool(host.reports))
    assert issued
    assert host.reports[-1][0] == "down"
    assert "token" in host.reports[-1][1]


async def test_consent_taken_back_is_reported_as_such() -> None:
    """The token server's refusal names the setting to renew."""
    async with token_server("other") as (url, _), dovecot(f"{url}/info/") as server:
        oauth = {
            "oauth_token_url": f"{url}/token",
            "oauth_client_id": "app",
            "oauth_refresh_token": "consent",
        }
        host, channel = follower(server, password="", **oauth)
        async with receiving(channel):
            await host.wait_for(lambda: bool(host.reports))
    assert "oauth_refresh_token" in host.reports[-1][1]


async def test_a_server_that_falls_silent_counts_as_dead() -> None:
    """A server that accepts and never greets is given up after a while."""

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(mute, "127.0.0.1", 0)
    where = Server(scheme="imap", host="127.0.0.1", port=silent.sockets[0].getsockname()[1])
    async with silent:
        with pytest.raises(ServerTrouble, match="silent"):
            await Imap(where, ssl.create_default_context(), silence_s=0.1).connect()


async def test_a_submission_server_takes_our_mail_and_hands_it_to_our_listener() -> None:
    """A real server stands between: TLS, password, a note, a person's answer, and a refusal."""
    port = free_port()
    host, listener = mailbox(address="ana@example.org", receive=f"smtp://127.0.0.1:{port}")
    async with dovecot(relay=port) as server, receiving(listener):
        await connected(host)
        _, sender = mailbox(
            send=f"smtp+starttls://help%40example.com@127.0.0.1:{server.submission_port}",
            password=PASSWORD,
            tls_ca=server.ca,
            receive="smtp://127.0.0.1:1",
        )
        await sender.send(outgoing())
        await sender.send(
            outgoing(id="reply-1", automatic=False, text="Den er på vej 🚚", token="hb7k2q9-abc")
        )
        with pytest.raises(Refused, match="No such mailbox"):
            await sender.send(outgoing(id="reply-2", to=Identity(kind="email", address="bob@example.org")))
        sender.close()
    note, reply = host.delivered
    assert note.kind is Kind.MACHINE
    assert note.message_id == "hb.note-1@example.com"
    assert reply.kind is Kind.CUSTOMER
    assert reply.text == "Den er på vej 🚚"
    assert [claim.address for claim in reply.claims] == ["help+hb7k2q9-abc@example.com"]


async def test_the_folder_of_sent_mail_is_judged_apart(server: Dovecot) -> None:
    """That it is missing stays visible while the mailbox itself works, and names the setting."""
    host, channel = follower(server, sent_folder="Nowhere")
    async with receiving(channel):
        await host.wait_for(lambda: {"receive", "sent folder"} <= set(host.parts))
        await host.wait_for(lambda: host.parts["receive"] == ("ok", ""))
        state, error = host.parts["sent folder"]
    assert state == "degraded"
    assert "`sent_folder`" in error
