"""A private RabbitMQ node of Debian's package, as a child process on free ports.

Used by the pytest fixtures, the benchmark and the fault scripts:

    with RabbitNode.started() as node:
        broker = RabbitBroker(node.url)
        node.kill()      # SIGKILL, as a power cut would
        node.start()     # the same data, the same port
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.ports import free_port

#: Debian installs the scripts here; other systems have them on the PATH.
HOMES = ("/usr/lib/rabbitmq/bin", "/usr/local/sbin", "/usr/sbin")
START_S = 60.0
STOP_S = 20.0

CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
loopback_users.guest = true
vm_memory_high_watermark.absolute = 2GiB
disk_free_limit.absolute = 10MB
log.file = rabbit.log
log.file.level = warning
log.console = false
"""

#: Do not burn the few cores of a test machine in busy waiting; dist on loopback only.
ERL_ARGS = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


def script(name: str) -> str:
    """Return the path of one of RabbitMQ's scripts, past Debian's wrapper that switches the user."""
    for home in HOMES:
        if (path := Path(home) / name).exists():
            return str(path)
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed; `apt-get install rabbitmq-server` brings it")
    return found


class RabbitNode:
    """One node with its own name, ports, data and epmd; may be killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port, self._dist, self._epmd_port = free_port(), free_port(), free_port()
        self._node: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        (home / "rabbitmq.conf").write_text(CONFIG.format(port=self.port))
        (home / "enabled_plugins").write_text("[].\n")
        (home / "env.conf").write_text("")

    @classmethod
    @contextlib.contextmanager
    def started(cls) -> Iterator["RabbitNode"]:
        """Start a fresh node, and remove all that is left of it afterwards."""
        home = Path(tempfile.mkdtemp(prefix="handleby-rabbit-"))
        node = cls(home)
        try:
            node.start()
            yield node
        finally:
            node.remove()

    @property
    def url(self) -> str:
        """Return the address for clients."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        """Return the id of the process group that is the node."""
        assert self._node is not None
        return self._node.pid

    def start(self) -> None:
        """Start it on its old data, if any, and wait until it takes connections."""
        if self._epmd is None:
            self._epmd = self._spawn([shutil.which("epmd") or "epmd", "-port", str(self._epmd_port)])
        self._node = self._spawn([script("rabbitmq-server")])
        deadline = time.monotonic() + START_S
        while not self.answers():
            if self._node.poll() is not None or time.monotonic() > deadline:
                said = "\n".join((self.home / "output").read_text(errors="replace").splitlines()[-20:])
                self.kill()
                raise RuntimeError(f"RabbitMQ did not start in {START_S:.0f} s; it said:\n{said}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Tell whether the AMQP port takes connections."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0) as link:
            link.sendall(b"AMQP\x00\x00\x09\x01")
            return link.recv(1) == b"\x01"
        return False

    def kill(self) -> None:
        """End it as a power cut would."""
        self._signal(self._node, signal.SIGKILL)
        self._node = None

    def stop(self) -> None:
        """Ask it to end in good order; it is killed when that takes too long."""
        self._signal(self._node, signal.SIGTERM)
        self._node = None

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.killpg(self.pid, signal.SIGCONT)

    def ctl(self, *words: str) -> str:
        """Run `rabbitmqctl` on this node and return what it printed."""
        done = subprocess.run(
            [script("rabbitmqctl"), "--quiet", *words],
            env=self._env(), capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return done.stdout

    def remove(self) -> None:
        """End everything that was started and delete the data."""
        self.kill()
        self._signal(self._epmd, signal.SIGKILL)
        self._epmd = None
        shutil.rmtree(self.home, ignore_errors=True)

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.home / "output").open("ab") as output:
            return subprocess.Popen(
                command, env=self._env(), cwd=self.home, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @staticmethod
    def _signal(process: subprocess.Popen[bytes] | None, number: int) -> None:
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_S)

    def _env(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LC_ALL", "TMPDIR"}
        }
        home = str(self.home)
        return kept | {
            "HOME": home,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"handleby{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_CONF_ENV_FILE": f"{home}/env.conf",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{home}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{home}/mnesia",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            # as under systemd, the start script becomes the node, so that waiting for it is waiting for the node
            "NOTIFY_SOCKET": f"{home}/notify",
            "RABBITMQ_PID_FILE": f"{home}/pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERL_ARGS,
        }
