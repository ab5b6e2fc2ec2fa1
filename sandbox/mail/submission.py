"""A submission server: takes mail from the mailbox's owner, hands it over, and keeps a copy among the sent ones."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.faults import Fault, Faults
from sandbox.mail.box import Box

#: Seconds after which even a black hole ends.
SILENCE_S = 1800.0


class Submission:
    """Listens for one mailbox."""

    def __init__(self, box: Box, faults: Faults, deliver: Callable[[list[str], bytes], None]) -> None:
        """Take the mailbox, what goes wrong, and who gets (recipients, mail) that were taken."""
        self._box, self._faults, self._deliver = box, faults, deliver
        self._server: asyncio.Server | None = None
        self._open: set[SMTP] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
        for one in list(self._open):
            abort(one)
            if one._handler_coroutine is not None:  # noqa: SLF001  # else it lives until the loop ends
                one._handler_coroutine.cancel()  # noqa: SLF001
        self._open.clear()
        await asyncio.sleep(0)

    def _session(self) -> SMTP:
        session = SMTP(
            self,
            hostname="smtp.sandbox.example",
            ident="sandbox",
            enable_SMTPUTF8=True,
            authenticator=self._authenticate,
            auth_require_tls=False,
        )
        self._open = {one for one in self._open if one.transport is not None}
        self._open.add(session)
        return session

    def _authenticate(self, _: SMTP, __: Session, ___: Envelope, mechanism: str, given: Any) -> AuthResult:
        known = (
            isinstance(given, LoginPassword)
            and given.login == self._box.user.encode()
            and given.password == self._box.password.encode()
        )
        good = known and not self._faults.strikes(Fault.REVOKED)
        return AuthResult(success=good, handled=False, auth_data=mechanism)

    # what the library calls

    async def handle_MAIL(  # noqa: N802  # the library's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender: only the mailbox's owner, who has signed in."""
        if self._faults.strikes(Fault.BROKEN):
            abort(server)
            return "421 4.3.2 closing"
        if self._faults.strikes(Fault.REVOKED):
            return "535 5.7.8 Authentication credentials invalid"
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802  # the library's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or say why not."""
        del server, session
        if self._faults.strikes(Fault.SLOW):
            await asyncio.sleep(self._faults.slow_s)
        if self._faults.strikes(Fault.BLACK_HOLE):
            await asyncio.sleep(SILENCE_S)
        if self._faults.strikes(Fault.THROTTLED):
            return "451 4.7.1 Greylisted, please try again in 5 minutes"
        if self._faults.strikes(Fault.THROTTLED_BARE):
            return "450 4.2.0 Try again later"
        if self._faults.strikes(Fault.REFUSED):
            return "554 5.7.1 Message rejected: the recipient does not want mail from you"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  # the library's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take the mail: it reaches its recipients, and a copy is kept."""
        del session
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self._deliver(list(envelope.rcpt_tos), raw)
        self._box.sent.append(raw, seen=True)
        if self._faults.strikes(Fault.DROPPED):
            abort(server)
        return "250 2.0.0 Queued"


def abort(session: SMTP) -> None:
    """Cut the connection without a word."""
    if isinstance(session.transport, asyncio.Transport):
        session.transport.abort()
