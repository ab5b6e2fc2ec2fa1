"""What follows from a conversation's newest versions, written after it and repeatable without harm."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from router.conversation import Conversation, Entry, Event, Item
from router.ports import Change
from router.stores.codec import encode
from router.stores.mongo.base import CONVERSATION, MongoBase, line, text
from router.stores.mongo.client import Row, Write
from router.stores.words import words_said

#: A journal older than this belongs to a router that died or was cut off.
LEFT_BEHIND = timedelta(seconds=5)


class Follows(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What follows from one version of a conversation."""

    applied: Sequence[Entry] = ()
    events: Sequence[Event] = ()
    archived: Sequence[Item] = ()
    queue: str
    opened_at: datetime


follows_from = msgspec.json.Decoder(Follows).decode


def journal(change: Change, links: Sequence[str], at: datetime) -> Row:
    """Return the journal's entry for a change."""
    one = change.conversation
    follows = Follows(
        applied=change.applied,
        events=change.events,
        archived=change.archived,
        queue=one.queue,
        opened_at=one.opened_at,
    )
    return {"v": one.version, "at": at, "links": list(links), "doc": encode(follows).decode()}


class MongoProject(MongoBase):
    """Writing what follows, at once or by repair."""

    async def repair(self, limit: int) -> int:
        """Finish what a crash between two writes of one commit left undone; returns how many."""
        now = self._clock.now()
        await self._database.delete("records", {"expires_at": {"$lte": now}})
        left = {"journal.at": {"$lt": now - LEFT_BEHIND}}
        rows = await self._database.rows(
            "conversations", left, sort=[("journal.at", 1)], limit=limit, only=("journal",)
        )
        await self._finish(rows)
        return len(rows)

    async def _finish(self, rows: Iterable[Row]) -> None:
        """Write what the journals of these rows say and clear them."""
        writes: list[Write] = []
        done: list[tuple[str, int]] = []
        for row in rows:
            for entry in row.get("journal", ()):
                writes += self._writes(row["_id"], entry)
                done.append((row["_id"], entry["v"]))
        await self._database.write(writes)
        await self._clear(done)

    async def _follow(self, won: Sequence[Change]) -> None:
        """Write what follows from changes just committed, and clear their journals."""
        if not won:
            return
        now = self._clock.now()
        writes: list[Write] = []
        for change in won:
            links = self._new_links(change.conversation)
            writes += self._writes(change.conversation.id, journal(change, links, now))
        await self._database.write(writes)
        await self._clear([(change.conversation.id, change.conversation.version) for change in won])
        for change in won:
            self._remember(change.conversation)

    def _new_links(self, new: Conversation) -> list[str]:
        """Return the links that the stored version cannot have had, so far as we know."""
        old = self._conversations.get(new.id)
        if old is not None and old.version == new.version - 1:
            known = set(old.links)
            return [link for link in new.links if link not in known]
        return [*new.links, f"ref:{new.reference}"]

    async def _clear(self, done: Iterable[tuple[str, int]]) -> None:
        """Take entries that were carried out from the journals; an empty journal goes altogether."""
        done = list(done)
        pulls = [
            self._database.updating("conversations", {"_id": name}, {"$pull": {"journal": {"v": version}}})
            for name, version in done
        ]
        empty = [
            self._database.updating("conversations", {"_id": name, "journal": []}, {"$unset": {"journal": 1}})
            for name in {name for name, _ in done}
        ]
        await self._database.write([*pulls, *empty], ordered=True)

    def _writes(self, name: str, entry: Row) -> list[Write]:
        follows, version = follows_from(entry["doc"]), entry["v"]
        writes = [self._apply(name, one, follows.queue) for one in follows.applied]
        for number, event in enumerate(follows.events):
            row = {"_id": f"{name}:{version}:{number}", **line(event)}
            writes.append(self._database.inserting("log", row))
        for link in entry["links"]:
            row = {
                "_id": f"{link}\n{name}",
                "link": link,
                "conversation": name,
                "opened_at": follows.opened_at,
            }
            writes.append(self._database.inserting("links", row))
        for item in follows.archived:
            row = {"_id": f"{name}:{item.id}", "conversation": name, "seq": item.seq, "doc": text(item)}
            if item.sent_at is not None:
                row["sent_at"] = item.sent_at
            writes.append(self._database.inserting("archive", {**row, "terms": words_said([item])}))
        return writes

    def _apply(self, name: str, entry: Entry, queue: str) -> Write:
        change: Row = {
            "$set": {"state": "applied", "conversation": name, "seq": entry.seq, "queue": queue},
            "$unset": {"booked": 1, "reason": 1, "parked_at": 1},
        }
        return self._database.updating(
            "messages", {"_id": entry.key, "conversation": {"$exists": False}}, change
        )

    async def _finished(self, name: str) -> Conversation | None:
        """Return a conversation after finishing what its last writer may have left undone."""
        row = await self._database.row("conversations", {"_id": name}, only=(*CONVERSATION, "journal"))
        if row is None:
            return None
        if row.get("journal"):
            await self._finish([row])
        found = self._decoded([row])
        return found[0] if found else None
