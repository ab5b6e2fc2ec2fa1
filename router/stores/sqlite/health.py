"""What health and audit count."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from router.conversation import Conversation, Event
from router.ports import Load, PromiseFigure, QueueStat, Stored
from router.stores.backlog import load
from router.stores.codec import event_from, instant_or_none, ms
from router.stores.sqlite.base import SqliteBase, stored
from router.stores.sqlite.queries import SQL
from router.stores.stats import Standing, promise_figures, queue_stats

STANDING, STANDING_NEW, STANDING_LATE = SQL["standing"], SQL["standing_new"], SQL["standing_late"]
ARRIVED = SQL["arrived"]
HANDLED, PARKED_COUNTS, PROMISE_COUNTS = SQL["handled"], SQL["parked_counts"], SQL["promises"]
BACKLOG, HAPPENED = SQL["backlog"], SQL["happened"]
AUDIT_MESSAGES, AUDIT_CONVERSATIONS = SQL["audit_messages"], SQL["audit_conversations"]


class SqliteHealth(SqliteBase):
    """The verbs that count and walk."""

    async def queue_stats(self, *, now: datetime, since: datetime, risk_s: float) -> list[QueueStat]:
        """Return the standing of every queue and channel that has work, arrivals or parked messages."""
        span = (ms(now), ms(now + timedelta(seconds=risk_s)))

        def read(conn: sqlite3.Connection) -> list[QueueStat]:
            rows = [*conn.execute(STANDING, span), *conn.execute(STANDING_NEW, span)]
            rows += conn.execute(STANDING_LATE, span[:1])
            return queue_stats(
                [((row[0], row[1]), _standing(row)) for row in rows],
                arrived=dict(_counts(conn, ARRIVED, ms(since))),
                handled=dict(_counts(conn, HANDLED, ms(since))),
                parked=dict(_counts(conn, PARKED_COUNTS)),
            )

        return await self._read(read)

    async def promise_figures(self, since: datetime, until: datetime) -> list[PromiseFigure]:
        """Return how promises were made and ended in the span, by queue and channel."""
        span = (ms(since), ms(until))
        rows = await self._read(lambda conn: conn.execute(PROMISE_COUNTS, span).fetchall())
        return promise_figures(((queue, channel), kind, count) for queue, channel, kind, count in rows)

    async def happened(self, kind: str, *, since: datetime, until: datetime, limit: int) -> list[Event]:
        """Return the log lines of a counted kind in the span, newest first."""
        asked = (kind, ms(since), ms(until), limit)
        return await self._read(lambda conn: [event_from(doc) for (doc,) in conn.execute(HAPPENED, asked)])

    async def backlog(self) -> list[Load]:
        """Return the work to be done now, counted by what it needs, who has it and how urgent it is."""
        return await self._read(
            lambda conn: [
                load(words, queue=queue, channel=channel, owner=owner or "", bucket=bucket, count=count)
                for words, queue, channel, owner, bucket, count in conn.execute(BACKLOG)
            ]
        )

    async def audit_messages(self, after: str, limit: int) -> list[Stored]:
        """Return accepted messages by key, for a full walk."""
        return await self._read(
            lambda conn: [stored(row) for row in conn.execute(AUDIT_MESSAGES, (after, limit))]
        )

    async def audit_conversations(self, after: str, limit: int) -> list[Conversation]:
        """Return conversations by id, for a full walk."""
        return await self._read(self._few(AUDIT_CONVERSATIONS, after, limit))


def _counts(conn: sqlite3.Connection, statement: str, *values: Any) -> Iterator[tuple[tuple[str, str], int]]:
    for queue, channel, count in conn.execute(statement, values):
        yield (queue, channel), count


def _standing(row: tuple[Any, ...]) -> Standing:
    _, _, waiting, assigned, oldest, next_due, overdue, at_risk = row
    return Standing(
        waiting=waiting,
        assigned=assigned,
        oldest_at=instant_or_none(oldest),
        next_due_at=instant_or_none(next_due),
        overdue=overdue or 0,
        at_risk=at_risk or 0,
    )
