"""The SMTP listener: mail for our addresses comes in, and 250 means that it is stored."""

import asyncio
import logging
import secrets
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from channels.email.account import Server, loopback
from channels.email.bucket import Bucket
from channels.email.intake import Arrival, Intake
from channels.email.smtp_session import Session, certificate
from channels.email.trace import Trace
from channels.errors import Misconfigured, Unavailable

#: Seconds given to mails in the middle of being stored when the service stops.
GRACE_S = 8.0
#: Most recipients of one mail (RFC 5321 4.5.3.1.8 asks for at least 100).
MOST_RECIPIENTS = 100

_log = structlog.get_logger(__name__)


class Listener:
    """One port, shared by all accounts that name it in `receive`."""

    def __init__(self, where: Server) -> None:
        """Take where to listen."""
        self.where = where
        self.hostname = socket.gethostname() or "localhost"
        self.tls: ssl.SSLContext | None = None
        self._intakes: list[Intake] = []
        self._sessions: dict[Session, str] = {}
        self._rates: dict[str, Bucket] = {}
        self._busy = 0
        self._quiet = asyncio.Event()
        self._opening = asyncio.Lock()
        self._state = ""
        self._server: asyncio.Server | None = None

    @property
    def max_size(self) -> int:
        """Return the size of the largest mail that any account takes, bytes."""
        return max((intake.account.max_size for intake in self._intakes), default=0)

    @property
    def alone(self) -> bool:
        """Tell whether one account or none listens here."""
        return len(self._intakes) < 2

    @property
    def open(self) -> bool:
        """Tell whether the port is open."""
        return self._server is not None

    async def join(self, intake: Intake) -> None:
        """Take mail for this account too. Raises Misconfigured when the port or an address is taken."""
        for other in self._intakes:
            taken = set(other.account.view.addresses) & set(intake.account.view.addresses)
            if taken:
                raise Misconfigured(f"address: account {other.host.account} listens for the same address")
        if intake.account.tls_certificate:
            self.tls = _certificate(intake)
        async with self._opening:
            if self._server is None:
                await self._open()
            self._intakes.append(intake)
        self._state = ""
        self._report("ok")

    async def leave(self, intake: Intake) -> None:
        """Stop for this account; the last one closes the port and waits for mails being stored."""
        self._intakes.remove(intake)
        if self._intakes:
            return
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._busy:
            self._quiet.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), GRACE_S)
        for session in list(self._sessions):
            session.goodbye()

    # what a session asks

    def admit(self, session: Session, transport: Any) -> bool:
        """Tell whether one more connection from there is all right, and remember it."""
        peer = _peer(transport.get_extra_info("peername"))
        most = max((intake.account.max_connections for intake in self._intakes), default=0)
        from_there = Counter(self._sessions.values())[peer]
        if len(self._sessions) >= most or (not loopback(peer) and from_there >= max(1, most // 4)):
            return False
        self._sessions[session] = peer
        return True

    def forget(self, session: Session) -> None:
        """Drop a connection that has ended."""
        self._sessions.pop(session, None)

    def failed(self, error: Exception) -> None:
        """Say that a mail could not be taken; its sender keeps it."""
        self._report("degraded", f"mail was put off, its senders will try again: {type(error).__name__}")
        if not isinstance(error, Unavailable):
            _log.error("mail put off", error=type(error).__name__)

    async def handle_EHLO(  # noqa: N802  # the library's name
        self, _server: Session, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet; nobody can sign in here, and nobody need wait for each answer (RFC 2920)."""
        session.host_name = hostname
        first, *others = [line for line in responses if not line.startswith("250-AUTH")]
        return [first, "250-PIPELINING", *others]

    async def handle_MAIL(  # noqa: N802  # the library's name
        self, server: Session, _session: Any, envelope: Any, sender: str, options: list[str]
    ) -> str:
        """Take the envelope sender, unless there comes too much from there."""
        if not self._in_rate(self._sessions.get(server, "")):
            return "451 4.7.1 Too many mails from your address, try again in a minute"
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, _server: Session, _session: Any, envelope: Any, recipient: str, _options: list[str]
    ) -> str:
        """Take a recipient that is ours."""
        if self._owner(recipient) is None:
            return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(recipient)
        return "250 2.1.5 OK"

    async def take(self, session: Any, envelope: Any, content: bytes) -> str:
        """Store the mail for each account it is for, then say 250; 451 when that is not possible now."""
        token = secrets.token_hex(12)
        self._busy += 1
        try:
            for intake, recipient in self._owners(envelope.rcpt_tos):
                if len(content) > intake.account.max_size:
                    return "552 5.3.4 The mail is larger than this mailbox takes"
                trace = Trace(
                    sender=envelope.mail_from, recipient=recipient, helo=str(session.host_name),
                    peer=_peer(session.peer), by=self.hostname, token=token, at=intake.host.clock.now(),
                )  # fmt: skip
                key = f"smtp:{intake.host.account}:{token}"
                await intake.take(Arrival(key=key, raw=trace.lines() + content))
        except Exception as error:  # noqa: BLE001  # whatever it is, the sender must keep the mail
            self.failed(error)
            return "451 4.3.0 The mail cannot be stored now, try again later"
        finally:
            self._busy -= 1
            if not self._busy:
                self._quiet.set()
        self._report("ok")
        return f"250 2.0.0 Stored as {token}"

    # inside

    def _report(self, state: str, error: str = "") -> None:
        if state != self._state:
            self._state = state
            for intake in self._intakes:
                intake.host.report(state, error, part="receive")

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        # The library writes addresses and commands of every mail there.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        try:
            self._server = await loop.create_server(
                lambda: Session(self, loop), self.where.host, self.where.port, backlog=200
            )
        except OSError as error:
            raise Misconfigured(
                f"receive: cannot listen on {self.where}: {error.strerror or error}. "
                "Stop the other program there or choose another port"
            ) from error

    def _owner(self, recipient: str) -> Intake | None:
        return next((one for one in self._intakes if one.account.view.owns(recipient)), None)

    def _owners(self, recipients: list[str]) -> list[tuple[Intake, str]]:
        """Return each account once, with the most telling address: one with a plus part."""
        found: dict[int, tuple[Intake, str]] = {}
        for recipient in recipients:
            intake = self._owner(recipient)
            if intake is not None and (id(intake) not in found or intake.account.view.detail(recipient)):
                found[id(intake)] = (intake, recipient)
        return list(found.values())

    def _in_rate(self, peer: str) -> bool:
        most = max((intake.account.max_rate for intake in self._intakes), default=0)
        if not most or loopback(peer):
            return True
        if len(self._rates) > 10_000:
            self._rates.clear()
        return self._rates.setdefault(peer, Bucket(most)).take()


class Listeners:
    """The ports this process listens on."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: dict[tuple[str, int], Listener] = {}

    @asynccontextmanager
    async def joined(self, where: Server, intake: Intake) -> AsyncIterator[Listener]:
        """Listen for the account inside the block, on a port shared with others that name it."""
        place = (where.host, where.port)
        listener = self._open.setdefault(place, Listener(where))
        try:
            await listener.join(intake)
        except Misconfigured:
            if not listener.open:
                self._open.pop(place, None)
            raise
        try:
            yield listener
        finally:
            if listener.alone:
                self._open.pop(place, None)
            await listener.leave(intake)


def _certificate(intake: Intake) -> ssl.SSLContext:
    account = intake.account
    try:
        return certificate(account.tls_certificate, account.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"tls_certificate: {account.tls_certificate} cannot be used: {error}") from error


def _peer(name: Any) -> str:
    return str(name[0]) if isinstance(name, tuple) and name else "local"
