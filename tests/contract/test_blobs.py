"""What every kind of blobs promises."""

import asyncio
import hashlib

import pytest

from channels.port import Blobs


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 700_000])
async def test_bytes_come_back_by_their_hash(store_blobs: Blobs, size: int) -> None:
    """Small and large blobs come back whole under their SHA-256."""
    data = b"\x00\xff" * (size // 2) + b"x" * (size % 2)
    blob = await store_blobs.put(data)
    assert blob == hashlib.sha256(data).hexdigest()
    assert await store_blobs.get(blob) == data


@pytest.mark.parametrize("size", [10, 100_000])
async def test_the_same_bytes_many_times_at_once(store_blobs: Blobs, size: int) -> None:
    """Equal bytes put at once have one address and come back once."""
    blobs = await asyncio.gather(*(store_blobs.put(b"x" * size) for _ in range(5)))
    assert len(set(blobs)) == 1
    assert await store_blobs.get(blobs[0]) == b"x" * size


@pytest.mark.parametrize("blob", ["", "nothing", "../../../etc/passwd", "a" * 64])
async def test_an_unknown_address_is_a_key_error(store_blobs: Blobs, blob: str) -> None:
    """What was never put, and what is no address at all, raises KeyError."""
    with pytest.raises(KeyError):
        await store_blobs.get(blob)
