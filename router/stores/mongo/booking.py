"""Books messages for conversations, so that a message ends up in exactly one.

Two documents cannot change together without a transaction, so before a conversation takes a message in, the
message is booked for it: `booked = {conversation, version, by, at}`, meaning "version so many of that
conversation will have it". The conversation's own document decides: if it names the message, it has it. A
booking for a version that came to be without the message is void. A booking whose writer seems to be gone is
first fenced: the conversation's version is raised (or its id taken), so that the writer, should it wake up,
loses its compare-and-set; only then the booking is taken over.
"""

from collections.abc import Sequence
from datetime import timedelta

from router.ports import Change
from router.stores.mongo.base import CONVERSATION, MongoBase, holds
from router.stores.mongo.client import Row

#: A booking younger than this may belong to a router at work; its rival loses for now.
FRESH = timedelta(seconds=10)
#: How often a rival's booking is looked at again while things change.
LOOKS = 4


class MongoBooking(MongoBase):
    """Booking messages, and settling rival bookings."""

    def _booking(self, change: Change, by: str) -> Row:
        one = change.conversation
        return {"conversation": one.id, "version": one.version, "by": by, "at": self._clock.now()}

    async def _book_contested(self, change: Change, keys: Sequence[str], by: str) -> bool:
        """Try to book messages that were not free; False when the change is lost."""
        return all([await self._book_one(change, key, by) for key in keys])

    async def _book_one(self, change: Change, key: str, by: str) -> bool:
        mine = self._booking(change, by)
        for _ in range(LOOKS):
            row = await self._database.row("messages", {"_id": key}, only=("conversation", "booked"))
            if row is None:
                return True  # the store never had this message; there is nothing to be booked
            if "conversation" in row:
                return bool(row["conversation"] == mine["conversation"])
            theirs = row.get("booked")
            if not await self._void(theirs, key, mine):
                return False
            # absent and null are one to a filter, so this is exact in both cases
            free = {"_id": key, "conversation": {"$exists": False}, "booked": theirs}
            if await self._database.change("messages", free, {"$set": {"booked": mine}}):
                return True
        return False

    async def _void(self, theirs: Row | None, key: str, mine: Row) -> bool:
        """Tell whether a booking stands in nobody's way any more; fence it if its writer seems gone."""
        if theirs is None:
            return True
        if theirs["conversation"] == mine["conversation"]:
            return bool(theirs["version"] <= mine["version"])
        row = await self._database.row("conversations", {"_id": theirs["conversation"]}, only=CONVERSATION)
        if row is not None and any(holds(one, key) for one in self._decoded([row])):
            return False
        if row is not None and row["version"] >= theirs["version"]:
            return True
        if self._clock.now() - theirs["at"] < FRESH:
            return False
        return await self._fence(theirs, row, key)

    async def _fence(self, theirs: Row, row: Row | None, key: str) -> bool:
        name, version = theirs["conversation"], theirs["version"]
        if row is None:
            void = {"_id": name, "version": version, "void": True, "fenced": [key], "at": self._clock.now()}
            return await self._database.insert("conversations", void)
        at_rest = {"_id": name, "version": row["version"]}
        return await self._database.change("conversations", at_rest, {"$set": {"version": version}})
