"""Hints between processes: something changed, read the store to see what."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct


class Hint(Struct, frozen=True, kw_only=True):
    """Something changed; read the store to see what. Losing one costs a poll interval."""

    #: conversation, customer, agent, outbox, rules or settings.
    kind: str
    id: str
    version: int = 0


class Events(Protocol):
    """A fan-out of hints between all processes."""

    async def open(self) -> None:
        """Start; a part that is missing is tried again in the background."""
        ...

    async def close(self) -> None:
        """Stop."""
        ...

    def publish(self, hints: Sequence[Hint]) -> None:
        """Send the hints soon; never blocks, never raises."""
        ...

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[Hint]]:
        """Receive the hints of all processes, this one's included; a slow reader loses the oldest."""
        ...
