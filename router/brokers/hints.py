"""Hints within one process, and what every kind of Events shares: subscribers that may be slow."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from router.ports import Hint

#: Hints a subscriber may lie behind before it loses the oldest; it then learns the rest by polling.
BEHIND = 1000


class Mailbox:
    """What one subscriber has not read yet."""

    def __init__(self) -> None:
        self._hints: deque[Hint] = deque(maxlen=BEHIND)
        self._some = asyncio.Event()

    def put(self, hints: Sequence[Hint]) -> None:
        """Add hints, dropping the oldest when there are too many."""
        self._hints.extend(hints)
        self._some.set()

    def __aiter__(self) -> "Mailbox":
        return self

    async def __anext__(self) -> Hint:
        """Return the next hint, waiting for it; a wait cut short by a timeout may be taken up again."""
        while not self._hints:
            self._some.clear()
            await self._some.wait()
        return self._hints.popleft()


class LocalEvents:
    """Events of a service that is one process."""

    def __init__(self) -> None:
        self._mailboxes: set[Mailbox] = set()

    async def open(self) -> None:
        """Start; nothing can be missing."""

    async def close(self) -> None:
        """Stop."""

    def publish(self, hints: Sequence[Hint]) -> None:
        """Hand the hints to every subscriber."""
        for mailbox in self._mailboxes:
            mailbox.put(hints)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Hint]]:
        """Receive hints from now on, until the block is left."""
        mailbox = Mailbox()
        self._mailboxes.add(mailbox)
        try:
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)
