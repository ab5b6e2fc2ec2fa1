"""What a batch reads, in three rounds of questions asked side by side."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from router.conversation import Conversation, Customer, links_of
from router.ports import Loaded, Stored
from router.stores import follow
from router.stores.codec import customer_from
from router.stores.limits import HEIRS, NEWEST, NOTES_WINDOW, PER_LINK
from router.stores.mongo.base import CONVERSATION, stored
from router.stores.mongo.client import Row
from router.stores.mongo.project import MongoProject

T = TypeVar("T")

#: More links than this of one name are not even looked at.
MOST_LINKS = 5000


class MongoLoad(MongoProject):
    """The verbs that a batch reads with."""

    async def load(self, keys: Sequence[str]) -> Loaded:
        """Return everything the batch needs: messages, what they may attach to, customers, agents."""
        rows = await self._database.rows("messages", {"_id": {"$in": list(set(keys))}}) if keys else []
        messages = {row["_id"]: stored(row) for row in await self._helped(rows)}
        asked = {link for one in messages.values() for link in links_of(one.message)}
        senders = {one.message.sender.key for one in messages.values()}
        claimed = {claim.key for one in messages.values() for claim in one.message.claims}
        links, holders, sent, agents = await asyncio.gather(
            self._linked(asked), self._holders(senders | claimed), self._sent(senders), self.agents()
        )
        customers = {key: found[0] for key, found in holders.items()}
        theirs = {one for key in senders if key in customers for one in customers[key].ids}
        wanted = {one.conversation for one in messages.values() if one.conversation}
        wanted.update(one for found in links.values() for one in found)
        wanted.update(await self._newest(theirs))
        conversations = await self._with_heirs(wanted)
        return Loaded(
            messages=_agreed(messages, conversations.values()),
            conversations=conversations,
            links=links,
            customers=customers,
            holders=holders,
            notes_sent=sent,
            agents=agents,
        )

    async def waiting(self, lanes: Sequence[str] | None, limit: int) -> list[Conversation]:
        """Return the `limit` most urgent waiting conversations of each lane (None: of every lane)."""
        if lanes is None:
            lanes = await self._database.distinct("conversations", "lane", {"lane": {"$exists": True}})
        order = [("urgency", 1), ("_id", 1)]
        heads = await together(self._found({"lane": lane}, sort=order, limit=limit) for lane in sorted(lanes))
        return [each for found in heads for each in found]

    async def _helped(self, rows: list[Row]) -> list[Row]:
        """Finish what a router left undone about these messages, and return them as they are then.

        Booked and not applied: the conversation may have the message already.
        """
        homes = {row["booked"]["conversation"] for row in rows if row.get("booked")}
        if not homes:
            return rows
        undone = {"_id": {"$in": list(homes)}, "journal.at": {"$exists": True}}
        left = await self._database.rows("conversations", undone, only=("journal",))
        await self._finish(left)
        return await self._database.rows("messages", {"_id": {"$in": [row["_id"] for row in rows]}})

    async def _linked(self, asked: Collection[str]) -> dict[str, list[str]]:
        if not asked:
            return {}
        wanted = {"$in": list(asked)}
        rows, unfinished = await asyncio.gather(
            self._database.rows("links", {"link": wanted}, limit=MOST_LINKS),
            self._database.rows("conversations", {"journal.links": wanted}, only=("journal", "doc")),
        )
        for row in unfinished:
            for entry in row.get("journal", ()):
                opened = entry["at"]
                rows += [
                    {"link": link, "conversation": row["_id"], "opened_at": opened} for link in entry["links"]
                ]
        found: dict[str, list[str]] = {}
        for row in sorted(rows, key=_opened, reverse=True):
            ids = found.setdefault(row["link"], [])
            if row["link"] in asked and row["conversation"] not in ids and len(ids) < PER_LINK:
                ids.append(row["conversation"])
        return {link: ids for link, ids in found.items() if ids}

    async def _holders(self, keys: Collection[str]) -> dict[str, list[Customer]]:
        """Return everybody with each identity key, as who they are now."""
        wanted = {"$in": list(keys)}
        rows = await self._database.rows("customers", {"keys": wanted}) if keys else []
        found = follow.holders(
            (key, row.get("first") == key, customer_from(row["doc"]))
            for row in rows
            for key in row["keys"]
            if key in keys
        )
        known = {one.id: one for ones in found.values() for one in ones}
        return follow.now(found, await follow.heirs(known, self.customers))

    async def customers(self, ids: Sequence[str]) -> dict[str, Customer]:
        """Return the records with these ids as they are stored."""
        rows = await self._database.rows("customers", {"_id": {"$in": list(ids)}}) if ids else []
        return {row["_id"]: customer_from(row["doc"]) for row in rows}

    async def _newest(self, customers: Collection[str]) -> list[str]:
        if not customers:
            return []
        order = [("updated_at", -1), ("_id", -1)]
        found = await together(
            self._database.rows("conversations", {"customer": one}, sort=order, limit=NEWEST, only=("_id",))
            for one in customers
        )
        return [row["_id"] for rows in found for row in rows]

    async def _sent(self, identities: Collection[str]) -> dict[str, int]:
        since = self._clock.now() - NOTES_WINDOW
        rows = await self._database.rows("notes", {"_id": {"$in": list(identities)}}) if identities else []
        counts = {row["_id"]: _allowed(row, since) for row in rows}
        return {identity: counts.get(identity, 0) for identity in identities}

    async def _with_heirs(self, wanted: set[str]) -> dict[str, Conversation]:
        found: dict[str, Conversation] = {}
        for _ in range(HEIRS + 1):
            missing = wanted - found.keys()
            if not missing:
                break
            rows = await self._database.rows(
                "conversations", {"_id": {"$in": list(missing)}}, only=CONVERSATION
            )
            fresh = self._decoded(rows)
            found.update((each.id, each) for each in fresh)
            wanted = {each.merged_into for each in fresh if each.merged_into}
        return found


def _agreed(messages: dict[str, Stored], conversations: Iterable[Conversation]) -> dict[str, Stored]:
    """Mark messages as applied that a conversation read a moment later has taken in meanwhile."""
    new = {key for key, one in messages.items() if not one.conversation}
    for home in conversations if new else ():
        for entry in home.entries:
            if entry.key in new:
                messages[entry.key] = replace(
                    messages[entry.key],
                    state="applied",
                    conversation=home.id,
                    seq=entry.seq,
                    queue=home.queue,
                )
    return messages


def _opened(row: Row) -> Any:
    return row["opened_at"], row["conversation"]


def _allowed(row: Row, since: Any) -> int:
    return sum(1 for note in row["notes"] if note["allowed"] and note["at"] > since)


async def together(questions: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Ask all at once; the driver's pool limits how many are under way."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(question) for question in questions]
    return [task.result() for task in tasks]
