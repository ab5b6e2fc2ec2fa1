"""Sending by SMTP: a few connections kept open, and an exact answer to what became of each mail."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
import structlog

from channels.email.account import Account, Server, trust
from channels.email.compose import Letter
from channels.email.mime import address, charset
from channels.email.oauth import Tokens
from channels.email.trouble import ServerTrouble, SignInRefused
from channels.errors import ChannelError, InDoubt, NotSent, Refused
from channels.port import Host

#: Seconds for connecting, where nothing is to be sent.
CONNECT_S = 20.0
#: Seconds in which a connection that lay idle must answer; else a new one is made.
ALIVE_S = 5.0
#: Seconds from the wish to send until the server has taken sender and recipient, waiting for a connection
#: included: whoever is not through by then has certainly not been sent, and comes again.
BEFORE_S = 20.0
#: Seconds for handing the mail over. Together with `BEFORE_S` it stays below what the router gives one try:
#: only a mail that was handed over may ever be in doubt.
DATA_S = 26.0
#: An unused connection is closed after so many seconds, a used one after so many mails.
IDLE_S = 20.0
MAILS_A_CONNECTION = 100
#: Seconds before the next try after the server refused to let us in.
_LOCKED_OUT_S = 120.0

#: The library sets no limits of its own: its `wait_for` may swallow the cancellation (Python before 3.12) by
#: which ours ends a try, and the try would go on past its end.
_NO_LIMIT = None

_log = structlog.get_logger(__name__)


class _Connection:
    """One connection to the server."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self.client = client
        self.mails = 0
        self.closing: asyncio.TimerHandle | None = None


class Submission:
    """The submission server of one account."""

    def __init__(
        self, host: Host, account: Account, server: Server, tokens: Tokens | None, before_s: float = BEFORE_S
    ) -> None:
        """Take the account, its server, its tokens and the limit. Raises Misconfigured."""
        self._host = host
        self._account = account
        self._server = server
        self._tokens = tokens
        self._before_s = before_s
        self._trust: ssl.SSLContext = trust(account)
        self._slots = asyncio.Semaphore(account.send_connections)
        self._idle: list[_Connection] = []
        self._state = ""

    async def send(self, letter: Letter) -> None:
        """Hand the mail to the server. Raises NotSent, Refused or InDoubt."""
        until = asyncio.get_running_loop().time() + self._before_s
        await self._take_slot(until)
        try:
            await self._deliver(letter, until)
        except SignInRefused as error:
            self._report("down", f"send: {error}")
            raise NotSent(f"send: {error}", after_s=_LOCKED_OUT_S) from error
        except NotSent as error:
            self._report("degraded", f"send: {error}")
            raise
        finally:
            self._slots.release()
        self._report("ok")

    async def knock(self) -> None:
        """Connect and sign in, and send nothing. Raises NotSent or SignInRefused."""
        try:
            async with asyncio.timeout(CONNECT_S):
                connection = await self._connect()
        except TimeoutError as error:
            raise NotSent(f"{self._server} did not answer within {CONNECT_S:.0f} seconds") from error
        self._drop(connection)

    def close(self) -> None:
        """Hang up; the account can go on sending afterwards."""
        while self._idle:
            self._drop(self._idle.pop())

    async def _take_slot(self, until: float) -> None:
        """Wait for a connection to become free. Raises NotSent: the mails before this one take too long."""
        try:
            async with asyncio.timeout_at(until):
                await self._slots.acquire()
        except TimeoutError as error:
            raise NotSent(f"send: all connections to {self._server} are busy") from error

    async def _deliver(self, letter: Letter, until: float) -> None:
        try:
            async with asyncio.timeout_at(until):
                connection = await self._offered(letter)
        except TimeoutError as error:
            raise NotSent(
                f"{self._server} is too slow: it had not agreed to take the mail "
                f"after {self._before_s:.0f} seconds"
            ) from error
        async with self._using(connection):
            await _hand_over(connection.client, letter)
            connection.mails += 1

    async def _offered(self, letter: Letter) -> _Connection:
        """Return a connection over which the server has agreed to take the mail."""
        connection = await self._connected()
        async with self._using(connection, keep=False):
            await _offer(connection.client, letter, self._account.address)
        return connection

    async def _connected(self) -> _Connection:
        """Return a connection that is known to be in order: one that lay idle, else a new one."""
        while self._idle:
            connection = self._idle.pop()
            if connection.closing is not None:
                connection.closing.cancel()
            async with self._using(connection, keep=False):
                if connection.client.is_connected and await self._alive(connection):
                    return connection
            self._drop(connection)
        return await self._connect()

    async def _alive(self, connection: _Connection) -> bool:
        """Ask whether a connection that lay idle still works, before a mail depends on it."""
        try:
            async with asyncio.timeout(ALIVE_S):
                await connection.client.rset()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            return False
        return True

    @asynccontextmanager
    async def _using(self, connection: _Connection, *, keep: bool = True) -> AsyncIterator[None]:
        """Drop the connection when the block fails; else keep it for the next mail, if that is wanted."""
        try:
            yield
        except BaseException:
            self._drop(connection)
            raise
        if keep and connection.mails < MAILS_A_CONNECTION and connection.client.is_connected:
            self._keep(connection)
        elif keep:
            self._drop(connection)

    def _keep(self, connection: _Connection) -> None:
        connection.closing = asyncio.get_running_loop().call_later(IDLE_S, self._expire, connection)
        self._idle.append(connection)

    def _expire(self, connection: _Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        if connection.closing is not None:
            connection.closing.cancel()
        connection.client.close()

    async def _connect(self) -> _Connection:
        """Connect and sign in. Raises NotSent or SignInRefused: nothing was sent yet."""
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.tls,
            start_tls=self._server.starttls,
            tls_context=self._trust,
            timeout=_NO_LIMIT,
            local_hostname=address.domain_of(address.normal(self._account.address)),
        )
        try:
            await client.connect()
            await self._sign_in(client)
        except aiosmtplib.SMTPAuthenticationError as error:
            client.close()
            raise SignInRefused(
                f"{self._server} refuses the sign-in ({error.code}): check user name and password, "
                "or whether the provider wants an app password or oauth"
            ) from error
        except (aiosmtplib.SMTPException, ServerTrouble, OSError, ValueError) as error:
            client.close()
            raise NotSent(f"{self._server} cannot be used: {_brief(error)}") from error
        except BaseException:
            client.close()
            raise
        return _Connection(client)

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        password = self._account.send_password or self._account.password
        if self._tokens is not None:
            token = await self._tokens.token()
            try:
                await client.auth_xoauth2(self._server.user, token)
            except aiosmtplib.SMTPAuthenticationError:
                self._tokens.refused(token)
                raise
        elif password:
            await client.login(self._server.user, password)

    def _report(self, state: str, error: str = "") -> None:
        if (state, error) != (self._state, "") or error:
            self._state = state
            self._host.report(state, error, part="send")


async def _offer(client: aiosmtplib.SMTP, letter: Letter, own: str) -> None:
    """Name sender and recipient. What fails here is certain: no mail was handed over yet."""
    encoding = "utf-8" if letter.utf8 else "ascii"
    options = ["SMTPUTF8"] if letter.utf8 else []
    if letter.utf8 and not client.supports_extension("smtputf8"):
        raise Refused("The mail server cannot send to addresses with letters beyond a to z (no SMTPUTF8)")
    try:
        try:
            await client.mail(letter.sender, options=options, encoding=encoding)
        except aiosmtplib.SMTPSenderRefused as error:
            if letter.sender or error.code < 500 or not client.is_connected:
                raise
            # Some relays take no empty envelope sender from clients; RFC 3834 allows our own address.
            await client.mail(own, options=options, encoding=encoding)
        await client.rcpt(letter.recipient, encoding=encoding)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise _certain(error) from error


async def _hand_over(client: aiosmtplib.SMTP, letter: Letter) -> None:
    """Hand the mail over. Only an answer of the server makes certain what became of it."""
    try:
        async with asyncio.timeout(DATA_S):
            await client.data(letter.data)
    except aiosmtplib.SMTPResponseException as error:
        raise _certain(error) from error
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise InDoubt(f"The connection broke while the mail was handed over: {_brief(error)}") from error


def _certain(error: Exception) -> ChannelError:
    """Return Refused for an answer that will not change (5xx), else NotSent."""
    if isinstance(error, ValueError):
        return Refused(f"The address cannot be used: {_brief(error)}")
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 500:
        return Refused(f"The mail server refuses it: {error.code} {charset.line(error.message, 200)}")
    return NotSent(f"The mail server did not take it: {_brief(error)}")


def _brief(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {charset.line(error.message, 200)}"
    return charset.line(str(error), 200) or type(error).__name__
