"""Raw messages and attachments of a fleet, in GridFS: files named by their hash."""

import asyncio
import hashlib

from router.stores.mongo.client import Database, read_blob, write_blob

#: Hashing more than this would hold up the loop.
HASH_HERE = 128 * 1024


class MongoBlobs:
    """Blobs in the bucket `blobs`; two equal ones written at once lie there twice, which does no harm."""

    def __init__(self, url: str, *, database: str = "handleby") -> None:
        """Take the server's URL and the name of the database; `open` connects."""
        self._database = Database(url, database)

    async def open(self) -> None:
        """Connect. Raises StoreDown."""
        await self._database.hello()

    async def close(self) -> None:
        """Disconnect."""
        self._database.close()

    async def put(self, data: bytes) -> str:
        """Keep the bytes durably and return their address. Raises StoreFull, StoreDown."""
        if len(data) < HASH_HERE:
            blob = hashlib.sha256(data).hexdigest()
        else:
            blob = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if await self._database.row("blobs.files", {"filename": blob}, only=("filename",)) is None:
            await write_blob(self._database, "blobs", blob, data)
        return blob

    async def get(self, blob: str) -> bytes:
        """Return the bytes; raises KeyError when there are none."""
        data = await read_blob(self._database, "blobs", blob)
        if data is None:
            raise KeyError(blob)
        return data
