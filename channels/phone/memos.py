"""Small values kept between restarts and shared by the fleet, changed by compare-and-set."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import msgspec

from channels.errors import Unavailable
from channels.port import Host

T = TypeVar("T")
_ROUNDS = 20

#: A change of what is kept; None = none.
Step: TypeAlias = Callable[[T], T | None]


async def read(host: Host, name: str, kind: type[T]) -> tuple[T | None, int]:
    """Return what is kept under the name, and its version; None where nothing (that can be read) is."""
    memo = await host.recall(name)
    if not memo.value:
        return None, memo.version
    try:
        return msgspec.json.decode(memo.value, type=kind), memo.version
    except msgspec.DecodeError:
        return None, memo.version


async def write(host: Host, name: str, value: object, version: int, *, keep_s: float) -> bool:
    """Keep it if nobody was faster."""
    return await host.remember(name, msgspec.json.encode(value).decode(), version, keep_s=keep_s)


async def change(
    host: Host, name: str, kind: type[T], step: Callable[[T | None], T | None], *, keep_s: float
) -> T | None:
    """Apply a step to what is kept, again after a lost race; a step that returns None changes nothing.

    Returns what was written. Raises Unavailable where others win all the time.
    """
    for _ in range(_ROUNDS):
        known, version = await read(host, name, kind)
        after = step(known)
        if after is None or after == known:
            return after
        if await write(host, name, after, version, keep_s=keep_s):
            return after
    raise Unavailable("others change the same all the time")
