"""What arrives: accepted, swept, parked."""

from collections.abc import Sequence
from datetime import datetime

from channels.message import Message
from router.ports import Stored
from router.stores.codec import storable
from router.stores.mongo.base import MongoBase, stored, text
from router.stores.mongo.client import Row
from router.stores.words import words_of


class MongoIntake(MongoBase):
    """The verbs about accepted messages."""

    async def accept(self, messages: Sequence[tuple[Message, datetime]]) -> list[bool]:
        """Insert (message, due_at) pairs under their keys; True for new ones."""
        rows = [_row(storable(message), due_at) for message, due_at in messages]
        return await self._database.write([self._database.inserting("messages", row) for row in rows])

    async def unrouted(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Return (channel, key) of messages in state new, accepted before the instant, oldest first."""
        wanted = {"state": "new", "received_at": {"$lt": before}}
        rows = await self._database.rows(
            "messages", wanted, sort=[("received_at", 1)], limit=limit, only=("channel",)
        )
        return [(row["channel"], row["_id"]) for row in rows]

    async def park(self, key: str, *, reason: str, at: datetime) -> None:
        """Set a message that is in no conversation aside with the reason; adds one to its attempts."""
        change = {"$set": {"state": "parked", "reason": reason, "parked_at": at}, "$inc": {"attempts": 1}}
        await self._database.change("messages", {"_id": key, "state": {"$in": ["new", "parked"]}}, change)

    async def parked(self, limit: int) -> list[Stored]:
        """Return parked messages, oldest first."""
        rows = await self._database.rows(
            "messages", {"state": "parked"}, sort=[("parked_at", 1)], limit=limit
        )
        return [stored(row) for row in rows]

    async def unpark(self, key: str, *, discard: str = "") -> bool:
        """Make a parked message new again, or discard it with the reason; False when it was not parked."""
        change: Row = {"$set": {"state": "new"}, "$unset": {"reason": 1, "parked_at": 1}}
        if discard:
            change = {"$set": {"state": "discarded", "reason": discard}}
        return await self._database.change("messages", {"_id": key, "state": "parked"}, change)

    async def message(self, key: str) -> Stored | None:
        """Return one accepted message."""
        row = await self._database.row("messages", {"_id": key})
        return stored(row) if row is not None else None


def _row(message: Message, due_at: datetime) -> Row:
    return {
        "_id": message.key,
        "channel": message.channel,
        "received_at": message.received_at,
        "due_at": due_at,
        "state": "new",
        "queue": "triage",
        "terms": words_of(message),
        "doc": text(message),
    }
