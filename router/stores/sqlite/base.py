"""What all parts of the SQLite store share: the writer thread, reader threads and decoded documents."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from channels.port import Clock
from router.conversation import Agent, Conversation
from router.errors import StoreDown
from router.ports import Stored
from router.stores.codec import agent_from, conversation_from, instant, instant_or_none, message_from
from router.stores.sqlite.queries import SQL
from router.stores.sqlite.schema import connect, migrate
from router.stores.writer import WAIT_S, Writer, store_error

T = TypeVar("T")
Read = Callable[[sqlite3.Connection], T]

#: A heavy question (search, audit) must not hold up the batches.
READERS = 3
#: Decoded conversations kept; each is a few kB.
KEPT = 2000
#: After so many reads on the loop others get their turn.
IN_A_ROW = 32

CONVERSATION = SQL["conversation"]
AGENTS = SQL["agents"]


class SqliteBase:
    """Connections and what is remembered of them."""

    def __init__(self, path: Path, *, clock: Clock) -> None:
        """Take the file and the clock; `open` connects."""
        self._path, self._clock = Path(path), clock
        self._writer = Writer("store-writer", self._open_writer)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._near_conn: sqlite3.Connection | None = None
        self._in_a_row = 0
        #: Decoded documents by id, each with its version: (id, version) names one content for ever.
        self._conversations: dict[str, Conversation] = {}
        self._agents: dict[str, Agent] = {}

    async def open(self) -> None:
        """Connect and bring the schema up to date. Raises StoreDown, or ConfigError for a newer file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            await self._writer.open()
        except BaseException:
            await self._writer.close()
            raise
        self._near_conn = connect(self._path, cache_mb=8, read_only=True)

    async def close(self) -> None:
        """Finish what was asked, then disconnect."""
        await asyncio.to_thread(self._pool.shutdown)
        await self._writer.close()
        for conn in self._readers:
            conn.close()
        self._readers.clear()
        if self._near_conn is not None:
            self._near_conn.close()
            self._near_conn = None

    async def now(self) -> datetime:
        """Return the clock's time: the file lies on this machine."""
        return self._clock.now()

    def _open_writer(self) -> sqlite3.Connection:
        conn = connect(self._path, cache_mb=32)
        try:
            migrate(conn, "router.stores.sqlite", self._path)
        except BaseException:
            conn.close()
            raise
        return conn

    # --- reading

    async def _read(self, read: Read[T]) -> T:
        """Read in a reader thread: for what takes longer than a thread hop."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(WAIT_S):
                return await loop.run_in_executor(self._pool, self._in_reader, read)
        except TimeoutError:
            raise StoreDown(f"The store did not answer within {WAIT_S:.0f} s. Check the disk.") from None
        except RuntimeError as error:
            if "shutdown" not in str(error):
                raise
            raise StoreDown("The store is closed.") from None

    def _in_reader(self, read: Read[T]) -> T:
        try:
            conn = getattr(self._local, "conn", None)
            if conn is None:
                conn = self._local.conn = connect(self._path, cache_mb=8, read_only=True)
                self._readers.append(conn)
            conn.execute("BEGIN")
            try:
                return read(conn)
            finally:
                conn.execute("COMMIT")
        except sqlite3.Error as error:
            raise store_error(error) from error

    async def _near(self, read: Read[T]) -> T:
        """Read a single row right here on the loop: some 10 µs, a tenth of a thread hop.

        In write-ahead logging readers wait for nobody; should the file be in trouble, a thread waits.
        """
        if self._near_conn is None:
            raise StoreDown("The store is closed.")
        self._in_a_row += 1
        if self._in_a_row >= IN_A_ROW:  # nothing else waits in here, so a loop over reads would starve others
            self._in_a_row = 0
            await asyncio.sleep(0)
        try:
            return read(self._near_conn)
        except sqlite3.Error:
            return await self._read(read)

    def _few(self, statement: str, *values: Any) -> Read[list[Conversation]]:
        return lambda conn: self._decoded(conn.execute(statement, values))

    # --- decoding

    def _decoded(self, rows: Iterable[tuple[str, int, bytes]]) -> list[Conversation]:
        """Return the conversations of (id, version, doc) rows; those known in this version are not decoded."""
        found = []
        for name, version, doc in rows:
            known = self._conversations.get(name)
            if known is None or known.version != version:
                known = conversation_from(doc)
                self._remember(known)
            found.append(known)
        return found

    def _remember(self, conversation: Conversation) -> None:
        # several threads come here; each step is atomic, and losing an entry costs one decoding
        self._conversations[conversation.id] = conversation
        if len(self._conversations) > KEPT:
            for name in list(islice(self._conversations, KEPT // 4)):
                self._conversations.pop(name, None)

    def _all_agents(self, conn: sqlite3.Connection) -> dict[str, Agent]:
        found = {}
        for name, version, seen_at, doc in conn.execute(AGENTS):
            seen = instant_or_none(seen_at)
            known = self._agents.get(name)
            if known is None or (known.version, known.seen_at) != (version, seen):
                known = self._agents[name] = replace(agent_from(doc), version=version, seen_at=seen)
            found[name] = known
        return found


def stored(row: Sequence[Any]) -> Stored:
    """Return a message of the columns that all message statements select."""
    state, conversation, seq, queue, due_at, reason, parked_at, attempts, doc = row
    return Stored(
        message=message_from(doc),
        state=state,
        conversation=conversation or "",
        seq=seq,
        queue=queue,
        due_at=instant(due_at),
        reason=reason,
        parked_at=instant_or_none(parked_at),
        attempts=attempts,
    )
