"""The one writer thread of a process: everything that waits is committed together (group commit).

The thread hop and the flush to disk cost more than the work itself, so all jobs that queued up during one
flush share the next: one BEGIN IMMEDIATE … COMMIT, each job in a savepoint, one call back into the loop.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from msgspec import Struct

from router.errors import HandlebyError, StoreDown, StoreError, StoreFull

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], Any]

#: Most jobs in one transaction.
GROUP = 256
#: How long anybody waits for a job: longer than the busy timeout, shorter than patience.
WAIT_S = 30.0

_FULL = {sqlite3.SQLITE_FULL}
_DOWN = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PROTOCOL,
}
_TRANSIENT = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}


def store_error(error: BaseException) -> BaseException:
    """Return what the error means to the router; errors of our own making stay as they are."""
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _FULL:
        return StoreFull()
    if code in _DOWN:
        return StoreDown(f"The store's file cannot be used ({error}). Check the disk and who else uses it.")
    return error


class _Asked(Struct):
    job: Job
    answer: asyncio.Future[Any]
    lasting: bool = True
    value: Any = None
    error: BaseException | None = None


class Writer:
    """Runs jobs on one connection, in order, many to a transaction."""

    def __init__(self, name: str, connect: Callable[[], sqlite3.Connection]) -> None:
        """Take how to open the connection; it is opened anew after an error of the file."""
        self._connect = connect
        self._conn: sqlite3.Connection | None = None
        #: Whether a commit now waits for the disk.
        self._flushing = True
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def open(self) -> None:
        """Connect; raises StoreDown or ConfigError."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        await self.run(lambda _: None)

    async def close(self) -> None:
        """Finish what was asked, then disconnect."""
        if self._closed or self._loop is None:
            return
        self._closed = True
        self._asked.put(None)
        await asyncio.to_thread(self._thread.join, WAIT_S)

    async def run(self, job: Callable[[sqlite3.Connection], T], *, lasting: bool = True) -> T:
        """Run the job in a transaction and return once it is on disk. Raises StoreDown, StoreFull.

        What need not be `lasting` survives this process but perhaps not a power cut, until the next
        lasting commit, which takes it along; the order of commits stays, and a flush is saved.
        """
        if self._closed or self._loop is None:
            raise StoreDown("The store is closed.")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._asked.put(_Asked(job, answer, lasting))
        try:
            async with asyncio.timeout(WAIT_S):
                return await answer
        except TimeoutError:
            raise StoreDown(f"The store did not answer within {WAIT_S:.0f} s. Check the disk.") from None

    def _work(self) -> None:
        going = True
        while going:
            group, going = self._gather()
            if group:
                self._commit(group)
                self._deliver(group)
        if self._conn is not None:
            self._conn.close()

    def _gather(self) -> tuple[list[_Asked], bool]:
        first = self._asked.get()
        if first is None:
            return [], False
        group = [first]
        while len(group) < GROUP:
            try:
                asked = self._asked.get_nowait()
            except Empty:
                break
            if asked is None:
                return group, False
            group.append(asked)
        return group, True

    def _commit(self, group: list[_Asked]) -> None:
        try:
            conn = self._conn = self._conn or self._fresh()
            self._flush(conn, wanted=any(asked.lasting for asked in group))
            conn.execute("BEGIN IMMEDIATE")
            for asked in group:
                _run_one(conn, asked)
            conn.execute("COMMIT")
        except (sqlite3.Error, HandlebyError, OSError) as error:
            self._undo(error)
            meaning = store_error(error)
            for asked in group:
                asked.error = asked.error or meaning

    def _fresh(self) -> sqlite3.Connection:
        self._flushing = True
        return self._connect()

    def _flush(self, conn: sqlite3.Connection, *, wanted: bool) -> None:
        if wanted is not self._flushing:
            conn.execute(f"PRAGMA synchronous = {'full' if wanted else 'normal'}")
            self._flushing = wanted

    def _undo(self, error: BaseException) -> None:
        conn = self._conn
        if conn is None:
            return
        try:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
        except sqlite3.Error:
            error = StoreError()
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or code & 0xFF not in _TRANSIENT:
            conn.close()
            self._conn = None

    def _deliver(self, group: list[_Asked]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_settle, group)


def _run_one(conn: sqlite3.Connection, asked: _Asked) -> None:
    conn.execute("SAVEPOINT job")
    try:
        asked.value = asked.job(conn)
    except Exception as error:  # noqa: BLE001  # whatever a job raises is its caller's to see
        asked.error = store_error(error)
        if not conn.in_transaction:  # SQLite itself rolled everything back: disk full or file broken
            raise (
                sqlite3.OperationalError(str(error)) if not isinstance(error, sqlite3.Error) else error
            ) from None
        conn.execute("ROLLBACK TO job")
    conn.execute("RELEASE job")


def _settle(group: list[_Asked]) -> None:
    for asked in group:
        if asked.answer.done():
            continue
        if asked.error is not None:
            asked.answer.set_exception(asked.error)
        else:
            asked.answer.set_result(asked.value)
