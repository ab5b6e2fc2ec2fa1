"""What arrives: accepted, swept, parked."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from channels.message import Message
from router.ports import Stored
from router.stores.codec import encode, keys_json, ms, storable
from router.stores.sqlite.base import SqliteBase, stored
from router.stores.sqlite.queries import SQL

ACCEPT, ACCEPT_BODY = SQL["accept"], SQL["accept_body"]
UNROUTED, PARKED, MESSAGES = SQL["unrouted"], SQL["parked"], SQL["messages"]
PARK, UNPARK, DISCARD = SQL["park"], SQL["unpark"], SQL["discard"]


class SqliteIntake(SqliteBase):
    """The verbs about accepted messages."""

    async def accept(self, messages: Sequence[tuple[Message, datetime]]) -> list[bool]:
        """Insert (message, due_at) pairs under their keys; True for new ones."""
        rows = [_row(storable(message), due_at) for message, due_at in messages]

        def job(conn: sqlite3.Connection) -> list[bool]:
            new, bodies = [], []
            for values, doc in rows:
                cursor = conn.execute(ACCEPT, values)
                new.append(cursor.rowcount == 1)
                if cursor.rowcount == 1:
                    bodies.append((cursor.lastrowid, doc))
            conn.executemany(ACCEPT_BODY, bodies)
            return new

        return await self._writer.run(job)

    async def unrouted(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Return (channel, key) of messages in state new, accepted before the instant, oldest first."""
        return await self._read(lambda conn: conn.execute(UNROUTED, (ms(before), limit)).fetchall())

    async def park(self, key: str, *, reason: str, at: datetime) -> None:
        """Set a message that is in no conversation aside with the reason; adds one to its attempts."""
        await self._writer.run(lambda conn: conn.execute(PARK, (reason, ms(at), key)).rowcount)

    async def parked(self, limit: int) -> list[Stored]:
        """Return parked messages, oldest first."""
        return await self._read(lambda conn: [stored(row) for row in conn.execute(PARKED, (limit,))])

    async def unpark(self, key: str, *, discard: str = "") -> bool:
        """Make a parked message new again, or discard it with the reason; False when it was not parked."""
        if discard:
            return await self._writer.run(lambda conn: conn.execute(DISCARD, (discard, key)).rowcount == 1)
        return await self._writer.run(lambda conn: conn.execute(UNPARK, (key,)).rowcount == 1)

    async def message(self, key: str) -> Stored | None:
        """Return one accepted message."""
        row = await self._near(lambda conn: conn.execute(MESSAGES, (keys_json([key]),)).fetchone())
        return stored(row) if row is not None else None


def _row(message: Message, due_at: datetime) -> tuple[tuple[str, str, int, int], bytes]:
    columns = (message.key, message.channel, ms(message.received_at), ms(due_at))
    return columns, encode(message)
