"""The service of a place as a process of its own, to be killed in the middle."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.support.alive import Place

ROOT = Path(__file__).parents[2]
START_S = 40.0


class Elsewhere:
    """One process; it is killed at the end of the block at the latest."""

    def __init__(self, place: Place) -> None:
        """Take the place whose settings it uses."""
        self._place = place
        self._log = (place.folder / "process.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        process = self._launch()
        try:
            async with asyncio.timeout(START_S):
                while not await self._live():
                    assert process.poll() is None, self.log()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"it did not start:\n{self.log()}") from None

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "router", "run", "--config", str(self._place.config)]
        environ = {key: value for key, value in os.environ.items() if not key.startswith("HANDLEBY_")}
        self._process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=self._log, stderr=self._log)
        return self._process

    def log(self) -> str:
        """Return what it printed and logged."""
        return (self._place.folder / "process.log").read_text(errors="replace")

    def kill(self) -> None:
        """End it by SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def _live(self) -> bool:
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=2)) as session,
                session.get(f"{self._place.direct}/health/live"),
            ):
                return True
        except (ClientError, OSError):
            return False

    def __enter__(self) -> Self:
        """Give it, not started yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill it if it still runs."""
        self.kill()
        self._log.close()
