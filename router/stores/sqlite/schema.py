"""Opens database files and brings their schema up to date, forward only."""

import sqlite3
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from router.errors import ConfigError, StoreDown

#: How long a writer waits for another process's transaction.
BUSY_MS = 10_000
#: How long opening tries to switch a new file to write-ahead logging while others do the same.
SWITCH_S = 10.0


def connect(path: Path, *, cache_mb: int, read_only: bool = False) -> sqlite3.Connection:
    """Open the file; the connection may move between threads, but only one may use it at a time."""
    conn = sqlite3.connect(
        path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    conn.execute(f"PRAGMA cache_size = -{cache_mb * 1024}")
    if read_only:
        conn.execute("PRAGMA query_only = on")
        return conn
    _switch_to_wal(conn)
    conn.execute("PRAGMA synchronous = full")
    conn.execute("PRAGMA wal_autocheckpoint = 2000")
    conn.execute("PRAGMA journal_size_limit = 67108864")
    return conn


def migrate(conn: sqlite3.Connection, package: str, path: Path) -> None:
    """Run the migrations that the file has not seen, in one transaction.

    Raises ConfigError when the file was written by a newer version of the program.
    """
    steps = _steps(package)
    if _version(conn) == len(steps):
        return
    conn.execute("BEGIN IMMEDIATE")
    try:
        version = _version(conn)
        if version > len(steps):
            raise ConfigError(
                f"{path} was written by a newer version (schema {version}; this program knows {len(steps)}). "
                "Install that version again, or restore the backup from before the upgrade."
            )
        for script in steps[version:]:
            for statement in _statements(script):
                conn.execute(statement)
        conn.execute(f"PRAGMA user_version = {len(steps)}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def _version(conn: sqlite3.Connection) -> int:
    return int(conn.execute("PRAGMA user_version").fetchone()[0])


def _steps(package: str) -> list[str]:
    folder = files(package).joinpath("migrations")
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda e: e.name)
    return [entry.read_text(encoding="utf-8") for entry in found]


def _statements(script: str) -> Iterator[str]:
    part = ""
    for line in script.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            yield part
            part = ""


def _switch_to_wal(conn: sqlite3.Connection) -> None:
    # the busy timeout does not cover the switch, so it is tried again while another process does it
    until = time.monotonic() + SWITCH_S
    while True:
        try:
            mode = conn.execute("PRAGMA journal_mode = wal").fetchone()[0]
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
            continue
        if mode != "wal":
            raise StoreDown(f"The file system cannot do write-ahead logging (mode {mode}); use a local disk.")
        return
