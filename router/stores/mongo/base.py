"""What all parts of the MongoDB store share: the connection and how rows become values.

The value itself is JSON text in `doc`, the same as in SQLite; fields beside it are what queries look at.
So no name that people choose ever becomes a field name, and dots and dollars in them are harmless.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from msgspec.structs import replace

from channels.port import Clock
from router.clock import whole_ms
from router.conversation import Agent, Conversation, Event
from router.ports import Stored
from router.stores.codec import agent_from, conversation_from, encode, message_from
from router.stores.mongo.client import Database, Row
from router.stores.mongo.indexes import migrate
from router.stores.stats import COUNTED

#: Decoded conversations kept; each is a few kB.
KEPT = 2000

#: What is read of a conversation's row.
CONVERSATION = ("version", "doc", "void")


class MongoBase:
    """The connection and what is remembered."""

    def __init__(self, url: str, *, clock: Clock, database: str = "handleby") -> None:
        """Take the server's URL, the clock and the name of the database; `open` connects."""
        self._clock = clock
        self._database = Database(url, database)
        #: Decoded documents by id, each with its version: (id, version) names one content for ever.
        self._conversations: dict[str, Conversation] = {}

    @property
    def client(self) -> Any:
        """The driver's client, for tests."""
        return self._database.client

    async def open(self) -> None:
        """Connect and bring the schema up to date. Raises StoreDown, or ConfigError for a newer database."""
        await self._database.hello()
        await migrate(self._database)

    async def close(self) -> None:
        """Disconnect."""
        self._database.close()

    async def now(self) -> datetime:
        """Return the server's time."""
        at: datetime = (await self._database.hello())["localTime"]
        return whole_ms(at if at.tzinfo is not None else at.replace(tzinfo=UTC))

    async def _found(self, filter: Row, **more: Any) -> list[Conversation]:
        return self._decoded(await self._database.rows("conversations", filter, only=CONVERSATION, **more))

    def _decoded(self, rows: Iterable[Row]) -> list[Conversation]:
        """Return the conversations of rows; those known in this version are not decoded again."""
        found = []
        for row in rows:
            if row.get("void"):
                continue
            known = self._conversations.get(row["_id"])
            if known is None or known.version != row["version"]:
                known = replace(conversation_from(row["doc"]), version=row["version"])
                self._remember(known)
            found.append(known)
        return found

    def _remember(self, conversation: Conversation) -> None:
        self._conversations[conversation.id] = conversation
        if len(self._conversations) > KEPT:
            for name in list(islice(self._conversations, KEPT // 4)):
                del self._conversations[name]

    async def agents(self) -> dict[str, Agent]:
        """Return all agents by id."""
        rows = await self._database.rows("agents", {})
        return {row["_id"]: _agent(row) for row in rows}


def _agent(row: Row) -> Agent:
    known = agent_from(row["doc"]) if "doc" in row else Agent(id=row["_id"])
    return replace(known, version=row["version"], seen_at=row.get("seen_at"))


def stored(row: Row) -> Stored:
    """Return the message of a row."""
    return Stored(
        message=message_from(row["doc"]),
        state=row["state"],
        conversation=row.get("conversation", ""),
        seq=row.get("seq", 0),
        queue=row["queue"],
        due_at=row["due_at"],
        reason=row.get("reason", ""),
        parked_at=row.get("parked_at"),
        attempts=row.get("attempts", 0),
    )


def text(value: Any) -> str:
    """Return the value as JSON text."""
    return encode(value).decode()


def line(event: Event) -> Row:
    """Return the row of a log line that has no number yet."""
    row: Row = {
        "fresh": True,
        "at": event.at,
        "kind": event.kind,
        "queue": event.queue,
        "channel": event.channel,
        "doc": text(event),
    }
    return {**row, "counted": True} if event.kind in COUNTED else row
