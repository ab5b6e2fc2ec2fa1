"""The whole service as a process: mail in to note out, and chat message to visible note when idle."""

import asyncio
import json
import os
import time
import uuid
from pathlib import Path
from statistics import quantiles

import aiohttp

from tests.support.running import Running

TICKS = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 8
MAIL = (
    "From: Ana <c{n}@example.org>\r\nTo: help@example.com\r\nSubject: Order {n}\r\n"
    "Message-ID: <{id}@example.org>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    "Hello,\r\n\r\nI ordered a lamp last week and it has not come yet. Could you tell me where it is?\r\n\r\n"
    "Thank you,\r\nAna\r\n"
)


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used, in user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def mail(running: Running, pid: int, count: int) -> dict[str, float]:
    """Send `count` mails over a few connections; return mails a second until the last note is out, and CPU."""
    begun, cpu = time.perf_counter(), cpu_s(pid)
    numbers = iter(range(count))
    before = await _sent(running)
    await asyncio.gather(*(_sender(running.smtp, numbers) for _ in range(CONNECTIONS)))
    accepted = time.perf_counter() - begun
    while await _sent(running) < before + count:
        await asyncio.sleep(0.05)
    took, spent = time.perf_counter() - begun, cpu_s(pid) - cpu
    return {"rate": count / took, "accepted_rate": count / accepted, "cpu_us": spent / count * 1e6}


async def _sender(port: int, numbers: "object") -> None:
    """Speak SMTP with the least effort, so that the sender does not set the pace."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    await _say(reader, writer, b"EHLO bench\r\n")
    for number in numbers:  # type: ignore[attr-defined]
        text = MAIL.format(n=number, id=uuid.uuid4().hex)
        await _say(reader, writer, f"MAIL FROM:<c{number}@example.org>\r\n".encode())
        await _say(reader, writer, b"RCPT TO:<help@example.com>\r\n")
        await _say(reader, writer, b"DATA\r\n")
        answer = await _say(reader, writer, text.encode() + b".\r\n")
        assert answer.startswith(b"250"), answer
    writer.close()


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line)
    while True:
        answer = await reader.readline()
        if answer[3:4] != b"-":
            return answer


async def _sent(running: Running) -> int:
    """Return how many notes the service says it has sent."""
    async with aiohttp.ClientSession() as web, web.get(f"{running.url()}/metrics") as answer:
        text = await answer.text()
    found = 0.0
    for line in text.splitlines():
        if line.startswith("handleby_notes_total{") and 'state="sent"' in line and 'channel="email"' in line:
            found += float(line.rsplit(" ", 1)[1])
    return int(found)


async def chat(running: Running, samples: int) -> dict[str, float]:
    """Write as a new visitor each time; return milliseconds until the note is on the screen, p50 and p99."""
    taken = []
    async with aiohttp.ClientSession() as web:
        for _ in range(samples):
            taken.append(await _one_chat(web, running.url()))
            await asyncio.sleep(0.02)
    cuts = quantiles(taken, n=100, method="inclusive")
    return {"p50": cuts[49], "p99": cuts[98]}


async def _one_chat(web: aiohttp.ClientSession, url: str) -> float:
    async with web.ws_connect(f"{url}/chat/ws?account=site", origin=url) as socket:
        await socket.send_str(json.dumps({"type": "hello", "v": 1}))
        await _until(socket, "welcome")
        begun = time.perf_counter()
        words = {"type": "message", "client_id": str(uuid.uuid4()), "text": "Are you open today?"}
        await socket.send_str(json.dumps(words))
        while True:
            frame = await _until(socket, "lines")
            if any(line.get("automatic") for line in frame["lines"]):
                return (time.perf_counter() - begun) * 1000


async def _until(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict:
    async for message in socket:
        frame = json.loads(message.data)
        if frame["type"] == kind:
            return frame
    raise AssertionError(f"the chat closed before {kind}")
