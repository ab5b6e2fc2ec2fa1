"""What health and audit count, each from one index."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from router.conversation import Conversation, Event
from router.kept.counting import PROMISES
from router.ports import Load, PromiseFigure, QueueStat, Stored
from router.stores.backlog import load
from router.stores.codec import event_from
from router.stores.mongo.base import MongoBase, stored
from router.stores.mongo.client import Row
from router.stores.stats import Line, Standing, promise_figures, queue_stats

#: Where an answer may be on its way that did not leave in time; who waits for nothing has no due time there.
ON_THE_WAY = ["pending", "resolved", "snoozed"]
_LINE = {"queue": "$queue", "channel": "$channel"}


class MongoHealth(MongoBase):
    """The verbs that count and walk."""

    async def queue_stats(self, *, now: datetime, since: datetime, risk_s: float) -> list[QueueStat]:
        """Return the standing of every queue and channel that has work, arrivals or parked messages."""
        horizon = now + timedelta(seconds=risk_s)
        nobody = {"$eq": ["$owner", ""]}
        standing = {
            "_id": _LINE,
            "waiting": _count(nobody),
            "assigned": _count({"$ne": ["$owner", ""]}),
            "oldest_at": {"$min": {"$cond": [nobody, "$waiting_since", None]}},
            **_dues(now, horizon),
        }
        new = {
            "_id": {"queue": "triage", "channel": "$channel"},
            "waiting": {"$sum": 1},
            "oldest_at": {"$min": "$received_at"},
            **_dues(now, horizon),
        }
        late = {"_id": _LINE, "overdue": {"$sum": 1}}
        on_the_way = {"status": {"$in": ON_THE_WAY}, "due_at": {"$lt": now}}
        rows = await self._database.grouped("conversations", {"status": "open"}, standing)
        rows += await self._database.grouped("conversations", {"status": "held"}, standing)
        rows += await self._database.grouped("conversations", on_the_way, late)
        rows += await self._database.grouped("messages", {"state": "new"}, new)
        answered = {"counted": True, "kind": "answered", "at": {"$gte": since}}
        return queue_stats(
            [(_line(row), _standing(row)) for row in rows],
            arrived=await self._counts("messages", {"received_at": {"$gte": since}}),
            handled=await self._counts("log", answered),
            parked=await self._counts("messages", {"state": "parked"}),
        )

    async def promise_figures(self, since: datetime, until: datetime) -> list[PromiseFigure]:
        """Return how promises were made and ended in the span, by queue and channel."""
        wanted = {"counted": True, "kind": {"$in": list(PROMISES)}, "at": {"$gte": since, "$lt": until}}
        group = {"_id": {**_LINE, "kind": "$kind"}, "count": {"$sum": 1}}
        rows = await self._database.grouped("log", wanted, group)
        return promise_figures((_line(row), row["_id"]["kind"], row["count"]) for row in rows)

    async def happened(self, kind: str, *, since: datetime, until: datetime, limit: int) -> list[Event]:
        """Return the log lines of a counted kind in the span, newest first."""
        wanted = {"counted": True, "kind": kind, "at": {"$gte": since, "$lt": until}}
        rows = await self._database.rows("log", wanted, sort=[("at", -1)], limit=limit, only=("doc",))
        return [event_from(row["doc"]) for row in rows]

    async def backlog(self) -> list[Load]:
        """Return the work to be done now, counted by what it needs, who has it and how urgent it is."""
        fields = {name: f"${name}" for name in ("needs", "queue", "channel", "owner", "bucket")}
        group = {"_id": fields, "count": {"$sum": 1}}
        rows = await self._database.grouped("conversations", {"needs": {"$gte": ""}}, group)
        return await asyncio.to_thread(lambda: [_load(row["_id"], row["count"]) for row in rows])

    async def audit_messages(self, after: str, limit: int) -> list[Stored]:
        """Return accepted messages by key, for a full walk."""
        rows = await self._database.rows("messages", {"_id": {"$gt": after}}, sort=[("_id", 1)], limit=limit)
        return [stored(row) for row in rows]

    async def audit_conversations(self, after: str, limit: int) -> list[Conversation]:
        """Return conversations by id, for a full walk."""
        return await self._found({"_id": {"$gt": after}}, sort=[("_id", 1)], limit=limit)

    async def _counts(self, collection: str, match: Row) -> dict[Line, int]:
        rows = await self._database.grouped(collection, match, {"_id": _LINE, "count": {"$sum": 1}})
        return {_line(row): row["count"] for row in rows}


def _line(row: Row) -> Line:
    return row["_id"]["queue"], row["_id"]["channel"]


def _load(found: Row, count: int) -> Load:
    return load(
        found["needs"],
        queue=found["queue"],
        channel=found["channel"],
        owner=found["owner"],
        bucket=int(found["bucket"]),
        count=count,
    )


def _count(condition: Row) -> Row:
    return {"$sum": {"$cond": [condition, 1, 0]}}


def _dues(now: datetime, horizon: datetime) -> Row:
    # absent and null sort before every date, so "before now" needs a lower end
    known: Sequence[Any] = ({"$gt": ["$due_at", None]},)
    return {
        "next_due_at": {"$min": "$due_at"},
        "overdue": _count({"$and": [*known, {"$lt": ["$due_at", now]}]}),
        "at_risk": _count({"$and": [{"$gte": ["$due_at", now]}, {"$lt": ["$due_at", horizon]}]}),
    }


def _standing(row: Row) -> Standing:
    return Standing(
        waiting=row.get("waiting", 0),
        assigned=row.get("assigned", 0),
        oldest_at=row.get("oldest_at"),
        next_due_at=row.get("next_due_at"),
        overdue=row["overdue"],
        at_risk=row.get("at_risk", 0),
    )
