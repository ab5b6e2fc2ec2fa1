"""An IMAP4rev1 server for one mailbox, enough for real mail programs to follow it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sandbox.faults import Fault, Faults
from sandbox.mail import find
from sandbox.mail.box import Box, Folder

CAPABILITIES = "IMAP4rev1 IDLE LITERAL+ UIDPLUS"
_LITERAL = re.compile(rb"\{(\d{1,8})(\+?)\}\r\n$")
_WORD = re.compile(r'"((?:\\.|[^"\\])*)"|(\([^)]*\))|(\S+)')
#: Longest command line, and seconds of silence until the server says goodbye.
_LIMIT = 1024 * 1024
SILENCE_S = 1800.0


#: What ending all connections may take.
_STOP_S = 5.0


class Server:
    """Listens for one mailbox."""

    def __init__(self, box: Box, faults: Faults) -> None:
        """Take the mailbox and what goes wrong while it is read."""
        self._box, self._faults = box, faults
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LIMIT)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
        self.hang_up()
        async with asyncio.timeout(_STOP_S):
            while self._writers:  # noqa: ASYNC110  # their connections end by themselves
                await asyncio.sleep(0.01)

    def hang_up(self) -> None:
        """Drop every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await Session(self._box, self._faults, reader, writer).run()
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, ValueError):
            pass  # the other side is gone, or speaks something else
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class Session:
    """One connection."""

    def __init__(
        self, box: Box, faults: Faults, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take the mailbox, the faults and the connection."""
        self._box, self._faults = box, faults
        self._reader, self._writer = reader, writer
        self._signed_in = False
        self._folder: Folder | None = None
        self._writable = False
        self._told = 0
        self._over = False
        self._commands: dict[str, Callable[[str, list[str], str], Awaitable[None]]] = {
            "CAPABILITY": self._capability,
            "NOOP": self._noop,
            "LOGOUT": self._logout,
            "LOGIN": self._login,
            "SELECT": self._select,
            "EXAMINE": self._select,
            "UID SEARCH": self._search,
            "UID FETCH": self._fetch,
            "UID STORE": self._store,
            "IDLE": self._idle,
        }

    async def run(self) -> None:
        """Answer commands until the other side leaves."""
        self._say(f"* OK [CAPABILITY {CAPABILITIES}] sandbox mailbox ready")
        while not self._over:
            line = await self._command()
            if self._faults.strikes(Fault.BROKEN):
                self._say("* BYE the server is being restarted")
                return
            if self._faults.strikes(Fault.BLACK_HOLE):
                await asyncio.sleep(SILENCE_S)
            if self._faults.strikes(Fault.SLOW):
                await asyncio.sleep(self._faults.slow_s)
            await self._answer(line)
            await self._writer.drain()

    async def _answer(self, line: str) -> None:
        tag, _, rest = line.partition(" ")
        name, _, given = rest.partition(" ")
        if name.upper() == "UID":
            second, _, given = given.partition(" ")
            name = f"{name} {second}"
        handler = self._commands.get(name.upper())
        if handler is None:
            self._say(f"{tag} BAD unknown command")
            return
        if not self._signed_in and name.upper() not in {"CAPABILITY", "LOGIN", "LOGOUT", "NOOP"}:
            self._say(f"{tag} NO sign in first")
            return
        try:
            await handler(tag, [_word(*each) for each in _WORD.findall(given)], name.upper())
        except (find.Unknown, ValueError, IndexError) as error:
            self._say(f"{tag} BAD {error}")

    async def _command(self) -> str:
        """Read a line with its literals, which then stand in it as quoted strings."""
        text = b""
        while True:
            async with asyncio.timeout(SILENCE_S):
                line = await self._reader.readuntil(b"\r\n")
            literal = _LITERAL.search(line)
            if literal is None:
                return (text + line).decode("utf-8", "replace").strip("\r\n")
            if not literal[2]:
                self._say("+ go ahead")
                await self._writer.drain()
            data = await self._reader.readexactly(int(literal[1]))
            quoted = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            text += line[: literal.start()] + b'"' + quoted + b'"'

    def _say(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")

    # commands

    async def _capability(self, tag: str, _: list[str], __: str) -> None:
        self._say(f"* CAPABILITY {CAPABILITIES}")
        self._say(f"{tag} OK done")

    async def _noop(self, tag: str, _: list[str], __: str) -> None:
        self._news()
        self._say(f"{tag} OK done")

    async def _logout(self, tag: str, _: list[str], __: str) -> None:
        self._over = True
        self._say("* BYE see you")
        self._say(f"{tag} OK done")

    async def _login(self, tag: str, words: list[str], _: str) -> None:
        right = words == [self._box.user, self._box.password] and not self._faults.strikes(Fault.REVOKED)
        self._signed_in = right
        self._say(f"{tag} OK signed in" if right else f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials")

    async def _select(self, tag: str, words: list[str], name: str) -> None:
        folder = self._folder = self._box.folder(words[0])
        if folder is None:
            self._say(f"{tag} NO [NONEXISTENT] there is no such folder")
            return
        self._writable = name == "SELECT"
        folder.opened.set()
        self._told = len(folder.mails)
        self._say("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)")
        self._say(f"* {self._told} EXISTS")
        self._say(f"* OK [UIDVALIDITY {folder.uidvalidity}] UIDs valid")
        self._say(f"* OK [UIDNEXT {folder.uidnext}] next")
        self._say(f"{tag} OK [{'READ-WRITE' if self._writable else 'READ-ONLY'}] selected")

    async def _search(self, tag: str, words: list[str], _: str) -> None:
        found = find.search(words, self._selected())
        self._say(" ".join(["* SEARCH", *(str(mail.uid) for mail in found)]))
        self._news()
        self._say(f"{tag} OK done")

    async def _fetch(self, tag: str, words: list[str], _: str) -> None:
        folder, what = self._selected(), " ".join(words[1:])
        numbers = {mail.uid: number for number, mail in enumerate(folder.mails, 1)}
        for mail in find.uids(words[0], folder):
            self._writer.write(find.fetch(mail, numbers[mail.uid], what))
            await self._writer.drain()
        self._news()
        self._say(f"{tag} OK done")

    async def _store(self, tag: str, words: list[str], _: str) -> None:
        folder = self._selected()
        if not self._writable:
            self._say(f"{tag} NO the folder is open for reading only")
            return
        flags = set(words[2].strip("()").split())
        for mail in find.uids(words[0], folder):
            mail.flags = mail.flags | flags if words[1].startswith("+") else mail.flags - flags
        self._say(f"{tag} OK done")

    async def _idle(self, tag: str, _: list[str], __: str) -> None:
        folder = self._selected()
        self._news()
        self._say("+ idling")
        await self._writer.drain()
        try:
            async with asyncio.TaskGroup() as group:
                telling = group.create_task(self._announce(folder))
                async with asyncio.timeout(SILENCE_S):
                    line = await self._reader.readuntil(b"\r\n")
                telling.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        self._say(f"{tag} OK done" if line.strip().upper() == b"DONE" else f"{tag} BAD expected DONE")

    async def _announce(self, folder: Folder) -> None:
        while True:
            changed = folder.changed()
            self._news()
            await self._writer.drain()
            await changed.wait()

    def _selected(self) -> Folder:
        if self._folder is None:
            raise find.Unknown("select a folder first")
        return self._folder

    def _news(self) -> None:
        """Say how many mails there are, if that is new."""
        if self._folder is not None and len(self._folder.mails) != self._told:
            self._told = len(self._folder.mails)
            self._say(f"* {self._told} EXISTS")


def _word(quoted: str, listed: str, plain: str) -> str:
    return listed or plain or re.sub(r"\\(.)", r"\1", quoted)
