"""The whole service as a process: mail in to note out, and chat message to visible note when idle."""

import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp

from benchmarks.figures import Sample
from tests.support.ports import free_port
from tests.support.running import Running

TICKS = os.sysconf("SC_CLK_TCK")
#: As many as Postfix opens to one destination unless told otherwise.
CONNECTIONS = 20
#: New visitors from one network address; the service takes few more at once.
FROM_ONE_ADDRESS = 20
#: Rest between two chats, so that each finds the service idle.
REST_S = 0.03
POLL_S = 0.1
PATIENCE_S = 300.0
START_S = 30.0
MAIL = (
    "From: Ana <{sender}>\r\nTo: help@example.com\r\nSubject: Order {n}\r\n"
    "Message-ID: <{id}@example.org>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    "Hello,\r\n\r\nI ordered a lamp last week and it has not come yet. Could you tell me where it is?\r\n\r\n"
    "Thank you,\r\nAna\r\n"
)
#: A customer of its own for each mail, in every round: a second mail in a wait gets no second note.
_numbers = itertools.count(1)
#: Addresses of the loopback to chat from.
_homes = (f"127.0.{one}.{two}" for one in itertools.count(1) for two in range(1, 250))


@contextlib.contextmanager
def program(module: str, *words: str) -> Iterator[tuple[int, int]]:
    """Run one of the baselines on a free port until the block ends; give its process id and port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", f"benchmarks.{module}", str(port), *words])
    try:
        deadline = time.monotonic() + START_S
        while not _open(port):
            assert process.poll() is None, f"{module} ended at once"
            assert time.monotonic() < deadline, f"{module} did not start"
            time.sleep(0.05)
        yield process.pid, port
    finally:
        process.kill()
        process.wait()


def _open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used, in user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


# --- mail


async def mail(running: Running, count: int) -> Sample:
    """Send `count` mails; return mails a second until the last note is out, and CPU (µs a mail)."""
    async with aiohttp.ClientSession() as web:
        before = await _sent(web, running.url())

        async def all_out() -> None:
            while await _sent(web, running.url()) < before + count:  # noqa: ASYNC110  # another process
                await asyncio.sleep(POLL_S)

        return await _mailed(running.smtp, running.pid(), count, all_out)


async def bare_mail(pid: int, port: int, count: int) -> Sample:
    """Send `count` mails to the baseline, which is done with each when it has said 250."""
    return await _mailed(port, pid, count, lambda: asyncio.sleep(0))


async def _mailed(port: int, pid: int, count: int, done: Callable[[], Awaitable[None]]) -> Sample:
    numbers = itertools.islice(_numbers, count)
    began, cpu = time.perf_counter(), cpu_s(pid)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(_sender(port, numbers))
    accepted = time.perf_counter() - began
    async with asyncio.timeout(PATIENCE_S):
        await done()
    took, spent = time.perf_counter() - began, cpu_s(pid) - cpu
    return {"rate": count / took, "accepted": count / accepted, "cpu_us": spent / count * 1e6}


async def _sender(port: int, numbers: Iterator[int]) -> None:
    """Speak SMTP with little effort, so that the sender does not set the pace.

    As Postfix does, it sends the whole envelope at once where the server says that it may.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    pipelining = "PIPELINING" in await _say(reader, writer, "EHLO bench")
    for number in numbers:
        sender = f"c{number}@example.org"
        envelope = [f"MAIL FROM:<{sender}>", "RCPT TO:<help@example.com>", "DATA"]
        for together in [envelope] if pipelining else [[one] for one in envelope]:
            await _say(reader, writer, *together)
        text = MAIL.format(sender=sender, n=number, id=uuid.uuid4().hex)
        answer = await _say(reader, writer, f"{text}.")
        assert answer.startswith("250"), answer
    writer.close()
    await writer.wait_closed()


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *lines: str) -> str:
    """Send the lines together; return the answers to all."""
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    said = ""
    for _ in lines:
        while (answer := await reader.readline())[3:4] == b"-":
            said += answer.decode()
        said += answer.decode()
    return said


async def _sent(web: aiohttp.ClientSession, url: str) -> int:
    """Return how many notes the service says it has sent."""
    async with web.get(f"{url}/metrics") as answer:
        text = await answer.text()
    found = 0.0
    for line in text.splitlines():
        if line.startswith("handleby_notes_total{") and 'state="sent"' in line and 'channel="email"' in line:
            found += float(line.rsplit(" ", 1)[1])
    return int(found)


# --- chat


async def chat(url: str, echo_port: int, count: int) -> tuple[Sample, Sample]:
    """Write as a new visitor each time; return p50 and p99 in ms until the note is on the screen.

    Beside it, in turns, those of a word to the echo and back.
    """
    taken: list[float] = []
    echoed: list[float] = []
    async with asyncio.timeout(PATIENCE_S):
        for start in range(0, count, FROM_ONE_ADDRESS):
            home = aiohttp.TCPConnector(local_addr=(next(_homes), 0))
            async with aiohttp.ClientSession(connector=home) as web:
                for _ in range(start, min(start + FROM_ONE_ADDRESS, count)):
                    echoed.append(await _one_echo(web, echo_port))
                    taken.append(await _one_chat(web, url))
    return _spread(taken), _spread(echoed)


def _spread(taken: list[float]) -> Sample:
    cuts = quantiles(taken, n=100, method="inclusive")
    return {"p50": cuts[49], "p99": cuts[98]}


async def _one_chat(web: aiohttp.ClientSession, url: str) -> float:
    async with web.ws_connect(f"{url}/chat/ws?account=site", origin=url) as line:
        await line.send_str(json.dumps({"type": "hello", "v": 1}))
        await _until(line, "state")
        await asyncio.sleep(REST_S)
        words = {"type": "message", "client_id": str(uuid.uuid4()), "text": "Are you open today?"}
        began = time.perf_counter()
        await line.send_str(json.dumps(words))
        while True:
            frame = await _until(line, "lines")
            if any(one.get("automatic") for one in frame["lines"]):
                return (time.perf_counter() - began) * 1000


async def _one_echo(web: aiohttp.ClientSession, port: int) -> float:
    async with web.ws_connect(f"http://127.0.0.1:{port}/") as line:
        await asyncio.sleep(REST_S)
        began = time.perf_counter()
        await line.send_str(json.dumps({"text": "Are you open today?"}))
        await line.receive_str()
        return (time.perf_counter() - began) * 1000


async def _until(line: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    async for message in line:
        frame: dict[str, Any] = json.loads(message.data)
        assert frame["type"] not in {"nack", "error"}, frame
        if frame["type"] == kind:
            return frame
    raise AssertionError(f"the chat closed before {kind}")
