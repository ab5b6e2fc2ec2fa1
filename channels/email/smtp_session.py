"""One SMTP conversation: aiosmtpd's, made fast for large mail, deaf to AUTH and never wrong about 250."""

import asyncio
import collections
import re
import ssl
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    from channels.email.smtp_in import Listener

#: Bytes read at a time; also the longest line of a command.
CHUNK = 65_536
#: Seconds without a byte before we hang up, and for one whole mail.
SILENCE_S = 60.0
MAIL_S = 900.0
#: Seconds in which a mail must be stored.
STORE_S = 120.0

_CRLF = b"\r\n"
_END = b"\r\n.\r\n"
_PATH = re.compile(r"^\s*<(?:@[^:<>]{1,255}:)?([^<>\s]{0,320})>\s*(.*)$")


class Session(SMTP):
    """One connection to the listener."""

    line_length_limit = CHUNK

    def __init__(self, listener: "Listener", loop: asyncio.AbstractEventLoop) -> None:
        """Take the listener, which answers for recipients and takes the mail."""
        self._listener = listener
        self._refused = False
        super().__init__(
            listener,
            data_size_limit=listener.max_size,
            enable_SMTPUTF8=True,
            hostname=listener.hostname,
            ident="Handleby",
            tls_context=listener.tls,
            timeout=SILENCE_S,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=loop,
        )
        # The library shares this table between all connections and lets each EHLO widen it.
        self.command_size_limits = collections.defaultdict(lambda: 1024)

    def connection_made(self, transport: Any) -> None:
        """Greet, unless there are too many connections already."""
        first = self._original_transport is None
        if first and not self._listener.admit(self, transport):
            self._refused = True
            transport.write(b"421 4.7.0 Too many connections, try again later\r\n")
            transport.close()
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        if self._refused:
            return
        self._listener.forget(self)
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Stop when the client has gone."""
        if self._refused:
            return False
        gone: bool | None = super().eof_received()
        return gone

    def goodbye(self) -> None:
        """Hang up, as the service stops."""
        transport = self.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 Service is stopping\r\n")
        if transport is not None:
            transport.close()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read `<path> parameters`, as the library does but in linear time."""
        found = _PATH.match(arg or "")
        if not found:
            return None, None
        return (found[1] or "<>"), found[2]

    async def handle_exception(self, error: Exception) -> str:
        """Answer 451 to whatever went wrong here: the sender keeps the mail and comes back."""
        self._listener.failed(error)
        return "451 4.3.0 Something went wrong here, try again later"

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802  # the library's name
        """Take the mail in large chunks; the library's own way costs time for every line."""
        envelope: Any = self.envelope
        if await self.check_helo_needed():
            return
        if arg or not envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Send RCPT first")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        # The end of the DATA line counts as the line end before a lone first dot.
        reader: Any = self._reader
        reader._buffer[:0] = _CRLF  # noqa: SLF001  # there is no other way to look ahead
        try:
            async with asyncio.timeout(MAIL_S):
                content = await self._content()
        except TimeoutError:
            self.goodbye()
            return
        self._reset_timeout(STORE_S)
        if content is None:
            status = "552 5.3.4 The mail is larger than this mailbox takes"
        else:
            status = await self._listener.take(self.session, envelope, content)
        self.envelope = self._create_envelope()
        self._reset_timeout()
        await self.push(status)

    async def _content(self) -> bytes | None:
        """Return the mail with the dots undone; None when it is too large (it is read to its end all the same)."""
        chunks: list[bytes] = []
        size, end = 0, False
        while not end:
            try:
                chunk = await self._reader.readuntil(_END)
                end = True
            except asyncio.LimitOverrunError as error:
                chunk = await self._reader.read(error.consumed)
            self._reset_timeout()
            size += len(chunk)
            if size <= self._listener.max_size:
                chunks.append(chunk)
            else:
                chunks.clear()
        if size > self._listener.max_size:
            return None
        whole = b"".join(chunks)
        return whole.replace(b"\r\n..", b"\r\n.")[len(_CRLF) : -len(b".\r\n")]


def certificate(chain: str, key: str) -> ssl.SSLContext:
    """Return the TLS settings for STARTTLS. Raises OSError or ssl.SSLError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key or None)
    return context
