"""Who waits for news of a thread: of all hints only those of its own conversation wake it.

All watchers of an account share one subscription. One of those who wait reads it for all, so that a hint
costs the same however many pages are open.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from channels.message import Identity, Message
from router.draft import birth_id
from router.ports import Events, Hint

#: A watcher looks at the store at least so often, as hints get lost.
WATCH_POLL_S = 5.0
#: After a message of the thread was delivered here it looks oftener for a while, until a hint comes: the
#: message may have gone into a conversation that this watcher does not know.
HURRY_POLL_S = 0.5
HURRY_S = 10.0


class Watcher:
    """One who waits for news of a thread."""

    def __init__(self, birth: str) -> None:
        """Take the id that the thread's conversation has from birth."""
        #: That id, and the conversation that was last found for the thread.
        self.ids = {birth}
        self._birth = birth
        self.news = False
        self.wake = asyncio.Event()
        self._hurry_until = 0.0
        self._nap: asyncio.Timeout | None = None

    def found(self, conversation: str) -> None:
        """Take the thread's conversation, as somebody just read it."""
        self.ids = {self._birth, conversation}

    def tell(self) -> None:
        """Say that the thread has news."""
        self.news = True
        self._hurry_until = 0.0
        self.wake.set()

    def hurry(self) -> None:
        """Look oftener for a while."""
        now = asyncio.get_running_loop().time()
        self._hurry_until = now + HURRY_S
        if self._nap is not None and not self._nap.expired():  # else it wakes up just now
            self._nap.reschedule(now + HURRY_POLL_S)

    def nap(self) -> asyncio.Timeout:
        """Return the end of patience: it is time to look without having been told."""
        hurrying = asyncio.get_running_loop().time() < self._hurry_until
        self._nap = asyncio.timeout(HURRY_POLL_S if hurrying else WATCH_POLL_S)
        return self._nap

    def up(self) -> None:
        """Forget the nap: the watcher is awake."""
        self._nap, self.news = None, False


class Watchers:
    """The watchers of one account."""

    def __init__(self, channel: str, account: str, events: Events) -> None:
        """Start with none."""
        self._channel, self._account, self._events = channel, account, events
        self._threads: dict[str, set[Watcher]] = {}
        self._ids: dict[str, set[Watcher]] = {}
        self._waiting: set[Watcher] = set()
        self._hints: AsyncIterator[Hint] | None = None
        self._subscription = AsyncExitStack()
        self._reader: Watcher | None = None

    @asynccontextmanager
    async def watching(self, thread: str) -> AsyncIterator[Watcher]:
        """Keep a watcher of the thread inside the block."""
        watcher = Watcher(self._birth(thread))
        _add(self._threads, thread, watcher)
        self._index(watcher)
        try:
            if self._hints is None:
                self._hints = await self._subscription.enter_async_context(self._events.subscribe())
            yield watcher
        finally:
            _drop(self._threads, thread, watcher)
            for one in watcher.ids:
                _drop(self._ids, one, watcher)
            if not self._threads:
                self._hints = None
                await self._subscription.aclose()

    async def next(self, watcher: Watcher) -> None:
        """Return once the watcher's thread may have changed, or it is time to look."""
        try:
            async with watcher.nap():
                while not watcher.news:
                    await (self._read(watcher) if self._reader is None else self._wait(watcher))
        except TimeoutError:
            return
        finally:
            watcher.up()
            self._hand_over()

    async def _read(self, watcher: Watcher) -> None:
        """Read the hints for all until there is one for this watcher; then another goes on."""
        self._reader = watcher
        try:
            while self._hints is not None and not watcher.news:
                hint = await anext(self._hints)
                for one in self._ids.get(hint.id, ()):
                    one.tell()
        finally:
            self._reader = None

    def _hand_over(self) -> None:
        """Let another read, if nobody does."""
        if self._reader is None and self._waiting:
            next(iter(self._waiting)).wake.set()

    async def _wait(self, watcher: Watcher) -> None:
        """Wait until the reader tells of news, or stops reading."""
        watcher.wake.clear()
        self._waiting.add(watcher)
        try:
            await watcher.wake.wait()
        finally:
            self._waiting.discard(watcher)

    def found(self, thread: str, conversation: str) -> None:
        """Tell the thread's watchers which conversation it is in."""
        for watcher in self._threads.get(thread, ()):
            if conversation not in watcher.ids:
                for one in watcher.ids:
                    _drop(self._ids, one, watcher)
                watcher.found(conversation)
                self._index(watcher)

    def arriving(self, thread: str) -> None:
        """Tell the thread's watchers that a message of it comes in here."""
        for watcher in self._threads.get(thread, ()):
            watcher.hurry()

    def _index(self, watcher: Watcher) -> None:
        for one in watcher.ids:
            _add(self._ids, one, watcher)

    def _birth(self, thread: str) -> str:
        first = Message(
            key="",
            channel=self._channel,
            account=self._account,
            thread=thread,
            received_at=datetime.min.replace(tzinfo=UTC),
            sender=Identity(kind="", address=""),
        )
        return birth_id(first)


def _add(found: dict[str, set[Watcher]], name: str, watcher: Watcher) -> None:
    found.setdefault(name, set()).add(watcher)


def _drop(found: dict[str, set[Watcher]], name: str, watcher: Watcher) -> None:
    rest = found.get(name, set())
    rest.discard(watcher)
    if not rest:
        found.pop(name, None)
