"""A few child processes that read mails, each killed and replaced when a mail is too much for it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

import channels
from channels.email.mime.child import ANSWER, CPU_S, JOB
from channels.email.parse import unreadable
from channels.email.view import Parsed, View

#: Wall-clock seconds for one mail; more than the CPU limit, as the machine may be busy.
WALL_S = 20.0
#: Mails after which a child is replaced, so that its memory never creeps up.
JOBS_A_CHILD = 2_000
#: No answer is larger: files of the largest mail, and its texts.
_LARGEST_ANSWER = 200 * 1024 * 1024
#: Answers over this many bytes pass the pipe in several reads.
_BUFFER = 1024 * 1024
#: Bytes written at a time, so that a large mail leaves room for others.
_PIECE = 256 * 1024

_ROOT = str(Path(channels.__file__).resolve().parents[1])
_START = f"import sys; sys.path.insert(0, {_ROOT!r}); from channels.email.mime.child import main; main()"


class _Child:
    """One running process and how many mails it has read."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.jobs = 0

    async def ask(self, job: bytes, raw: bytes) -> bytes:
        """Send one job and return the answer. Raises IncompleteReadError or OSError when it died."""
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise BrokenPipeError
        self.jobs += 1
        stdin.write(job)  # the two lengths and the view
        for at in range(0, len(raw), _PIECE):
            stdin.write(raw[at : at + _PIECE])
            await stdin.drain()
        (size,) = ANSWER.unpack(await stdout.readexactly(ANSWER.size))
        if size > _LARGEST_ANSWER:
            raise BrokenPipeError
        return await stdout.readexactly(size)

    async def end(self) -> int:
        """Kill it and wait until it is gone; returns how it ended."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.process.stdout is not None:
            await self.process.stdout.read()
        return await self.process.wait()


class Pool:
    """Children shared by all accounts of a process; started when first needed."""

    def __init__(self, size: int = 0) -> None:
        """Take how many mails are read at a time; 0 = one a core, at least two."""
        self._size = size or max(2, min(4, os.cpu_count() or 2))
        self._slots: asyncio.Semaphore
        self._idle: list[_Child] = []
        self._decoder = msgspec.msgpack.Decoder(Parsed)
        self._users = 0

    async def __aenter__(self) -> Self:
        if not self._users:
            self._slots = asyncio.Semaphore(self._size)
        self._users += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._users -= 1
        if not self._users:
            await self.close()

    async def close(self) -> None:
        """End the idle children."""
        while self._idle:
            await self._idle.pop().end()

    async def parse(self, raw: bytes, view: View) -> Parsed:
        """Read the mail in a child; one that kills its reader comes back as `unreadable`."""
        encoded = msgspec.msgpack.encode(view)
        job = JOB.pack(len(encoded), len(raw)) + encoded
        async with self._slots:
            return (
                await self._try(job, raw) or await self._try(job, raw) or unreadable(raw, "its reader died")
            )

    async def _try(self, job: bytes, raw: bytes) -> Parsed | None:
        """Let one child read it; None when a used child was found dead for another reason."""
        child = self._idle.pop() if self._idle else await _start()
        fresh = child.jobs == 0
        answer = b""
        reason = ""
        try:
            async with asyncio.timeout(WALL_S):
                answer = await child.ask(job, raw)
        except TimeoutError:
            reason = f"reading it takes more than {WALL_S:.0f} seconds"
        except (asyncio.IncompleteReadError, OSError):
            reason = "its reader died"
        finally:
            kept = bool(answer) and child.jobs < JOBS_A_CHILD and self._users > 0
            if kept:
                self._idle.append(child)
            else:
                status = await asyncio.shield(child.end())
        if answer:
            return self._decoder.decode(answer)
        return _verdict(raw, reason, status, fresh=fresh)


def _verdict(raw: bytes, reason: str, status: int, *, fresh: bool) -> Parsed | None:
    if status == -signal.SIGXCPU:
        return unreadable(raw, f"reading it takes more than {CPU_S} seconds of processor time")
    if reason == "its reader died" and not fresh:
        return None
    return unreadable(raw, reason)


async def _start() -> _Child:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-X", "utf8", "-c", _START,
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, limit=_BUFFER, close_fds=True,
    )  # fmt: skip
    return _Child(process)
