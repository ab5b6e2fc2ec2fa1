"""The SQL of the embedded queue: rings in one table, who holds them, and since when.

Times are milliseconds of the wall clock, the only clock that processes of one host share. When it
jumps, rings come late or twice, which is harmless; none is lost.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from router.brokers.policy import LIMIT, PARKED

SCHEMA = """
CREATE TABLE IF NOT EXISTS rings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused, so that an old ack cannot hit a new ring
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    handed INTEGER NOT NULL DEFAULT 0,     -- how often it was handed out
    published_at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    holder TEXT,                           -- NULL while it waits
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS rings_waiting ON rings (queue, id) WHERE holder IS NULL;
CREATE INDEX IF NOT EXISTS rings_held ON rings (holder) WHERE holder IS NOT NULL;
CREATE TABLE IF NOT EXISTS holders (id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""

#: Parks what was handed out too often, else lets it wait again; for rows chosen by what follows.
FREE = """
UPDATE rings SET
    holder = NULL, visible_at = :visible,
    queue = CASE WHEN handed > :limit AND queue <> :parked THEN :parked ELSE queue END,
    reason = CASE WHEN handed > :limit AND queue <> :parked THEN :worn ELSE reason END,
    handed = CASE WHEN handed > :limit AND queue <> :parked THEN 0 ELSE handed END
WHERE """
LOST = "holder IS NOT NULL AND holder <> :me AND holder NOT IN (SELECT id FROM holders WHERE until > :now)"
TOO_OFTEN = {
    "limit": LIMIT,
    "parked": PARKED,
    "worn": f"handed out {LIMIT + 1} times without being acknowledged",
}

Job = Callable[[sqlite3.Connection], None]


class Ring(Struct, frozen=True):
    """One row that was claimed."""

    id: int
    key: str
    handed: int
    reason: str


class Holder(Struct, frozen=True):
    """A process that takes rings, and the seconds without a sign of life after which it counts as dead."""

    id: str
    lease_s: float


class Count(Struct, frozen=True):
    """How many wait and are held, and when the oldest waiting one was published (ms)."""

    ready: int
    held: int
    oldest: int | None


def connect(path: Path) -> sqlite3.Connection:
    """Open the file so that a commit is on disk when it returns, and make the tables."""
    path.parent.mkdir(parents=True, exist_ok=True)
    conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = FULL")
    conn.executescript(SCHEMA)
    return conn


def publish(rings: Sequence[tuple[str, str]], now: int) -> Job:
    """Add rings."""
    rows = [(queue, key, now, now) for queue, key in rings]
    sql = "INSERT INTO rings (queue, key, published_at, visible_at) VALUES (?, ?, ?, ?)"
    return lambda conn: _each(conn, sql, rows)


def claim(queue: str, limit: int, holder: Holder, now: int) -> Callable[[sqlite3.Connection], list[Ring]]:
    """Hand out the oldest that wait, and extend the holder's lease in the same commit."""

    def job(conn: sqlite3.Connection) -> list[Ring]:
        rows = conn.execute(
            "UPDATE rings SET holder = ?, handed = handed + 1 WHERE id IN ("
            "SELECT id FROM rings WHERE queue = ? AND holder IS NULL AND visible_at <= ? ORDER BY id LIMIT ?"
            ") RETURNING id, key, handed, reason",
            (holder.id, queue, now, limit),
        ).fetchall()
        if rows:
            beat(holder, now)(conn)
        return [Ring(*row) for row in sorted(rows)]

    return job


def beat(holder: Holder, now: int) -> Job:
    """Say that the holder is alive."""
    until = now + int(holder.lease_s * 1000)
    sql = "INSERT INTO holders VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET until = excluded.until"
    return lambda conn: _each(conn, sql, [(holder.id, until)])


def ack(ids: Sequence[int], holder: Holder) -> Job:
    """Forget rings that are done."""
    rows = [(id_, holder.id) for id_ in ids]
    return lambda conn: _each(conn, "DELETE FROM rings WHERE id = ? AND holder = ?", rows)


def retry(ids: Sequence[int], holder: Holder, visible: int) -> Job:
    """Let rings wait again until they become visible; park those handed out too often.

    Of a parked ring only hand-outs without an answer count; a retry is an answer.
    """
    answered = "UPDATE rings SET handed = handed - 1 WHERE id = :id AND holder = :holder AND queue = :parked"
    rows = [TOO_OFTEN | {"id": id_, "holder": holder.id, "visible": visible} for id_ in ids]

    def job(conn: sqlite3.Connection) -> None:
        _each(conn, answered, rows)
        _each(conn, FREE + "id = :id AND holder = :holder", rows)

    return job


def park(ids: Sequence[int], holder: Holder, reason: str, now: int) -> Job:
    """Move rings to the parked queue."""
    sql = (
        "UPDATE rings SET queue = ?, reason = ?, handed = 0, holder = NULL, visible_at = ? "
        "WHERE id = ? AND holder = ?"
    )
    rows = [(PARKED, reason, now, id_, holder.id) for id_ in ids]
    return lambda conn: _each(conn, sql, rows)


def untake(ids: Sequence[int], holder: Holder) -> Job:
    """Give back rings that were claimed but never handed out."""
    rows = [(id_, holder.id) for id_ in ids]
    sql = "UPDATE rings SET holder = NULL, handed = handed - 1 WHERE id = ? AND holder = ?"
    return lambda conn: _each(conn, sql, rows)


def leave(holder: Holder, now: int) -> Job:
    """Give back all that the holder has, and strike it off."""

    def job(conn: sqlite3.Connection) -> None:
        conn.execute(FREE + "holder = :holder", TOO_OFTEN | {"visible": now, "holder": holder.id})
        conn.execute("DELETE FROM holders WHERE id = ?", (holder.id,))

    return job


def reap(holder: Holder, now: int) -> Job:
    """Give back what holders have that show no sign of life; never one's own."""

    def job(conn: sqlite3.Connection) -> None:
        values = {"now": now, "me": holder.id}
        if conn.execute(f"SELECT 1 FROM rings WHERE {LOST} LIMIT 1", values).fetchone():  # noqa: S608  # constants
            conn.execute(FREE + LOST, TOO_OFTEN | values | {"visible": now})
            conn.execute("DELETE FROM holders WHERE until <= :now AND id <> :me", values)

    return job


def ready(now: int) -> Callable[[sqlite3.Connection], set[str]]:
    """Return the queues in which something waits."""
    sql = "SELECT DISTINCT queue FROM rings WHERE holder IS NULL AND visible_at <= ?"
    return lambda conn: {queue for (queue,) in conn.execute(sql, (now,))}


def count(queue: str, now: int) -> Callable[[sqlite3.Connection], Count]:
    """Count a queue."""
    sql = (
        "SELECT count(*) FILTER (WHERE holder IS NULL AND visible_at <= :now), count(holder), "
        "min(published_at) FILTER (WHERE holder IS NULL AND visible_at <= :now) "
        "FROM rings WHERE queue = :queue"
    )
    return lambda conn: Count(*conn.execute(sql, {"queue": queue, "now": now}).fetchone())


def _each(conn: sqlite3.Connection, sql: str, rows: Sequence[object]) -> None:
    conn.executemany(sql, rows)  # type: ignore[arg-type]  # tuples or mappings, as the statement says
