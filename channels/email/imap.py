"""A small IMAP client: just what following a mailbox needs, every wait with a limit."""

import asyncio
import base64
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from channels.email.account import Server
from channels.email.imap_wire import LONGEST_LINE, Answer, read
from channels.email.trouble import Said, ServerTrouble, SignInRefused

CONNECT_S = 20.0
#: Seconds of silence after which a connection counts as dead.
SILENCE_S = 60.0

_PLAIN = re.compile(r"^[\x20-\x7e]*$")
_CODE = re.compile(r"\[([A-Z-]+)(?: ([^\]]*))?\]", re.IGNORECASE)


class Mailbox(Struct, frozen=True, kw_only=True):
    """A folder as it was when selected."""

    uidvalidity: int
    #: The UID that the next mail will get; 0 when the server does not say.
    uidnext: int
    exists: int


class Imap:
    """One connection, signed in; use with `async with`."""

    def __init__(self, server: Server, trust: ssl.SSLContext, silence_s: float = SILENCE_S) -> None:
        """Take the server, whom to trust for TLS, and after how long a silence it counts as dead."""
        self._server = server
        self._trust = trust
        self._silence_s = silence_s
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self._tags = 0
        self.capabilities: frozenset[str] = frozenset()
        #: Set when the server mentions new mail in any answer; whoever looks for mail clears it.
        self.news = False

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close(polite=error is None)

    async def connect(self) -> None:
        """Connect and read the greeting. Raises ServerTrouble."""
        try:
            async with asyncio.timeout(CONNECT_S):
                self._reader, self._writer = await asyncio.open_connection(
                    self._server.host,
                    self._server.port,
                    ssl=self._trust if self._server.tls else None,
                    limit=LONGEST_LINE,
                )
        except TimeoutError as error:
            raise ServerTrouble(f"{self._server} does not answer") from error
        except (OSError, ssl.SSLError) as error:
            raise ServerTrouble(f"{self._server} cannot be reached: {_reason(error)}") from error
        try:
            greeting = await self._read()
            if greeting.word not in {"OK", "PREAUTH"}:
                raise ServerTrouble(f"{self._server} turned us away: {greeting.text[:200]}")
            if self._server.starttls:
                await self._starttls()
            await self._capability()
        except BaseException:
            await self.close(polite=False)
            raise

    async def close(self, *, polite: bool) -> None:
        """Hang up, after LOGOUT when the connection is in order."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            if polite:
                writer.write(b"zz LOGOUT\r\n")
            writer.close()
            async with asyncio.timeout(2.0):
                await writer.wait_closed()
        except (OSError, TimeoutError, ssl.SSLError):
            writer.transport.abort()

    # signing in

    async def login(self, user: str, password: str) -> None:
        """Sign in with a password. Raises SignInRefused."""
        if "LOGINDISABLED" in self.capabilities:
            raise SignInRefused("the server takes no password here; begin the URL with imaps://")
        try:
            await self.command("LOGIN", _string(user), _string(password))
        except Said as error:
            raise SignInRefused(
                "the server refuses user name or password: check both, "
                "and whether the provider wants an app password or oauth"
            ) from error
        await self._capability()

    async def authenticate(self, user: str, token: str) -> None:
        """Sign in with an access token (XOAUTH2). Raises SignInRefused."""
        tag = await self._send("AUTHENTICATE", "XOAUTH2", _xoauth2(user, token))
        answer = await self._read()
        if answer.tag == "+":
            # A challenge here is the refusal, as base64 JSON; an empty line asks for the final answer.
            await self._write(b"\r\n")
            answer = await self._read()
        while answer.tag != tag:
            answer = await self._read()
        if answer.word != "OK":
            raise SignInRefused(
                "the server refuses the access token: check user, scope and mailbox permission"
            )
        await self._capability()

    # commands

    async def select(self, folder: str, *, readonly: bool = False) -> Mailbox:
        """Open a folder. Raises Said when there is none of that name."""
        answers = await self.command("EXAMINE" if readonly else "SELECT", _string(utf7(folder)))
        codes = {key.upper(): value for answer in answers for key, value in _CODE.findall(answer.text)}
        exists = next((answer.word for answer in answers if answer.what == "EXISTS"), "0")
        if not codes.get("UIDVALIDITY", "").isdigit():
            raise ServerTrouble("the server gives no UIDVALIDITY: mail cannot be told apart there")
        uidnext = codes.get("UIDNEXT", "0")
        return Mailbox(
            uidvalidity=int(codes["UIDVALIDITY"]),
            uidnext=int(uidnext) if uidnext.isdigit() else 0,
            exists=int(exists) if exists.isdigit() else 0,
        )

    async def search(self, *criteria: str) -> list[int]:
        """Return the UIDs that match, in ascending order."""
        answers = await self.command("UID", "SEARCH", *criteria)
        found = [item for answer in answers if answer.word == "SEARCH" for item in answer.items[1:]]
        return sorted({int(item) for item in found if isinstance(item, str) and item.isdigit()})

    async def fetch(
        self, uids: Sequence[int], what: str, largest: int = LONGEST_LINE
    ) -> dict[int, dict[str, Any]]:
        """Return what was asked for by UID; a mail that is gone meanwhile is absent."""
        answers = await self.command("UID", "FETCH", ",".join(map(str, uids)), what, largest=largest)
        found: dict[int, dict[str, Any]] = {}
        for answer in answers:
            if answer.what == "FETCH" and len(answer.items) > 2 and isinstance(answer.items[2], list):
                data = _pairs(answer.items[2])
                if str(data.get("UID", "")).isdigit():
                    found.setdefault(int(data["UID"]), {}).update(data)
        return found

    async def seen(self, uids: Sequence[int]) -> None:
        """Mark mails as read."""
        await self.command("UID", "STORE", ",".join(map(str, uids)), "+FLAGS.SILENT", "(\\Seen)")

    async def noop(self) -> None:
        """Ask for news; also proves that the connection lives."""
        await self.command("NOOP")

    async def idle(self, seconds: float) -> None:
        """Wait until the server announces something or the time is over."""
        tag = await self._send("IDLE")
        answer = await self._read()
        while answer.tag == "*":
            answer = await self._read()
        if answer.tag != "+":
            raise Said(f"IDLE: {answer.text[:200]}")
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.news:
                    await self._read(beyond_s=seconds)
        await self._write(b"DONE\r\n")
        await self._until(tag, LONGEST_LINE)

    async def command(self, *words: str | bytes, largest: int = LONGEST_LINE) -> list[Answer]:
        """Send a command and return the untagged answers. Raises Said for NO and BAD."""
        tag = await self._send(*words)
        return await self._until(tag, largest)

    # the wire

    async def _capability(self) -> None:
        answers = await self.command("CAPABILITY")
        words = [word for answer in answers if answer.word == "CAPABILITY" for word in answer.items[1:]]
        self.capabilities = frozenset(word.upper() for word in words if isinstance(word, str))

    async def _starttls(self) -> None:
        await self.command("STARTTLS")
        if self._writer is None:
            raise ServerTrouble("the connection is closed")
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._writer.start_tls(self._trust, server_hostname=self._server.host)
        except (TimeoutError, OSError, ssl.SSLError) as error:
            raise ServerTrouble(f"{self._server}: STARTTLS failed: {_reason(error)}") from error

    async def _send(self, *words: str | bytes) -> str:
        """Send a command line; a word that is bytes goes as a literal."""
        self._tags += 1
        tag = f"h{self._tags}"
        line = tag.encode()
        for word in words:
            if isinstance(word, str):
                line += b" " + word.encode("ascii")
                continue
            await self._write(line + b" {%d}\r\n" % len(word))
            ready = await self._read()
            while ready.tag == "*":
                ready = await self._read()
            if ready.tag != "+":
                raise Said(ready.text[:200])
            line = word
        await self._write(line + b"\r\n")
        return tag

    async def _until(self, tag: str, largest: int) -> list[Answer]:
        untagged: list[Answer] = []
        while True:
            answer = await self._read(largest=largest)
            if answer.tag == tag:
                if answer.word != "OK":
                    raise Said(answer.text[:200])
                return [*untagged, answer]
            untagged.append(answer)

    async def _read(self, *, beyond_s: float = 0.0, largest: int = LONGEST_LINE) -> Answer:
        answer = await read(self._reader, self._silence_s + beyond_s, largest)
        if answer.tag == "*" and answer.word == "BYE":
            raise ServerTrouble(f"the server said goodbye: {answer.text[:200]}")
        self.news = self.news or (answer.tag == "*" and answer.what == "EXISTS")
        return answer

    async def _write(self, data: bytes) -> None:
        if self._writer is None:
            raise ServerTrouble("the connection is closed")
        try:
            self._writer.write(data)
            async with asyncio.timeout(self._silence_s):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise ServerTrouble(f"the connection broke ({type(error).__name__})") from error


def utf7(folder: str) -> str:
    """Return a folder name in the modified UTF-7 of RFC 3501 section 5.1.3."""
    out, held = "", ""
    for char in folder + "\0":
        if " " <= char <= "~" or char == "\0":
            if held:
                coded = base64.b64encode(held.encode("utf-16-be")).rstrip(b"=").decode().replace("/", ",")
                out, held = f"{out}&{coded}-", ""
            out += "&-" if char == "&" else char.strip("\0")
        else:
            held += char
    return out


def _string(text: str) -> str | bytes:
    """Return the text as a quoted string, or as a literal where it has other letters."""
    if not _PLAIN.match(text):
        return text.encode("utf-8")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _xoauth2(user: str, token: str) -> str:
    return base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode()


def _pairs(items: list[Any]) -> dict[str, Any]:
    return {str(name).upper(): value for name, value in zip(items[::2], items[1::2], strict=False)}


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); see `tls_ca`"
    return getattr(error, "strerror", None) or type(error).__name__
