"""Every index of the MongoDB store, in one table, and the migrations that created them.

Fields that are empty most of the time are absent then, so that `{"$exists": True}` keeps their index small.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from router.errors import ConfigError
from router.stores.mongo.client import Database, Row
from router.stores.mongo.fill import fill_backlog


class Index(Struct, frozen=True):
    """One index: collection, fields in order, which rows it holds, whether values are unique."""

    collection: str
    fields: tuple[str, ...]
    partial: Row | None = None
    unique: bool = False


_OPEN = {"status": "open"}

#: The first version of the schema.
START = (
    Index("messages", ("state", "received_at", "channel", "due_at"), {"state": "new"}),
    Index("messages", ("state", "parked_at", "queue", "channel"), {"state": "parked"}),
    Index("messages", ("conversation", "seq"), {"conversation": {"$exists": True}}),
    Index("messages", ("received_at", "queue", "channel")),
    Index("messages", ("terms",)),
    Index("conversations", ("reference",), {"reference": {"$exists": True}}, unique=True),
    Index("conversations", ("lane", "urgency", "_id"), {"lane": {"$exists": True}}),
    Index("conversations", ("owner", "urgency", "_id"), _OPEN),
    Index("conversations", ("accountable", "owner", "urgency", "_id"), _OPEN),
    Index("conversations", ("status", "urgency", "_id")),
    Index("conversations", ("status", "queue", "urgency", "_id")),
    Index("conversations", ("status", "queue", "channel", "owner", "due_at", "waiting_since"), _OPEN),
    Index("conversations", ("send_at", "_id"), {"send_at": {"$exists": True}}),
    Index("conversations", ("wake_at", "_id"), {"wake_at": {"$exists": True}}),
    Index("conversations", ("sent_at", "_id"), {"sent_at": {"$exists": True}}),
    Index("conversations", ("customer", "updated_at", "_id")),
    Index("conversations", ("terms",)),
    Index("conversations", ("journal.at",), {"journal.at": {"$exists": True}}),
    Index("conversations", ("journal.links",), {"journal.links": {"$exists": True}}),
    Index("links", ("link", "opened_at", "conversation")),
    Index("archive", ("conversation", "seq")),
    Index("archive", ("terms",)),
    Index("customers", ("first",), {"first": {"$exists": True}}, unique=True),
    Index("customers", ("keys",)),
    Index("records", ("kind", "id"), unique=True),
    Index("records", ("expires_at",), {"expires_at": {"$exists": True}}),
    Index("log", ("n",), {"n": {"$exists": True}}, unique=True),
    Index("log", ("fresh", "at", "_id"), {"fresh": True}),
    Index("log", ("counted", "kind", "at", "queue", "channel"), {"counted": True}),
)

_HELD = {"status": "held"}

#: Held work has a due time that somebody must see, and so has an answer on its way; what was sent last is
#: found without reading the archive of whole conversations.
HELD = (
    Index("conversations", ("owner", "accountable", "urgency", "_id"), _HELD),
    Index("conversations", ("status", "channel", "queue", "owner", "due_at", "waiting_since"), _HELD),
    Index("conversations", ("due_at", "status", "queue", "channel"), {"due_at": {"$exists": True}}),
    Index("archive", ("sent_at", "_id"), {"sent_at": {"$exists": True}}),
)

#: Work to be done, counted by what it needs and how urgent it is.
BACKLOG = (
    Index("conversations", ("needs", "queue", "channel", "owner", "bucket"), {"needs": {"$exists": True}}),
)

#: What each version adds, oldest first; never changed, only lengthened.
MIGRATIONS: Sequence[Sequence[Index]] = (START, HELD, BACKLOG)
#: What has to be done to the rows there are once the indexes of a version exist.
FILLS: Mapping[int, Callable[[Database], Awaitable[None]]] = {3: fill_backlog}


async def migrate(database: Database) -> None:
    """Bring the database's schema up to date, forward only; several processes may do so at once.

    Raises ConfigError when the database was written by a newer version of the program.
    """
    row = await database.row("meta", {"_id": "schema"})
    version = row["version"] if row else 0
    if version > len(MIGRATIONS):
        raise ConfigError(
            f"The MongoDB database was written by a newer version (schema {version}; this program knows "
            f"{len(MIGRATIONS)}). Install that version again, or restore the backup from before the upgrade."
        )
    for number, indexes in enumerate(MIGRATIONS[version:], start=version + 1):
        for index in indexes:
            await _create(database, index)
        if number in FILLS:
            await FILLS[number](database)
        await database.change("meta", {"_id": "schema"}, {"$max": {"version": number}}, upsert=True)


async def _create(database: Database, index: Index) -> None:
    options: Row = {"name": "_".join(index.fields).replace(".", "_")}
    if index.partial is not None:
        options["partialFilterExpression"] = index.partial
    if index.unique:
        options["unique"] = True
    await database.create_index(index.collection, [(field, 1) for field in index.fields], **options)
