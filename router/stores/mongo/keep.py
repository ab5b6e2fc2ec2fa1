"""What is kept beside conversations: heartbeats, note allowances, leases, records, the log."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from router.conversation import Event
from router.errors import StoreDown
from router.ports import Lease, Record
from router.stores.codec import event_from, value_from
from router.stores.mongo.base import MongoBase, text
from router.stores.mongo.client import Row

#: A note is remembered among so many of its recipient's; older ones cannot be asked for again.
NOTES_KEPT = 500
#: Rounds of a compare-and-set before we give up, far more than rivals are likely.
ROUNDS = 100
#: Log lines that one reader numbers at a time.
NUMBERED = 500

#: The server's time in milliseconds; leases use no other clock.
_NOW: Row = {"$toLong": "$$NOW"}


class MongoKeep(MongoBase):
    """The verbs about notes, heartbeats, leases, records and the log."""

    async def allow_notes(
        self, notes: Sequence[tuple[str, str]], *, at: datetime, most: int, window_s: float
    ) -> list[bool]:
        """Reserve (identity key, note id) pairs: at most `most` per identity in the window."""
        since = at - timedelta(seconds=window_s)
        wanted: dict[str, list[str]] = {}
        for identity, note in notes:
            wanted.setdefault(identity, []).append(note)
        answers = {
            identity: await self._allow(identity, asked, at=at, since=since, most=most)
            for identity, asked in wanted.items()
        }
        return [answers[identity][note] for identity, note in notes]

    async def _allow(
        self, identity: str, asked: Sequence[str], *, at: datetime, since: datetime, most: int
    ) -> dict[str, bool]:
        """Answer for one identity: all its notes are one document, changed by compare-and-set."""
        for _ in range(ROUNDS):
            row = await self._database.row("notes", {"_id": identity})
            known: list[Row] = row["notes"] if row else []
            answers = {note["note"]: bool(note["allowed"]) for note in known}
            sent = sum(1 for note in known if note["allowed"] and note["at"] > since)
            fresh = []
            for note in asked:
                if note not in answers:
                    answers[note] = sent < most
                    sent += answers[note]
                    fresh.append({"note": note, "at": at, "allowed": answers[note]})
            if not fresh or await self._keep_notes(identity, row, [*known, *fresh][-NOTES_KEPT:]):
                return answers
        raise StoreDown("Too many processes count notes for one recipient at once.")

    async def _keep_notes(self, identity: str, row: Row | None, notes: list[Row]) -> bool:
        if row is None:
            return await self._database.insert("notes", {"_id": identity, "version": 1, "notes": notes})
        unchanged = {"_id": identity, "version": row["version"]}
        return await self._database.change(
            "notes", unchanged, {"$set": {"notes": notes}, "$inc": {"version": 1}}
        )

    async def touch(self, agent: str, at: datetime) -> None:
        """Note a heartbeat of the agent's desk; does not change the agent's version."""
        beat: Row = {"$max": {"seen_at": at}}
        if not await self._database.change("agents", {"_id": agent}, beat):
            await self._database.insert("agents", {"_id": agent, "version": 0})
            await self._database.change("agents", {"_id": agent}, beat)

    # --- leases, by the server's time

    async def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take or extend a lease, by the server's time; None while somebody else holds it."""
        # the decision is made inside the update, by the server's clock
        mine = {"$eq": ["$holder", {"$literal": holder}]}
        free = {"$or": [mine, {"$lte": ["$until", _NOW]}]}
        taken = {
            "fence": {"$cond": [mine, "$fence", {"$cond": [free, {"$add": ["$fence", 1]}, "$fence"]}]},
            "until": {"$cond": [free, _until(seconds), "$until"]},
            "holder": {"$cond": [free, {"$literal": holder}, "$holder"]},
        }
        row = await self._database.changed("leases", {"_id": name}, [{"$set": taken}])
        if row is None:
            blank = {"_id": name, "holder": "", "fence": 0, "until": 0, "value": ""}
            await self._database.insert("leases", blank)
            row = await self._database.changed("leases", {"_id": name}, [{"$set": taken}])
        if row is None or row["holder"] != holder:
            return None
        return Lease(name=name, holder=holder, fence=int(row["fence"]), value=row["value"])

    async def save_lease(self, lease: Lease, value: str, seconds: float) -> bool:
        """Keep the value and extend; False when the fence is no longer the newest."""
        update: list[Row] = [{"$set": {"value": {"$literal": value}, "until": _until(seconds)}}]
        return await self._database.change("leases", _held(lease), update)

    async def release(self, lease: Lease) -> None:
        """Give the lease back at once; the value stays."""
        await self._database.change("leases", _held(lease), {"$set": {"holder": "", "until": 0}})

    # --- records

    async def record(self, kind: str, id: str) -> Record | None:
        """Return a record that has not expired."""
        row = await self._database.row("records", {"kind": kind, "id": id})
        return _record(row) if row is not None and self._alive(row) else None

    async def records(self, kind: str, limit: int) -> list[Record]:
        """Return the records of a kind that have not expired, by id."""
        alive = [{"expires_at": {"$exists": False}}, {"expires_at": {"$gt": self._clock.now()}}]
        wanted = {"kind": kind, "$or": alive}
        rows = await self._database.rows("records", wanted, sort=[("id", 1)], limit=limit)
        return [_record(row) for row in rows]

    async def put_record(self, record: Record) -> bool:
        """Write it if the stored version is one less (version 1 = must be new); False when it is not."""
        named = {"kind": record.kind, "id": record.id}
        fields: Row = {"version": record.version, "doc": text(record.value)}
        if record.expires_at is not None:
            fields["expires_at"] = record.expires_at
        if record.version == 1:
            await self._database.delete("records", {**named, "expires_at": {"$lte": self._clock.now()}})
            return await self._database.insert("records", {**named, **fields})
        update: Row = {"$set": fields}
        if record.expires_at is None:
            update["$unset"] = {"expires_at": 1}
        alive = [{"expires_at": {"$exists": False}}, {"expires_at": {"$gt": self._clock.now()}}]
        stored = {**named, "version": record.version - 1, "$or": alive}
        return await self._database.change("records", stored, update)

    async def drop_record(self, kind: str, id: str) -> None:
        """Delete a record if it exists."""
        await self._database.delete("records", {"kind": kind, "id": id})

    def _alive(self, row: Row) -> bool:
        return "expires_at" not in row or row["expires_at"] > self._clock.now()

    # --- log

    async def log(self, *, after: int, limit: int) -> list[tuple[int, Event]]:
        """Return numbered log lines above `after`, in order.

        Lines are written without a number and get one from whoever reads next, in order and one by one,
        unique: a number is only ever given after all smaller ones, whoever gives it. So a line that
        arrives late gets a late number, and no reader misses it.
        """
        await self._number_lines()
        rows = await self._database.rows("log", {"n": {"$gt": after}}, sort=[("n", 1)], limit=limit)
        return [(row["n"], event_from(row["doc"])) for row in rows]

    async def _number_lines(self) -> None:
        order = [("at", 1), ("_id", 1)]
        while fresh := await self._database.rows(
            "log", {"fresh": True}, sort=order, limit=NUMBERED, only=("_id",)
        ):
            last = await self._database.rows(
                "log", {"n": {"$exists": True}}, sort=[("n", -1)], limit=1, only=("n",)
            )
            start = last[0]["n"] + 1 if last else 1
            writes = [
                self._database.updating(
                    "log", {"_id": row["_id"], "fresh": True}, {"$set": {"n": number}, "$unset": {"fresh": 1}}
                )
                for number, row in enumerate(fresh, start=start)
            ]
            # ordered: a number taken by somebody else ends it, and the rest is looked at anew
            if all(await self._database.write(writes, ordered=True)):
                continue
            await asyncio.sleep(0.01)


def _until(seconds: float) -> Row:
    return {"$add": [_NOW, round(seconds * 1000)]}


def _held(lease: Lease) -> Row:
    return {"_id": lease.name, "holder": lease.holder, "fence": lease.fence}


def _record(row: Row) -> Record:
    return Record(
        kind=row["kind"],
        id=row["id"],
        value=value_from(row["doc"]),
        version=row["version"],
        expires_at=row.get("expires_at"),
    )
