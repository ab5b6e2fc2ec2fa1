"""The store of one machine: a SQLite file that several processes may share."""

from router.stores.sqlite.commit import SqliteCommit
from router.stores.sqlite.health import SqliteHealth
from router.stores.sqlite.intake import SqliteIntake
from router.stores.sqlite.keep import SqliteKeep
from router.stores.sqlite.load import SqliteLoad
from router.stores.sqlite.read import SqliteRead

__all__ = ["SqliteStore"]


class SqliteStore(SqliteIntake, SqliteLoad, SqliteCommit, SqliteRead, SqliteKeep, SqliteHealth):
    """Write-ahead log, full synchronisation, one writer thread a process with group commit."""
