"""Drill: hostile mails come in by SMTP; none may stall the event loop, and all must end as messages."""

import asyncio
import hashlib
import sys
import threading
import time
from pathlib import Path

import pytest

from channels.email.adapter import EmailAdapter
from channels.message import Kind
from router.testing.channel import RecordingHost
from router.testing.store import MemoryBlobs
from tests.support.hostile import MAILS
from tests.support.mail import mail, receiving
from tests.support.ports import free_port

pytestmark = pytest.mark.drill

#: Longest stall of the event loop that any single mail may cause, seconds.
LONGEST_STALL_S = 0.1
#: How often the loop is asked whether it still runs, seconds.
TICK_S = 0.002
_CLIENT = """
import pathlib, smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=120) as smtp:
    smtp.sendmail("eve@example.org", ["help@example.com"], pathlib.Path(sys.argv[2]).read_bytes())
"""


class ThreadBlobs(MemoryBlobs):
    """Blobs that hash off the loop, as the real ones do."""

    async def put(self, data: bytes) -> str:
        """Keep the bytes."""
        blob = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        self._blobs[blob] = data
        return blob


def waiting_s() -> float:
    """Return how long this thread was ready to run while the machine was busy with other things."""
    path = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    return int(path.read_text().split()[1]) / 1e9 if path.exists() else 0.0


class Pulse:
    """The longest time the loop did not run, since it was last asked."""

    def __init__(self) -> None:
        self._longest_s = 0.0

    async def beat(self) -> None:
        """Measure until cancelled."""
        before, waited = time.perf_counter(), waiting_s()
        while True:
            await asyncio.sleep(TICK_S)
            now, waiting = time.perf_counter(), waiting_s()
            self._longest_s = max(self._longest_s, now - before - TICK_S - (waiting - waited))
            before, waited = now, waiting

    async def read(self) -> float:
        """Return the longest stall and begin anew."""
        await asyncio.sleep(5 * TICK_S)
        longest_s, self._longest_s = self._longest_s, 0.0
        return longest_s


async def send(port: int, path: Path) -> int:
    """Send the mail in the file from another process; returns its exit code."""
    client = await asyncio.create_subprocess_exec(sys.executable, "-c", _CLIENT, str(port), str(path))
    return await client.wait()


async def test_no_hostile_mail_stalls_the_loop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every mail becomes a message, the loop never stops for 100 ms, and the mail after it comes in."""
    port = free_port()
    settings = {"address": "help@example.com", "receive": f"smtp://127.0.0.1:{port}"}
    host = RecordingHost("email", settings, blobs=ThreadBlobs())
    path = tmp_path / "mail"
    pulse = Pulse()
    rows = [f"{'mail':<24}{'bytes':>12}  {'became':<12}{'seconds':>8}{'stall ms':>10}"]
    stalls: dict[str, float] = {}
    async with receiving(EmailAdapter().open(host)), asyncio.TaskGroup() as group:  # type: ignore[arg-type]
        beating = group.create_task(pulse.beat())
        await host.wait_for(lambda: ("ok", "") in host.reports)
        for name, build in {"plain": mail, **MAILS}.items():
            path.write_bytes(build())
            await pulse.read()
            began = time.perf_counter()
            failed = await send(port, path)
            took_s = time.perf_counter() - began
            stalls[name] = await pulse.read()
            assert not failed, name
            kind, size = host.delivered[-1].kind, path.stat().st_size
            rows.append(f"{name:<24}{size:>12}  {kind:<12}{took_s:>8.2f}{stalls[name] * 1000:>10.1f}")
        path.write_bytes(mail("Last"))
        await send(port, path)
        beating.cancel()
    with capsys.disabled():
        print("\n" + "\n".join(rows))
    assert len(host.delivered) == len(MAILS) + 2
    assert host.delivered[-1].kind is Kind.CUSTOMER
    del stalls["plain"]  # it pays for starting
    assert {name: stall for name, stall in stalls.items() if stall > LONGEST_STALL_S} == {}
