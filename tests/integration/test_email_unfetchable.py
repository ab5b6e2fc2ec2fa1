import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from channels.email.adapter import EmailAdapter
from channels.message import Kind
from router.clock import SystemClock
from router.testing.channel import RecordingHost
from tests.support.mail import mail, receiving


class Quick(SystemClock):
    """A clock on which pauses between tries are short."""

    async def sleep(self, seconds: float) -> None:
        """Wait hardly at all."""
        await asyncio.sleep(0.001)


class Imapd:
    """As much of an IMAP server as following a folder takes, with mails it cannot hand over."""

    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        #: What is sent instead, before the tagged answer, and that answer; by UID and whether it is the whole mail.
        self.instead: dict[tuple[int, bool], tuple[bytes, bytes]] = {}
        #: The mails are gone by the time they are fetched.
        self.expunged: set[int] = set()
        self.facts_fail = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it hangs up."""
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            tag, _, command = line.decode().strip().partition(" ")
            untagged, answer = self.answer(command)
            writer.write(untagged + tag.encode() + b" " + answer + b"\r\n")
        writer.close()

    def answer(self, command: str) -> tuple[bytes, bytes]:
        """Return the untagged lines and the tagged answer."""
        word = " ".join(command.upper().split()[:2])
        if word.startswith("CAPABILITY"):
            return b"* CAPABILITY IMAP4rev1\r\n", b"OK"
        if word.startswith("SELECT"):
            return b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n* OK [UIDNEXT 1]\r\n", b"OK"
        if word == "UID SEARCH":
            return self._search(command), b"OK"
        if word == "UID FETCH":
            return self._fetch(command)
        return b"", b"OK"

    def _search(self, command: str) -> bytes:
        first, single = re.search(r"UID (\d+)(:\*)?$", command.strip()).groups()  # type: ignore[union-attr]
        wanted: Callable[[int], bool] = (
            (lambda uid: uid >= int(first))
            if single
            else (lambda uid: uid == int(first) not in self.expunged)
        )
        return b"* SEARCH " + " ".join(str(uid) for uid in self.mails if wanted(uid)).encode() + b"\r\n"

    def _fetch(self, command: str) -> tuple[bytes, bytes]:
        uids = [int(one) for one in command.split()[2].split(",")]
        if "SIZE" in command:
            if self.facts_fail:
                return b"", b"NO cannot open message"
            lines = [b"* 1 FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, len(self.mails[uid])) for uid in uids]
            return b"".join(lines), b"OK"
        [uid], whole = uids, "[]" in command
        if uid in self.expunged:
            return b"", b"OK"
        if (uid, whole) in self.instead:
            return self.instead[uid, whole]
        data = self.mails[uid] if whole else self.mails[uid].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        section = b"BODY[]" if whole else b"BODY[HEADER]"
        return b"* 1 FETCH (UID %d %s {%d}\r\n%s)\r\n" % (uid, section, len(data), data), b"OK"


@asynccontextmanager
async def following(server: Imapd) -> AsyncIterator[RecordingHost]:
    """Follow a folder of the server inside the block; it has mails once the account is connected."""
    running = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    port = running.sockets[0].getsockname()[1]
    settings = {
        "address": "help@example.com",
        "receive": f"imap://127.0.0.1:{port}",
        "password": "x",
        "poll_every": 0.02,
    }
    host = RecordingHost("email", settings, clock=Quick())
    channel = EmailAdapter().open(host)
    async with running, receiving(channel):  # type: ignore[arg-type]
        await host.wait_for(lambda: ("ok", "") in host.reports)
        server.mails = {1: mail("One"), 2: mail("Two"), 3: mail("Three")}
        yield host


REFUSALS = {
    "refused": (b"", b"NO [UNAVAILABLE] cannot be read"),
    "bad": (b"", b"BAD internal error"),
    "no body": (b"* 1 FETCH (UID 2)\r\n", b"OK"),
    "nil": (b"* 1 FETCH (UID 2 BODY[] NIL BODY[HEADER] NIL)\r\n", b"OK"),
    "too long": (b"* 1 FETCH (UID 2 BODY[] {4000000000}\r\n", b"OK"),
    "goodbye": (b"* BYE internal error\r\n", b"OK"),
}


@pytest.mark.parametrize("how", REFUSALS)
async def test_a_mail_that_cannot_be_fetched_holds_up_no_other(how: str) -> None:
    """It comes in as unreadable with its headers and where to look; those around it come in as they are."""
    server = Imapd()
    server.instead[2, True] = REFUSALS[how]
    async with following(server) as host:
        await host.wait_for(lambda: len(host.delivered) == 3)
        await host.wait_for(lambda: host.reports[-1] == ("ok", ""))
    found = {message.subject: message for message in host.delivered}
    assert {name: one.kind for name, one in found.items()} == {
        "One": Kind.CUSTOMER,
        "Two": Kind.UNREADABLE,
        "Three": Kind.CUSTOMER,
    }
    assert "Look at it in the mailbox" in found["Two"].reason
    assert found["Two"].sender.address == "ana@example.org"
    assert found["Two"].key == "imap:test:7:2"


async def test_a_mail_of_which_nothing_can_be_fetched_is_shown_all_the_same() -> None:
    """Not even its headers: there is still something to work on, with the reason."""
    server = Imapd()
    server.instead[2, True] = server.instead[2, False] = REFUSALS["refused"]
    async with following(server) as host:
        await host.wait_for(lambda: len(host.delivered) == 3)
    lost = next(one for one in host.delivered if one.kind is Kind.UNREADABLE)
    assert lost.subject == "A mail that could not be fetched"
    assert "cannot be read" in lost.reason


async def test_a_server_that_fails_for_a_while_loses_nothing() -> None:
    """The mail comes in whole once the server can hand it over again."""
    server = Imapd()
    server.instead[2, True] = REFUSALS["refused"]
    async with following(server) as host:
        await host.wait_for(lambda: any(state == "degraded" for state, _ in host.reports))
        server.instead.clear()
        await host.wait_for(lambda: len(host.delivered) == 3)
    assert {one.kind for one in host.delivered} == {Kind.CUSTOMER}


async def test_a_mail_that_is_gone_is_no_failure() -> None:
    """Deleted between being found and being fetched, it is passed over."""
    server = Imapd()
    server.expunged.add(2)
    async with following(server) as host:
        await host.wait_for(lambda: host.cursors.get("", "").startswith('{"uidvalidity":7,"uid":3'))
    assert sorted(one.subject for one in host.delivered) == ["One", "Three"]


async def test_a_server_that_gives_no_sizes_is_asked_for_the_mails() -> None:
    """One mail whose size cannot be told does not hide the others."""
    server = Imapd()
    server.facts_fail = True
    async with following(server) as host:
        await host.wait_for(lambda: len(host.delivered) == 3)
    assert {one.kind for one in host.delivered} == {Kind.CUSTOMER}
