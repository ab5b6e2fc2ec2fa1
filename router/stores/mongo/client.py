"""The MongoDB driver: the only module that imports motor.

motor is in its last year of support. Everything used of it here has the same name in PyMongo's own asyncio
API, so that replacing it is a change of this file alone. Every call has a timeout, every driver error
becomes one of ours, and writes are confirmed by a journalled majority.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorGridFSBucket
from pymongo import DeleteOne, InsertOne, ReturnDocument, UpdateOne
from pymongo.errors import (
    ClientBulkWriteException,
    ConfigurationError,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)

from router.errors import ConfigError, StoreDown, StoreError, StoreFull

Row: TypeAlias = dict[str, Any]
Filter: TypeAlias = Mapping[str, Any]
Sort: TypeAlias = Sequence[tuple[str, int]]
Write: TypeAlias = InsertOne[Row] | UpdateOne | DeleteOne

DUPLICATE = 11000
OUT_OF_DISK = 14031
#: The wire version of MongoDB 8.0, which brought the bulk write that tells each operation's fate.
NEEDED_WIRE = 25

#: What the protocol relies on; the URL cannot change it.
_FIXED: dict[str, Any] = {"tz_aware": True, "tzinfo": UTC, "w": "majority", "journal": True}
#: What the URL may set otherwise.
_DEFAULTS: dict[str, Any] = {
    "wTimeoutMS": 15_000,
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 20_000,
    "waitQueueTimeoutMS": 10_000,
    "maxPoolSize": 50,
    "appname": "handleby",
}


class Database:
    """One database; plain rows in and out."""

    def __init__(self, url: str, name: str) -> None:
        """Take the server's URL and the database's name; nothing is connected yet."""
        try:
            self.client = AsyncIOMotorClient(url, **_defaults(url), **_FIXED)
        except (ConfigurationError, ValueError) as error:
            raise ConfigError(f"store.url cannot be used: {error}") from error
        self._name = name
        self._database = self.client[name]
        #: Told the shape of every query (collection, filter, sort), for a test of the indexes.
        self.watch: Callable[[str, Filter, Sort], None] | None = None

    async def hello(self) -> Row:
        """Connect and return what the server says of itself. Raises StoreDown, ConfigError."""
        async with _mapped():
            found: Row = await self.client.admin.command("hello")
        if found.get("maxWireVersion", 0) < NEEDED_WIRE:
            raise ConfigError("store.url names a MongoDB older than 8.0. Upgrade it, or use SQLite.")
        return found

    def close(self) -> None:
        """Disconnect."""
        self.client.close()

    def bucket(self, name: str) -> Any:
        """Return a GridFS bucket."""
        return AsyncIOMotorGridFSBucket(self._database, bucket_name=name)

    async def create_index(self, collection: str, keys: Sort, **options: Any) -> None:
        """Create an index unless it exists."""
        async with _mapped():
            await self._database[collection].create_index(list(keys), **options)

    async def explain(self, collection: str, filter: Filter, sort: Sort) -> Row:
        """Return the server's plan for a query."""
        async with _mapped():
            cursor = self._database[collection].find(filter)
            found: Row = await (cursor.sort(list(sort)) if sort else cursor).explain()
            return found

    async def rows(
        self, collection: str, filter: Filter, *, sort: Sort = (), limit: int = 0, only: Sequence[str] = ()
    ) -> list[Row]:
        """Return the rows that match; with `only`, just these fields and `_id`."""
        self._seen(collection, filter, sort)
        async with _mapped():
            cursor = self._database[collection].find(filter, dict.fromkeys(only, 1) or None)
            if sort:
                cursor = cursor.sort(list(sort))
            return [row async for row in cursor.limit(limit)]

    async def row(self, collection: str, filter: Filter, *, only: Sequence[str] = ()) -> Row | None:
        """Return one row that matches."""
        found = await self.rows(collection, filter, limit=1, only=only)
        return found[0] if found else None

    async def distinct(self, collection: str, field: str, filter: Filter) -> list[Any]:
        """Return the field's values in the rows that match."""
        self._seen(collection, filter, ())
        async with _mapped():
            return list(await self._database[collection].distinct(field, filter))

    async def grouped(self, collection: str, match: Row, group: Row) -> list[Row]:
        """Return the groups of the rows that match."""
        self._seen(collection, match, ())
        async with _mapped():
            cursor = self._database[collection].aggregate([{"$match": match}, {"$group": group}])
            if inspect.isawaitable(cursor):
                cursor = await cursor
            return [row async for row in cursor]

    async def change(
        self, collection: str, filter: Filter, update: Row | list[Row], *, upsert: bool = False
    ) -> bool:
        """Change one row; False when none matched."""
        self._seen(collection, filter, ())
        async with _mapped():
            result = await self._database[collection].update_one(filter, update, upsert=upsert)
            return bool(result.matched_count)

    async def changed(self, collection: str, filter: Filter, update: Row | list[Row]) -> Row | None:
        """Change one row and return it as it is then; None when none matched."""
        self._seen(collection, filter, ())
        async with _mapped():
            found: Row | None = await self._database[collection].find_one_and_update(
                filter, update, return_document=ReturnDocument.AFTER
            )
            return found

    async def insert(self, collection: str, row: Row) -> bool:
        """Insert a row; False when its id or another unique value is taken."""
        async with _mapped():
            try:
                await self._database[collection].insert_one(row)
            except DuplicateKeyError:
                return False
            return True

    async def delete(self, collection: str, filter: Filter) -> int:
        """Delete all rows that match; returns how many."""
        self._seen(collection, filter, ())
        async with _mapped():
            result = await self._database[collection].delete_many(filter)
            return int(result.deleted_count)

    # --- many writes in one trip

    def inserting(self, collection: str, row: Row) -> Write:
        """Return an insertion for `write`."""
        return InsertOne(row, namespace=f"{self._name}.{collection}")

    def updating(self, collection: str, filter: Filter, update: Row) -> Write:
        """Return an update of one row for `write`."""
        self._seen(collection, filter, ())
        return UpdateOne(filter, update, namespace=f"{self._name}.{collection}")

    async def write(self, writes: Sequence[Write], *, ordered: bool = False) -> list[bool]:
        """Write all in one trip and tell which took hold: matched, or inserted without a duplicate.

        The client-level bulk write is used because it alone tells each operation's fate. Ordered, the
        first duplicate ends it and the rest counts as not written.
        """
        if not writes:
            return []
        async with _mapped():
            try:
                result = await self.client.bulk_write(list(writes), ordered=ordered, verbose_results=True)
            except ClientBulkWriteException as error:
                result = _partial(error)
        fates = [False] * len(writes)
        if result is not None:
            for index in result.insert_results:
                fates[index] = True
            for index, one in result.update_results.items():
                fates[index] = one.matched_count > 0
        return fates

    def _seen(self, collection: str, filter: Filter, sort: Sort) -> None:
        if self.watch is not None:
            self.watch(collection, filter, sort)


def _defaults(url: str) -> dict[str, Any]:
    given = {name.lower() for name in parse_qs(urlsplit(url).query)}
    return {name: value for name, value in _DEFAULTS.items() if name.lower() not in given}


def _partial(error: ClientBulkWriteException) -> Any:
    """Return what was done when nothing but duplicates went wrong; else raise what did."""
    if error.error is not None:
        raise error.error
    if error.write_concern_errors:
        raise StoreDown("The write was not confirmed by a majority of the MongoDB servers.")
    for failed in error.write_errors or ():
        one: Any = failed
        if one["code"] != DUPLICATE:
            raise OperationFailure(one["errmsg"], one["code"])
    return error.partial_result


@asynccontextmanager
async def _mapped() -> AsyncIterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code == OUT_OF_DISK:
            raise StoreFull from error
        if error.has_error_label("RetryableWriteError") or error.timeout:
            raise StoreDown(f"MongoDB refused for now ({error.code}).") from error
        raise StoreError(f"MongoDB refused: {error}") from error
    except PyMongoError as error:
        raise StoreDown(f"MongoDB does not answer ({type(error).__name__}). Check store.url.") from error


async def read_blob(database: Database, bucket: Any, name: str) -> bytes | None:
    """Return the newest file of this name; None when there is none."""
    row = await database.row(f"{bucket}.files", {"filename": name}, only=("filename",))
    if row is None:
        return None
    async with _mapped():
        stream: Any = database.bucket(bucket).open_download_stream(row["_id"])
        if isinstance(stream, Awaitable):
            stream = await stream
        data: bytes = await stream.read()
        return data


async def write_blob(database: Database, bucket: Any, name: str, data: bytes) -> None:
    """Write a file; a reader sees it only when all of it is there."""
    async with _mapped():
        await database.bucket(bucket).upload_from_stream(name, data)
