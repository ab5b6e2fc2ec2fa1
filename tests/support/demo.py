"""A demo as a process of its own, and what its page says."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests.support.ports import free_port
from tests.support.running import ROOT, START_S, until


class Demo:
    """A demo as a process of its own."""

    def __init__(self, place: Path, *flags: str) -> None:
        """Start it."""
        self.output = place / "terminal.txt"
        with self.output.open("wb") as terminal:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "router", "demo", "--port", str(free_port()), *flags],
                cwd=ROOT, stdout=terminal, stderr=terminal, start_new_session=True,
            )  # fmt: skip
        until(self._up, "the demo to start", START_S * 2)

    @property
    def said(self) -> str:
        """What it printed."""
        return self.output.read_text(errors="replace")

    def _up(self) -> bool:
        assert self.process.poll() is None, self.said
        return "Stop with Ctrl-C" in self.said

    def url(self, name: str) -> str:
        """Return the address that stands behind this name."""
        found = re.search(rf"^ *{name} +(http\S+)", self.said, re.MULTILINE)
        assert found, self.said
        return found[1].rstrip("/")

    def page(self) -> str:
        """Return the page that shows both sides."""
        with urlopen(self.url("Both sides"), timeout=20) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **form: str) -> int:
        """Send a form of the page; return the status."""
        asked = Request(self.url("Both sides") + path, data=urlencode(form).encode())
        try:
            with urlopen(asked, timeout=60) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(40)


@contextmanager
def demo(place: Path, *flags: str) -> Iterator[Demo]:
    """Give a running demo, and kill it if it has not been stopped."""
    running = Demo(place, *flags)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.interrupt()
