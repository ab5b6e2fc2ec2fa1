"""An SMTP server that takes mail and keeps it: with TLS, STARTTLS and sign-in, and faults on demand."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult

USER = "help@example.com"
PASSWORD = "secret"
TOKEN = "access-1"


class Sink:
    """What the server does with each step, and all that it took."""

    def __init__(self) -> None:
        #: (envelope sender, recipients, content) of every mail taken.
        self.taken: list[tuple[str, list[str], bytes]] = []
        #: What is answered instead, by step: MAIL, RCPT, DATA; an empty answer hangs up.
        self.answers: dict[str, list[str]] = {"MAIL": [], "RCPT": [], "DATA": []}
        #: Hang up after taking the mail, before saying so.
        self.drop_after_data = False
        self.connections = 0
        self.signed_in: list[str] = []
        self.port = 0
        self.ca = ""

    async def handle_MAIL(  # noqa: N802  # the library's name
        self, server: SMTP, session: Any, envelope: Any, sender: str, options: Any
    ) -> str:
        """Take the sender, or answer as told."""
        if self.answers["MAIL"]:
            return self.answers["MAIL"].pop(0)
        envelope.mail_from = sender
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  # as above
        self, server: SMTP, session: Any, envelope: Any, recipient: str, options: Any
    ) -> str:
        """Take the recipient, or answer as told."""
        if self.answers["RCPT"]:
            return self.answers["RCPT"].pop(0)
        envelope.rcpt_tos.append(recipient)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # as above
        self, server: SMTP, session: Any, envelope: Any
    ) -> str:
        """Take the mail, answer as told, or hang up."""
        if self.answers["DATA"]:
            return self.answers["DATA"].pop(0)
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if self.drop_after_data:
            _abort(server)
        return "250 Taken"

    async def auth_XOAUTH2(  # noqa: N802  # as above
        self, server: SMTP, args: list[str]
    ) -> AuthResult:
        """Accept the one token."""
        good = base64.b64encode(f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01".encode()).decode()
        if args[1] == good:
            self.signed_in.append("xoauth2")
            return AuthResult(success=True)
        await server.challenge_auth(b'{"status":"401"}', encode_to_b64=True)
        return AuthResult(success=False, handled=False, message="535 5.7.8 Bad token")


@asynccontextmanager
async def smtp_server(folder: Path, *, tls: str = "", sign_in: bool = False) -> AsyncIterator[Sink]:
    """Run the server inside the block; `tls` is "", "tls" or "starttls"."""
    sink = Sink()
    sink.ca, context = _certificate(folder)
    sessions: list[SMTP] = []

    def login(server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = data.login == USER.encode() and data.password == PASSWORD.encode()
        sink.signed_in += [mechanism] if good else []
        return AuthResult(success=good, handled=False)

    def serve() -> SMTP:
        sink.connections += 1
        session = SMTP(
            sink,
            hostname="sink.example",
            enable_SMTPUTF8=True,
            tls_context=context if tls == "starttls" else None,
            auth_required=sign_in and tls == "starttls",
            auth_require_tls=tls == "starttls",
            authenticator=login,
            loop=asyncio.get_running_loop(),
        )
        sessions.append(session)
        return session

    server = await asyncio.get_running_loop().create_server(
        serve, "127.0.0.1", 0, ssl=context if tls == "tls" else None
    )
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        for session in sessions:
            _abort(session)
        await asyncio.sleep(0.05)


def _certificate(folder: Path) -> tuple[str, ssl.SSLContext]:
    ca = trustme.CA()
    certificate = ca.issue_cert("127.0.0.1", "localhost")
    path = str(folder / "ca.pem")
    ca.cert_pem.write_to_path(path)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return path, context


def _abort(session: SMTP) -> None:
    if isinstance(session.transport, asyncio.WriteTransport):
        session.transport.abort()
