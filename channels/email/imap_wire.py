"""The grammar of IMAP answers (RFC 3501 section 9): bytes from the socket to nested lists."""

import asyncio
import re
from typing import Any

from msgspec import Struct

from channels.email.trouble import ServerTrouble

#: Longest line and most nesting of an answer; real servers need far less.
LONGEST_LINE = 1024 * 1024
_DEEPEST = 30
_LITERAL = re.compile(rb"\{(\d{1,10})\+?\}\r?\n$")
_ATOM = re.compile(rb'[^\s()"\[\]]*(?:\[[^\]]*\][^\s()"\[\]]*)*')


class Answer(Struct, frozen=True, kw_only=True):
    """One answer of the server: tag (`*`, `+` or ours), and what follows."""

    tag: str
    #: Words as str, strings and literals as bytes, lists as lists, NIL as None.
    items: list[Any]
    #: The line without literals, for status answers and their codes.
    text: str

    @property
    def word(self) -> str:
        """Return the first word, upper case: OK, NO, BAD, BYE, SEARCH, or a number."""
        return self.items[0].upper() if self.items and isinstance(self.items[0], str) else ""

    @property
    def what(self) -> str:
        """Return the second word, upper case: FETCH, EXISTS, EXPUNGE."""
        return self.items[1].upper() if len(self.items) > 1 and isinstance(self.items[1], str) else ""


async def read(reader: asyncio.StreamReader, silence_s: float, largest: int) -> Answer:
    """Read one answer with its literals. Raises ServerTrouble; `largest` bounds a literal in bytes."""
    pieces: list[bytes | tuple[bytes]] = []
    text = b""
    while True:
        line = await _line(reader, silence_s)
        literal = _LITERAL.search(line)
        text += line
        if literal is None:
            pieces.append(line)
            break
        if int(literal[1]) > largest:
            raise ServerTrouble(f"the server sent {int(literal[1])} bytes where {largest} were asked for")
        pieces += [line[: literal.start()], (await _exactly(reader, int(literal[1]), silence_s),)]
    tag, _, rest = text.partition(b" ")
    if isinstance(pieces[0], bytes):
        pieces[0] = pieces[0].partition(b" ")[2]
    return Answer(
        tag=tag.strip().decode("ascii", "replace"),
        items=_items(pieces),
        text=rest.strip().decode("utf-8", "replace"),
    )


async def _line(reader: asyncio.StreamReader, silence_s: float) -> bytes:
    try:
        async with asyncio.timeout(silence_s):
            line = await reader.readuntil(b"\n")
    except TimeoutError as error:
        raise ServerTrouble(f"the server was silent for {silence_s:.0f} seconds") from error
    except asyncio.IncompleteReadError as error:
        raise ServerTrouble("the server hung up") from error
    except asyncio.LimitOverrunError as error:
        raise ServerTrouble("the server sent an endless line") from error
    except OSError as error:
        raise ServerTrouble(f"the connection broke ({type(error).__name__})") from error
    return line


async def _exactly(reader: asyncio.StreamReader, size: int, silence_s: float) -> bytes:
    chunks = []
    missing = size
    while missing:
        try:
            async with asyncio.timeout(silence_s):
                chunk = await reader.read(min(missing, 262_144))
        except (TimeoutError, OSError) as error:
            raise ServerTrouble("the server stopped in the middle of a mail") from error
        if not chunk:
            raise ServerTrouble("the server hung up in the middle of a mail")
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)


def _items(pieces: list[bytes | tuple[bytes]]) -> list[Any]:
    """Turn the text between literals into words, strings and lists."""
    root: list[Any] = []
    stack = [root]
    for piece in pieces:
        if isinstance(piece, tuple):
            stack[-1].append(piece[0])
        else:
            _scan(piece.rstrip(b"\r\n"), stack)
    return root


def _scan(line: bytes, stack: list[list[Any]]) -> None:
    at = 0
    while at < len(line):
        char = line[at : at + 1]
        if char == b"(":
            if len(stack) > _DEEPEST:
                raise ServerTrouble("the server's answer is nested too deeply")
            inner: list[Any] = []
            stack[-1].append(inner)
            stack.append(inner)
            at += 1
        elif char == b")":
            if len(stack) > 1:
                stack.pop()
            at += 1
        elif char == b'"':
            at = _quoted(line, at + 1, stack[-1])
        elif char.isspace():
            at += 1
        else:
            at = _atom(line, at, stack[-1])


def _quoted(line: bytes, at: int, into: list[Any]) -> int:
    value = bytearray()
    while at < len(line) and line[at : at + 1] != b'"':
        if line[at : at + 1] == b"\\":
            at += 1
        value += line[at : at + 1]
        at += 1
    into.append(bytes(value))
    return at + 1


def _atom(line: bytes, at: int, into: list[Any]) -> int:
    found = _ATOM.match(line, at)
    end = found.end() if found and found.end() > at else at + 1
    word = line[at:end].decode("utf-8", "replace")
    into.append(None if word.upper() == "NIL" else word)
    return end
