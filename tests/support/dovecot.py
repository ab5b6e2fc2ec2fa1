"""A private Dovecot: its own folder, free ports, a generated certificate, gone when the test is over."""

import asyncio
import grp
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import trustme

from tests.support.ports import free_port

USER = "help@example.com"
PASSWORD = 'p"a\\ss wörd'

_CONFIG = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
protocols = imap
listen = 127.0.0.1
instance_name = handleby-test
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {internal}
first_valid_uid = 1
mail_location = maildir:{root}/mail
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
ssl = yes
ssl_cert = <{root}/server.pem
ssl_key = <{root}/server.key
mail_fsync = never
maildir_very_dirty_syncs = no
mailbox_idle_check_interval = 1 s
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u {root}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {root}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={root}/home
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
_SUBMISSION = """
protocols = imap submission
hostname = submission.example
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_trusted = no
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {port}
  }}
}}
"""
_OAUTH = """
tokeninfo_url = {url}
username_attribute = email
active_attribute = active
active_value = yes
"""


class Dovecot:
    """A running server and its one mailbox."""

    def __init__(self, root: Path, tokeninfo_url: str, relay: int = 0) -> None:
        """Write the configuration.

        `tokeninfo_url` is asked about access tokens; with `relay`, a port, mail can be submitted and goes there.
        """
        self.root = root
        self.port, self.tls_port, self.submission_port = (free_port() for _ in range(3))
        self.ca = str(root / "ca.pem")
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._write(tokeninfo_url)
        if relay:
            with (root / "dovecot.conf").open("a") as config:
                config.write(_SUBMISSION.format(relay=relay, port=self.submission_port))

    async def start(self) -> None:
        """Start and wait until it greets."""
        self._process = subprocess.Popen(  # noqa: ASYNC220  # starting takes a few milliseconds
            ["/usr/sbin/dovecot", "-F", "-c", str(self.root / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        async with asyncio.timeout(20):
            while not await self._greets():
                if self._process.poll() is not None:
                    raise RuntimeError(f"dovecot ended: {(self.root / 'log').read_text()}")
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Stop it and everything it started."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, 2)
        with suppress(ProcessLookupError):  # its children take ten seconds to notice
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)

    def put(self, raw: bytes, folder: str = "", *, age_s: float = 0.0) -> None:
        """Deliver a mail as a mail server would: into `new` of the maildir, by rename."""
        place = self.root / "mail" / (f".{folder}" if folder else "")
        for name in ("tmp", "new", "cur"):
            (place / name).mkdir(parents=True, exist_ok=True)
            self._own(place / name)
        self._own(place)
        self._count += 1
        name = f"{self._count:06d}.M{self._count}P{os.getpid()}.test"
        (place / "tmp" / name).write_bytes(raw)
        self._own(place / "tmp" / name)
        os.utime(place / "tmp" / name, (time.time() - age_s,) * 2)
        (place / "tmp" / name).rename(place / "new" / name)

    def flags(self) -> list[str]:
        """Return the flags of every mail in the inbox, in order of arrival; `S` is seen."""
        names = sorted(path.name for path in (self.root / "mail" / "cur").glob("*"))
        return [name.rpartition(":2,")[2] for name in names]

    def renumber(self) -> None:
        """Forget all UIDs, so that the folder gets a new UIDVALIDITY; only while it is stopped."""
        for path in (self.root / "mail").glob("dovecot*"):
            path.unlink()
        (self.root / "mail" / "dovecot-uidlist").write_text(
            "3 V1999999999 N1 G0123456789abcdef0123456789abcdef\n"
        )
        self._own(self.root / "mail" / "dovecot-uidlist")

    def _write(self, tokeninfo_url: str) -> None:
        ca = trustme.CA()
        certificate = ca.issue_cert("127.0.0.1", "localhost")
        ca.cert_pem.write_to_path(self.ca)
        certificate.private_key_pem.write_to_path(str(self.root / "server.key"))
        chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
        (self.root / "server.pem").write_bytes(chain)
        mine = pwd.getpwuid(os.geteuid())
        self._owner = pwd.getpwnam("nobody") if mine.pw_uid == 0 else mine
        internal = pwd.getpwnam("dovenull") if mine.pw_uid == 0 else mine
        for name in ("run", "state", "home", "mail"):
            (self.root / name).mkdir()
        for name in ("home", "mail"):
            self._own(self.root / name)
        self.root.chmod(0o755)
        (self.root / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
        (self.root / "oauth2.conf").write_text(_OAUTH.format(url=tokeninfo_url))
        (self.root / "dovecot.conf").write_text(
            _CONFIG.format(
                root=self.root,
                port=self.port,
                tls_port=self.tls_port,
                internal=internal.pw_name,
                group=grp.getgrgid(internal.pw_gid).gr_name,
                owner=self._owner.pw_uid,
                owner_group=self._owner.pw_gid,
            )
        )

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    async def _greets(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            async with asyncio.timeout(2):
                return (await reader.readline()).startswith(b"* OK")
        except (TimeoutError, OSError):
            return False
        finally:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def dovecot(tokeninfo_url: str = "http://127.0.0.1:9/", relay: int = 0) -> AsyncIterator[Dovecot]:
    """Run a private Dovecot inside the block; with `relay` it takes mail for that port."""
    root = Path(tempfile.mkdtemp(prefix="handleby-dovecot-"))
    server = Dovecot(root, tokeninfo_url, relay)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        shutil.rmtree(root, ignore_errors=True)
