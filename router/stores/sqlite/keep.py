"""What is kept beside conversations: agents, note allowances, leases, records, the log."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from router.conversation import Agent, Event
from router.ports import Lease, Record
from router.stores.codec import encode, event_from, instant_or_none, ms, ms_or_none, value_from
from router.stores.sqlite.base import SqliteBase
from router.stores.sqlite.queries import SQL

NOTE, COUNT_NOTES, ADD_NOTE, TOUCH = SQL["note"], SQL["count_notes"], SQL["add_note"], SQL["touch"]
LEASE, TAKE_LEASE, SAVE_LEASE, RELEASE = SQL["lease"], SQL["take_lease"], SQL["save_lease"], SQL["release"]
RECORD, RECORDS, DROP_RECORD = SQL["record"], SQL["records"], SQL["drop_record"]
NEW_RECORD, CHANGE_RECORD, LOG = SQL["new_record"], SQL["change_record"], SQL["log"]


class SqliteKeep(SqliteBase):
    """The verbs about agents, notes, leases, records and the log."""

    async def allow_notes(
        self, notes: Sequence[tuple[str, str]], *, at: datetime, most: int, window_s: float
    ) -> list[bool]:
        """Reserve (identity key, note id) pairs: at most `most` per identity in the window."""
        since, now = ms(at - timedelta(seconds=window_s)), ms(at)

        def allow(conn: sqlite3.Connection, identity: str, note: str) -> bool:
            known = conn.execute(NOTE, (identity, note)).fetchone()
            if known is not None:
                return bool(known[0])
            sent: int = conn.execute(COUNT_NOTES, (identity, since)).fetchone()[0]
            conn.execute(ADD_NOTE, (identity, note, now, int(sent < most)))
            return sent < most

        # nothing leaves before its state is written, and that commit takes this one along
        return await self._writer.run(lambda conn: [allow(conn, *pair) for pair in notes], lasting=False)

    async def agents(self) -> dict[str, Agent]:
        """Return all agents by id."""
        return await self._near(self._all_agents)

    async def touch(self, agent: str, at: datetime) -> None:
        """Note a heartbeat of the agent's desk; does not change the agent's version."""
        blank = encode(Agent(id=agent))
        await self._writer.run(lambda conn: conn.execute(TOUCH, (agent, ms(at), blank)).rowcount)

    async def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take or extend a lease; None while somebody else holds it."""
        now = ms(self._clock.now())

        def job(conn: sqlite3.Connection) -> Lease | None:
            before, fence, until, value = conn.execute(LEASE, (name,)).fetchone() or ("", 0, 0, "")
            if before != holder and until > now:
                return None
            fence += before != holder
            conn.execute(TAKE_LEASE, (name, holder, fence, now + round(seconds * 1000)))
            return Lease(name=name, holder=holder, fence=fence, value=value)

        return await self._writer.run(job)

    async def save_lease(self, lease: Lease, value: str, seconds: float) -> bool:
        """Keep the value and extend; False when the fence is no longer the newest."""
        until = ms(self._clock.now()) + round(seconds * 1000)
        values = (value, until, lease.name, lease.holder, lease.fence)
        return await self._writer.run(lambda conn: conn.execute(SAVE_LEASE, values).rowcount == 1)

    async def release(self, lease: Lease) -> None:
        """Give the lease back at once; the value stays."""
        values = (lease.name, lease.holder, lease.fence)
        await self._writer.run(lambda conn: conn.execute(RELEASE, values).rowcount)

    async def record(self, kind: str, id: str) -> Record | None:
        """Return a record that has not expired."""
        values = (kind, id, ms(self._clock.now()))
        row = await self._near(lambda conn: conn.execute(RECORD, values).fetchone())
        return _record(kind, *row) if row is not None else None

    async def records(self, kind: str, limit: int) -> list[Record]:
        """Return the records of a kind that have not expired, by id."""
        values = (kind, ms(self._clock.now()), limit)
        return await self._read(lambda conn: [_record(kind, *row) for row in conn.execute(RECORDS, values)])

    async def put_record(self, record: Record) -> bool:
        """Write it if the stored version is one less (version 1 = must be new); False when it is not."""
        statement = NEW_RECORD if record.version == 1 else CHANGE_RECORD
        expires, now = ms_or_none(record.expires_at), ms(self._clock.now())
        values = (record.kind, record.id, record.version, expires, encode(record.value), now)
        return await self._writer.run(lambda conn: conn.execute(statement, values).rowcount == 1)

    async def drop_record(self, kind: str, id: str) -> None:
        """Delete a record if it exists."""
        await self._writer.run(lambda conn: conn.execute(DROP_RECORD, (kind, id)).rowcount)

    async def log(self, *, after: int, limit: int) -> list[tuple[int, Event]]:
        """Return numbered log lines above `after`, in order.

        Numbers grow in the order of the commits, so a reader never misses a line that came late.
        """
        return await self._read(
            lambda conn: [(n, event_from(doc)) for n, doc in conn.execute(LOG, (after, limit))]
        )


def _record(kind: str, *row: Any) -> Record:
    name, doc, version, expires_at = row
    return Record(
        kind=kind, id=name, value=value_from(doc), version=version, expires_at=instant_or_none(expires_at)
    )
