"""The service as real processes: settings on free ports, start, kill, stop, and clients that talk to it."""

import asyncio
import contextlib
import json
import os
import signal
import smtplib
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from router.audit import Report, audit
from router.bootstrap import Parts, build
from router.config import load_settings
from router.desk import accounts as users_at
from router.desk import users
from router.welcome import Door
from tests.support.ports import free_port
from tests.support.voices import all_agree

ROOT = Path(__file__).parents[2]
START_S = 40.0

RULES = """
version: 1
agents:
  maria: {name: Maria Jensen, email: maria@example.com, queues: [general], languages: [en],
          capacity: {webchat: 3, default: 20}}
  tom: {name: Tom Berg, email: tom@example.com, queues: [general], languages: [en]}
queues:
  general: {duty: [maria, tom], lead: tom}
"""

SETTINGS = """
data_dir = "data"
rules = "rules.yaml"
secret_key = "0123456789abcdef0123456789abcdef0123456789abcdef"
public_url = "http://127.0.0.1:{port}"
[server]
listen = "127.0.0.1:{port}"
[store]
url = "{store}"
[broker]
url = "{broker}"
[log]
level = "info"
format = "json"
[channels.email.support]
address = "help@example.com"
receive = "smtp://127.0.0.1:{smtp}"
send = "{send}"
zone = "Europe/Copenhagen"
[channels.webchat.site]
zone = "Europe/Copenhagen"
"""


class Running:
    """A service on one machine: a folder of settings, and the processes that play its roles."""

    def __init__(
        self,
        folder: Path,
        *,
        store: str = "sqlite",
        broker: str = "local",
        send: str = "outbox",
        rules: str = RULES,
    ) -> None:
        """Write the settings; nothing is started yet."""
        self.folder = folder
        self.smtp = free_port()
        self.store, self.broker, self.send = store, broker, send
        self.ports: dict[str, int] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._agreed = False
        (folder / "rules.yaml").write_text(rules)
        self.config("all")

    def config(self, name: str) -> Path:
        """Return the settings file of one process; all share everything but the web address."""
        port = self.ports.setdefault(name, free_port())
        path = self.folder / f"{name}.toml"
        text = SETTINGS.format(
            port=port, smtp=self.smtp, store=self.store, broker=self.broker, send=self.send
        )
        path.write_text(text)
        return path

    def url(self, name: str = "all") -> str:
        """Return where a process answers."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def start(self, name: str = "all", *, roles: Sequence[str] = (), crash: str = "") -> None:
        """Start a process and wait until it is live; one that is to crash may be gone before."""
        self.launch(name, roles=roles, crash=crash)
        self.await_live(name, crash=bool(crash))

    def launch(self, name: str = "all", *, roles: Sequence[str] = (), crash: str = "") -> None:
        """Start a process without waiting for it."""
        self.agree()
        flags = [flag for role in roles for flag in ("--role", role)] + (["--crash", crash] if crash else [])
        log = (self.folder / f"{name}.log").open("ab")
        command = [*self.program(self.config(name)), *flags]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HANDLEBY_")}
        self._processes[name] = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
        log.close()

    def agree(self) -> None:
        """Let everybody agree to notes in their name, once, before the first process starts."""
        if not self._agreed:
            self._agreed = True
            self.inside(lambda parts: all_agree(parts.store, parts.keeper()))

    def program(self, config: Path) -> list[str]:
        """Return what to start with this settings file."""
        return [sys.executable, "-m", "router", "run", "--config", str(config)]

    def await_live(self, name: str = "all", *, crash: bool = False) -> None:
        """Wait until a process answers; one that is to crash may be gone before."""
        deadline = time.monotonic() + START_S
        while not self.live(name):
            if self._processes[name].poll() is not None:
                if crash:
                    return
                raise AssertionError(f"{name} ended at once:\n{self.log(name)}")
            assert time.monotonic() < deadline, f"{name} did not start:\n{self.log(name)}"
            time.sleep(0.05)

    def live(self, name: str = "all") -> bool:
        """Tell whether the process answers."""
        with contextlib.suppress(OSError, HTTPError):
            urlopen(f"{self.url(name)}/health/live", timeout=2).close()
            return True
        return False

    def pid(self, name: str = "all") -> int:
        """Return the process's id."""
        return self._processes[name].pid

    def gone(self, name: str = "all", seconds: float = 30.0) -> int:
        """Wait until the process has ended; return its exit code."""
        return self._processes[name].wait(seconds)

    def running(self, name: str = "all") -> bool:
        """Tell whether the process still runs."""
        return self._processes[name].poll() is None

    def kill(self, name: str = "all") -> None:
        """End it by SIGKILL."""
        self._processes[name].kill()
        self._processes[name].wait()

    def stop(self, name: str = "all") -> int:
        """Ask it to stop; return its exit code."""
        self._processes[name].send_signal(signal.SIGTERM)
        return self._processes[name].wait(25)

    def end(self) -> None:
        """Kill whatever still runs."""
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()

    def log(self, name: str = "all") -> str:
        """Return what it printed and logged."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def command(self, *words: str, name: str = "all") -> str:
        """Run a `handleby` command with these settings; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "router", *words, "--config", str(self.config(name))],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def inside(self, job: Callable[[Parts], Awaitable[Any]], name: str = "all") -> Any:
        """Run a job on the service's own store, beside its processes: as a command would, but at once."""

        async def whole() -> Any:
            parts = build(load_settings(self.config(name), environ={}))
            await parts.store.open()
            try:
                return await job(parts)
            finally:
                await parts.store.close()

        with ThreadPoolExecutor(1) as elsewhere:
            return elsewhere.submit(lambda: asyncio.run(whole())).result()

    def audit(self) -> Report:
        """Hold the store against the invariants."""
        return self.inside(lambda parts: audit(parts.store, parts.keeper(), parts.clock))

    def token(self, email: str = "maria@example.com", role: str = "lead") -> str:
        """Return an API token for the account, making it if need be."""

        async def job(parts: Parts) -> str:
            if await users_at.get(parts.store, users_at.user_id(email)) is None:
                await users.add(parts.store, email=email, role=role)
            return await users.token(Door(parts), email)

        return self.inside(job)

    # --- clients

    def mail(self, text: str, *, sender: str = "ana@example.org", subject: str = "", key: str = "") -> str:
        """Send a mail to the listener; return its Message-ID. Raises what smtplib raises."""
        message = EmailMessage()
        message["From"], message["To"] = f"Ana <{sender}>", "help@example.com"
        message["Subject"] = subject or f"Question {uuid.uuid4().hex[:8]}"
        message["Message-ID"] = key or f"<{uuid.uuid4().hex}@example.org>"
        message.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=20) as client:
            client.send_message(message)
        return str(message["Message-ID"])

    def get(self, path: str, *, name: str = "all", token: str = "") -> Any:
        """GET a JSON document."""
        return self._ask(Request(self.url(name) + path), token)

    def post(
        self, path: str, body: Any = None, *, name: str = "all", token: str = "", method: str = "POST"
    ) -> Any:
        """POST a JSON document; return the JSON answer."""
        data = json.dumps(body if body is not None else {}).encode()
        headers = {"Content-Type": "application/json"}
        return self._ask(Request(self.url(name) + path, data=data, headers=headers, method=method), token)

    def _ask(self, request: Request, token: str) -> Any:
        request.add_header("Origin", f"http://{request.host}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urlopen(request, timeout=20) as answer:
            body = answer.read()
        return json.loads(body) if body else None


def until(check: Any, what: str, seconds: float = 30.0) -> Any:
    """Return the first true answer of the check; fails naming what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def service(folder: Path, **options: Any) -> Iterator[Running]:
    """Give a service that is ended afterwards."""
    running = Running(folder, **options)
    try:
        yield running
    finally:
        running.end()
