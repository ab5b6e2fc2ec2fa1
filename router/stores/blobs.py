"""Raw messages and attachments on one machine: small ones in a SQLite file, large ones as files.

Small ones share the flushes of the group commit; a file each would cost a flush each.
"""

import asyncio
import errno
import hashlib
import os
import sqlite3
import tempfile
from pathlib import Path

from router.errors import StoreDown, StoreFull
from router.stores.sqlite.schema import connect
from router.stores.writer import WAIT_S, Writer, store_error

#: From this size on a blob is a file of its own.
LARGE = 64 * 1024

_CREATE = "CREATE TABLE IF NOT EXISTS blobs (blob TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT"
_PUT = "INSERT INTO blobs (blob, data) VALUES (?, ?) ON CONFLICT DO NOTHING"
_GET = "SELECT data FROM blobs WHERE blob = ?"


class LocalBlobs:
    """Blobs below one directory: `blobs.db` and `blobs/ab/cdef…`; several processes may share it."""

    def __init__(self, directory: Path) -> None:
        """Take the directory; `open` creates what is missing."""
        self._directory = Path(directory)
        self._folder = self._directory / "blobs"
        self._writer = Writer("blob-writer", self._connect)
        self._near: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Create what is missing. Raises StoreDown."""
        self._folder.mkdir(parents=True, exist_ok=True)
        await self._writer.open()
        self._near = connect(self._directory / "blobs.db", cache_mb=4, read_only=True)

    async def close(self) -> None:
        """Finish what was asked."""
        await self._writer.close()
        if self._near is not None:
            self._near.close()
            self._near = None

    async def put(self, data: bytes) -> str:
        """Keep the bytes durably and return their address. Raises StoreFull, StoreDown."""
        if len(data) < LARGE:
            blob = hashlib.sha256(data).hexdigest()
            await self._writer.run(lambda conn: conn.execute(_PUT, (blob, data)).rowcount)
            return blob
        try:
            async with asyncio.timeout(WAIT_S):
                return await asyncio.to_thread(self._put_file, data)
        except TimeoutError:
            raise StoreDown(f"The disk did not take a blob within {WAIT_S:.0f} s.") from None
        except OSError as error:
            raise _meaning(error) from error

    async def get(self, blob: str) -> bytes:
        """Return the bytes; raises KeyError when there are none."""
        if self._near is None:
            raise StoreDown("The blobs are closed.")
        try:
            row = self._near.execute(_GET, (blob,)).fetchone()
        except sqlite3.Error as error:
            raise store_error(error) from error
        if row is not None:
            return bytes(row[0])
        path = self._path(blob)
        try:
            async with asyncio.timeout(WAIT_S):
                return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            raise KeyError(blob) from None
        except TimeoutError:
            raise StoreDown(f"The disk did not give a blob within {WAIT_S:.0f} s.") from None

    def _connect(self) -> sqlite3.Connection:
        conn = connect(self._directory / "blobs.db", cache_mb=4)
        conn.execute(_CREATE)
        return conn

    def _path(self, blob: str) -> Path:
        if len(blob) != 64 or not set(blob) <= set("0123456789abcdef"):
            raise KeyError(blob)
        return self._folder / blob[:2] / blob[2:]

    def _put_file(self, data: bytes) -> str:
        """Write beside, flush, rename, flush the directory: the address exists only with all its bytes."""
        blob = hashlib.sha256(data).hexdigest()
        path = self._path(blob)
        if path.exists():
            return blob
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True)
            _flush(self._folder)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _flush(path.parent)
        return blob


def _flush(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _meaning(error: OSError) -> Exception:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return StoreFull()
    return StoreDown(f"The blobs' directory cannot be written ({error.strerror}). Check the disk.")
