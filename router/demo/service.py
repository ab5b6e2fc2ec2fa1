"""The service of the demo: a process of its own, exactly as `handleby run` starts it."""

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from router.config import without_ours
from router.errors import ConfigError

#: A stop takes at most 20 s by itself.
STOP_S = 25.0


class ServiceProcess:
    """`handleby run` with the demo's settings; what it logs goes to a file."""

    def __init__(self, settings: Path, log: Path) -> None:
        """Take the settings file and where to log."""
        self._settings, self._log = settings, log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it is up when it answers."""
        command = [sys.executable, "-m", "router", "run", "--config", str(self._settings)]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=without_ours(),
                start_new_session=True,  # Ctrl-C is for us, and we stop it then
            )

    async def gone(self) -> int:
        """Wait until it has ended; return its exit code."""
        if self._process is None:
            return 0
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to stop, and kill it if it does not."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def last_words(self) -> str:
        """Return the end of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-5:])


def free_port(wanted: int) -> int:
    """Return the port if it is free, else any that is. Raises ConfigError where none can be had."""
    for port in (wanted, 0):
        with socket.socket() as one, suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", port))
            return int(one.getsockname()[1])
    raise ConfigError("No port of 127.0.0.1 is free. Stop another program first.")
