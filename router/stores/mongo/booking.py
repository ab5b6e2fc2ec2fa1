"""Books messages for conversations, so that a message ends up in exactly one.

Two documents cannot change together without a transaction, so before a conversation takes a message in, the
message is booked for it: `booked = {conversation, version, by, at}`, meaning "version so many of that
conversation will have it". The conversation's own document decides: if it names the message, it has it. A
booking for a version that came to be without the message is void. A booking whose writer seems to be gone is
first fenced: the conversation's version is raised (or its id taken), so that the writer, should it wake up,
loses its compare-and-set; only then the booking is taken over.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

from router.conversation import Conversation
from router.ports import Change
from router.stores.mongo.base import CONVERSATION, MongoBase
from router.stores.mongo.client import Row
from router.stores.mongo.project import follows_from

#: A booking younger than this may belong to a router at work; its rival loses for now.
FRESH = timedelta(seconds=10)
#: How often a rival's booking is looked at again before the change is lost.
LOOKS = 40


class Standing(Enum):
    """How a rival's booking stands."""

    VOID = "void"  # it never came to be and never will
    TAKEN = "taken"  # the rival has the message
    OPEN = "open"  # the rival may be at work


class MongoBooking(MongoBase):
    """Booking messages, and settling rival bookings."""

    #: How long a rival is given between two looks; all looks together last as long as FRESH.
    pause_s = 0.25

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
            standing = await self._standing(theirs, key, mine)
            if standing is Standing.TAKEN:
                return False
            if standing is Standing.OPEN:
                await asyncio.sleep(self.pause_s)
                continue
            # absent and null are one to a filter, so this is exact in both cases
            free = {"_id": key, "conversation": {"$exists": False}, "booked": theirs}
            if await self._database.change("messages", free, {"$set": {"booked": mine}}):
                return True
        return False

    async def _standing(self, theirs: Row | None, key: str, mine: Row) -> Standing:
        """Tell how a booking stands; one whose writer seems gone is fenced and so becomes void."""
        if theirs is None:
            return Standing.VOID
        if theirs["conversation"] == mine["conversation"]:
            return Standing.VOID if theirs["version"] <= mine["version"] else Standing.TAKEN
        home = {"_id": theirs["conversation"]}
        row = await self._database.row("conversations", home, only=(*CONVERSATION, "journal", "fenced"))
        if row is not None and (
            _journalled(row, key) or any(holds(one, key) for one in self._decoded([row]))
        ):
            return Standing.TAKEN
        if row is not None and _passed(row, theirs, key):
            return Standing.VOID
        if self._clock.now() - theirs["at"] < FRESH:
            return Standing.OPEN
        return Standing.VOID if await self._fence(theirs, row, key) else Standing.OPEN

    async def _fence(self, theirs: Row, row: Row | None, key: str) -> bool:
        """Make sure that the writer of a booking loses, however late it wakes; so an id once taken stays taken."""
        name, version = theirs["conversation"], theirs["version"]
        if row is None:
            void = {"_id": name, "version": version, "void": True, "fenced": [key], "at": self._clock.now()}
            return await self._database.insert("conversations", void)
        if row.get("void"):
            void = {"_id": name, "void": True}
            return await self._database.change("conversations", void, {"$addToSet": {"fenced": key}})
        at_rest = {"_id": name, "version": row["version"]}
        return await self._database.change("conversations", at_rest, {"$set": {"version": version}})


def _passed(row: Row, booking: Row, key: str) -> bool:
    """Tell whether the booked version can no longer come to be."""
    if row.get("void"):
        return key in row["fenced"]  # an id only taken still lets other messages begin the conversation
    return bool(row["version"] >= booking["version"])


def holds(conversation: Conversation, key: str) -> bool:
    """Tell whether the conversation holds the message."""
    return any(entry.key == key for entry in conversation.entries)


def _journalled(row: Row, key: str) -> bool:
    return any(
        one.key == key for entry in row.get("journal", ()) for one in follows_from(entry["doc"]).applied
    )
