"""What people, senders and timers look at."""

from collections.abc import Sequence
from datetime import datetime

from router.conversation import Conversation, Customer, Item
from router.ports import Stored
from router.stores import follow
from router.stores.codec import item_from
from router.stores.merge import lines, newest, newest_items
from router.stores.mongo.base import stored
from router.stores.mongo.client import Row
from router.stores.mongo.load import MongoLoad, together
from router.stores.words import asked

#: Most hits of a search that are looked at.
MOST_HITS = 2000

_URGENT = (("urgency", 1), ("_id", 1))


class MongoRead(MongoLoad):
    """The verbs that only look."""

    async def conversation(self, id: str) -> Conversation | None:
        """Return one conversation."""
        found = await self._found({"_id": id})
        return found[0] if found else None

    async def conversations(self, ids: Sequence[str]) -> list[Conversation]:
        """Return those that exist, in the order asked for."""
        found = {each.id: each for each in await self._found({"_id": {"$in": list(ids)}})}
        return [found[each] for each in ids if each in found]

    async def by_link(self, link: str) -> Conversation | None:
        """Return the newest conversation with this link (`thread:…`, `mid:…`, `ref:HB-…`)."""
        names = (await self._linked([link])).get(link)
        return await self.conversation(names[0]) if names else None

    async def transcript(self, conversation: str, *, after: int, limit: int) -> list[Stored | Item]:
        """Return messages and outbox items with seq above `after`, in order of seq, archive included."""
        found = await self._finished(conversation)
        wanted: Row = {"conversation": conversation, "seq": {"$gt": after}}
        rows = await self._database.rows("messages", wanted, sort=[("seq", 1)], limit=limit)
        archived = await self._database.rows("archive", wanted, sort=[("seq", 1)], limit=limit)
        items = [item_from(row["doc"]) for row in archived]
        items += found.outbox if found is not None else ()
        return lines([stored(row) for row in rows], items, after, limit)

    async def mine(self, agent: str, limit: int) -> list[Conversation]:
        """Return open work owned by the agent, most urgent first."""
        return await self._found({"status": "open", "owner": agent}, sort=_URGENT, limit=limit)

    async def watched(self, agent: str, limit: int) -> list[Conversation]:
        """Return open and held work without owner for which the agent is accountable, most urgent first."""
        found = []
        for status in ("open", "held"):
            wanted = {"status": status, "owner": "", "accountable": agent}
            found += await self._found(wanted, sort=_URGENT, limit=limit)
        return sorted(found, key=lambda each: (each.urgency, each.id))[:limit]

    async def listed(self, *, status: str, queue: str, limit: int, after: str) -> list[Conversation]:
        """Return a page by urgency; "" = any queue; `after` = id of the last one of the page before."""
        wanted: Row = {"status": status, **({"queue": queue} if queue else {})}
        last = await self._database.row("conversations", {"_id": after}, only=("urgency",)) if after else None
        if last is None:
            return await self._found(wanted, sort=_URGENT, limit=limit)
        same = {**wanted, "urgency": last["urgency"], "_id": {"$gt": after}}
        found = await self._found(same, sort=_URGENT, limit=limit)
        if len(found) < limit:
            rest = {**wanted, "urgency": {"$gt": last["urgency"]}}
            found += await self._found(rest, sort=_URGENT, limit=limit - len(found))
        return found

    async def search(self, text: str, limit: int) -> list[Conversation]:
        """Return conversations whose messages or answers contain the words, newest first."""
        words = asked(text)
        if not words:
            return []
        # terms consist of letters, digits and _ only, so they need no escaping
        wanted = [{"terms": word} for word in words[:-1]] + [{"terms": {"$regex": f"^{words[-1]}"}}]
        names: set[str] = set()
        for collection, field in (
            ("messages", "conversation"),
            ("archive", "conversation"),
            ("conversations", "_id"),
        ):
            rows = await self._database.rows(collection, {"$and": wanted}, limit=MOST_HITS, only=(field,))
            names.update(row[field] for row in rows if field in row)
        found = await self._found({"_id": {"$in": list(names)}})
        return sorted(found, key=lambda each: (each.updated_at, each.id), reverse=True)[:limit]

    async def of_customer(self, customer: str, limit: int) -> list[Conversation]:
        """Return the conversations of the person who this customer is now, newest first."""
        order = [("updated_at", -1), ("_id", -1)]
        known = await self.customer(customer)
        ids = (customer,) if known is None else known.ids
        found = await together(self._found({"customer": each}, sort=order, limit=limit) for each in ids)
        return newest((one for part in found for one in part), limit)

    async def customer(self, id: str) -> Customer | None:
        """Return the person who this customer is now: whoever it was joined into, else itself."""
        known = await follow.heirs(await self.customers([id]), self.customers)
        return follow.present(known, id) if id in known else None

    async def customers_of(self, identities: Sequence[str]) -> dict[str, Customer]:
        """Return by identity key who came with it first, as who they are now; strangers are absent."""
        return {key: found[0] for key, found in (await self._holders(set(identities))).items()}

    async def recent_items(self, limit: int) -> list[tuple[str, Item]]:
        """Return (conversation id, item) of what was sent last, newest first, for `/outbox`."""
        order = [("sent_at", -1), ("_id", -1)]
        found = await self._found({"sent_at": {"$exists": True}}, sort=order, limit=limit)
        rows = await self._database.rows("archive", {"sent_at": {"$exists": True}}, sort=order, limit=limit)
        archived = [(row["conversation"], item_from(row["doc"])) for row in rows]
        return newest_items(found, archived, limit)

    async def to_send(self, now: datetime, limit: int) -> list[Conversation]:
        """Return conversations whose `send_at` has come, earliest first."""
        return await self._found({"send_at": {"$lte": now}}, sort=[("send_at", 1), ("_id", 1)], limit=limit)

    async def to_wake(self, now: datetime, limit: int) -> list[Conversation]:
        """Return conversations whose `wake_at` has come, earliest first."""
        return await self._found({"wake_at": {"$lte": now}}, sort=[("wake_at", 1), ("_id", 1)], limit=limit)
