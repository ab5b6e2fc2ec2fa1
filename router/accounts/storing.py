"""A store that fails, told to channels in their own words: the sender is to try again."""

from collections.abc import Iterator
from contextlib import contextmanager

from channels.errors import Unavailable
from channels.port import Blobs
from router.errors import StoreError


@contextmanager
def storing() -> Iterator[None]:
    """Say of a store that fails what channels understand. Raises Unavailable."""
    try:
        yield
    except StoreError as error:
        raise Unavailable(str(error)) from error


class Kept:
    """The blobs as channels see them: a full disk makes no message unreadable, it makes it come again."""

    def __init__(self, blobs: Blobs) -> None:
        """Take where the bytes lie."""
        self._blobs = blobs

    async def put(self, data: bytes) -> str:
        """Keep the bytes durably and return their address. Raises Unavailable."""
        with storing():
            return await self._blobs.put(data)

    async def get(self, blob: str) -> bytes:
        """Return the bytes. Raises KeyError when there are none, Unavailable when they cannot be read."""
        with storing():
            return await self._blobs.get(blob)
