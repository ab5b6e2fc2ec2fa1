"""The service as a newcomer meets it: an empty folder, no settings, and what the terminal says."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.ports import free_port
from tests.support.running import ROOT, START_S


class Newcomer:
    """A service without settings; only its ports are chosen, so that tests may run beside each other."""

    def __init__(self, folder: Path) -> None:
        """Take an empty folder; nothing is started yet."""
        self.folder, self.port, smtp = folder, free_port(), free_port()
        ours = {key: value for key, value in os.environ.items() if not key.startswith("HANDLEBY_")}
        self._environment = ours | {
            "PYTHONPATH": str(ROOT),
            "HANDLEBY_SERVER__LISTEN": f"127.0.0.1:{self.port}",
            "HANDLEBY_CHANNELS__EMAIL__SUPPORT__RECEIVE": f"smtp://127.0.0.1:{smtp}",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it has said where to look."""
        with (self.folder / "terminal.txt").open("wb") as terminal:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "router", "run"],
                cwd=self.folder, env=self._environment, stdout=terminal, stderr=terminal,
            )  # fmt: skip
        deadline = time.monotonic() + START_S
        while "Stop with Ctrl-C" not in self.terminal:
            assert self._process.poll() is None, f"it ended at once:\n{self.terminal}"
            assert time.monotonic() < deadline, f"it did not start:\n{self.terminal}"
            time.sleep(0.05)

    @property
    def terminal(self) -> str:
        """What it has printed and logged since it was started."""
        return (self.folder / "terminal.txt").read_text(errors="replace")

    def address(self, name: str) -> str:
        """Return the address that stands in the terminal behind this name, such as `Web chat`."""
        found = re.search(rf"^ *{re.escape(name)}:? +(http\S+)", self.terminal, re.MULTILINE)
        assert found, f"no {name} in:\n{self.terminal}"
        return found[1]

    def try_the_mail(self) -> None:
        """Run the line that the terminal offers to send a test mail."""
        found = re.search(r"^ *python3 (-c .+)$", self.terminal, re.MULTILINE)
        assert found, self.terminal
        subprocess.run([sys.executable, *shlex.split(found[1])], check=True, timeout=60)

    def command(self, *words: str) -> str:
        """Run a `handleby` command in the same folder; return what it printed."""
        return subprocess.run(
            [sys.executable, "-m", "router", *words],
            cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip

    def kill(self) -> None:
        """End it by SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def newcomer(folder: Path) -> Iterator[Newcomer]:
    """Give a service that runs, and end it afterwards."""
    service = Newcomer(folder)
    try:
        service.start()
        yield service
    finally:
        service.kill()
