from pathlib import Path

import pytest
from dns import rcode

from channels.email.adapter import EmailAdapter
from channels.email.tryout import published
from channels.tryout import Finding
from router.testing.channel import RecordingHost
from tests.support.dns import name_server
from tests.support.dovecot import PASSWORD as IMAP_PASSWORD
from tests.support.dovecot import dovecot
from tests.support.mail import mailbox, receiving
from tests.support.ports import free_port
from tests.support.smtp import PASSWORD, smtp_server

RECORDS = {
    "example.com": ["something=else", "v=spf1 include:_spf.google.com -all"],
    "google._domainkey.example.com": ["v=DKIM1; k=rsa; p=" + "M" * 300],
    "_dmarc.example.com": ["v=DMARC1; p=quarantine"],
}


async def tried(**settings: object) -> list[Finding]:
    """Return what is found out about a mailbox with these settings."""
    host = RecordingHost("email", {"address": "help@example.com", **settings})
    return [one async for one in EmailAdapter().try_out(host)]


@pytest.mark.dovecot
async def test_both_servers_are_signed_in_to(tmp_path: Path) -> None:
    """A good mailbox is well: folders are opened, nothing is sent."""
    async with dovecot() as imap, smtp_server(tmp_path, tls="starttls", sign_in=True) as sink:
        found = await tried(
            receive=f"imap://help%40example.com@127.0.0.1:{imap.port}/INBOX", password=IMAP_PASSWORD,
            sent_folder="INBOX", send=f"smtp+starttls://help%40example.com@127.0.0.1:{sink.port}",
            send_password=PASSWORD, tls_ca=sink.ca,
        )  # fmt: skip
    assert [f"{one.what} {one.mend}" for one in found if not one.ok] == []
    assert sink.taken == []
    assert sum("Signed in" in one.what for one in found) == 2


@pytest.mark.dovecot
async def test_what_is_wrong_is_named_with_what_to_do(tmp_path: Path) -> None:
    """A folder that is not there, and passwords that are refused, each with the setting to correct."""
    async with dovecot() as imap, smtp_server(tmp_path, tls="starttls", sign_in=True) as sink:
        send = {"send": f"smtp+starttls://help%40example.com@127.0.0.1:{sink.port}", "tls_ca": sink.ca}
        receive = f"imap://help%40example.com@127.0.0.1:{imap.port}/INBOX"
        folder = await tried(
            receive=receive, password=IMAP_PASSWORD, sent_folder="Gone", send_password=PASSWORD, **send
        )
        password = await tried(receive=receive, password="wrong", **send)
    assert [one.mend for one in folder if not one.ok] == ["Correct `sent_folder`."]
    refused = [one for one in password if not one.ok]
    assert len(refused) == 2
    assert all("app password" in one.mend for one in refused)


async def test_a_listener_is_asked_for_its_greeting() -> None:
    """While the service runs it greets; when it does not, that is said."""
    port = free_port()
    host, channel = mailbox(receive=f"smtp://127.0.0.1:{port}")
    before = await tried(receive=f"smtp://127.0.0.1:{port}")
    async with receiving(channel):
        await host.wait_for(lambda: ("ok", "") in host.reports)
        during = await tried(receive=f"smtp://127.0.0.1:{port}")
    assert [one.ok for one in before] == [False, True]
    assert "Start the service" in before[0].mend
    assert [one.ok for one in during] == [True, True]


async def test_a_server_that_is_not_there_is_named() -> None:
    """Where nothing answers, the settings to check are told."""
    found = await tried(send=f"smtp://127.0.0.1:{free_port()}")
    assert [one.ok for one in found] == [True, False]
    assert "Check `send`" in found[1].mend


async def test_the_dns_is_asked_as_receivers_ask_it() -> None:
    """SPF, DKIM and DMARC of the domain, or of the one above it, are found where they stand."""
    async with name_server(RECORDS) as resolver:
        good = await published(resolver, "example.com", "smtp.gmail.com")
        below = await published(resolver, "shop.example.com", "smtp.gmail.com")
    assert [(one.ok, one.mend) for one in good] == [(True, "")] * 3
    assert [one.ok for one in below] == [False, True, True]
    assert "shop.example.com has no SPF record" in below[0].what
    assert below[2].mend == ""


async def test_a_dns_that_fails_proves_nothing() -> None:
    """A name server in trouble is told as such, not as missing records."""
    async with name_server(RECORDS, rcode.SERVFAIL) as resolver:
        found = await published(resolver, "example.com", "smtp.gmail.com")
    assert [one.ok for one in found] == [False]
    assert "cannot be asked" in found[0].what
