"""Twins for channels: a host that records what a channel delivers, and a channel that records what is sent."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from channels.errors import ChannelError, LeaseLost
from channels.message import Message, Outgoing, Sent
from channels.port import Blobs, Clock, Line, Receipt, Route, Standing
from router.clock import SystemClock
from router.testing.calls import RecordingCalls
from router.testing.store import MemoryBlobs

#: Seconds after which a watcher looks again without having been told.
_WATCH_S = 5.0


class RecordingCursor:
    """A position that lives in memory; `lose` takes the lease away."""

    def __init__(self, host: "RecordingHost", name: str) -> None:
        self._host = host
        self._name = name
        self._lost = False
        self.value = host.cursors.get(name, "")

    async def save(self, value: str) -> None:
        """Keep the position for the next holder."""
        if self._lost:
            raise LeaseLost(self._name)
        self.value = value
        self._host.cursors[self._name] = value
        self._host.saves.append((self._name, value))

    def lose(self) -> None:
        """Let the next save raise LeaseLost, as if another process had taken over."""
        self._lost = True


class RecordingHost(RecordingCalls):
    """A Host whose deliveries, reports and saved positions can be looked at."""

    def __init__(
        self,
        channel: str,
        settings: Mapping[str, object],
        *,
        account: str = "test",
        clock: Clock | None = None,
        blobs: Blobs | None = None,
    ) -> None:
        """Take the account's settings as they are; nothing is checked or filled in."""
        super().__init__()
        self.channel = channel
        self.account = account
        self.settings = settings
        self.organisation = "Example"
        self.public_url = "http://localhost:8080"
        self.language = "en"
        self.zone = "Europe/Copenhagen"
        self.clock: Clock = clock or SystemClock()
        self.blobs: Blobs = blobs or MemoryBlobs()
        #: Every message stored, once each, in order.
        self.delivered: list[Message] = []
        #: Keys that came again.
        self.repeated: list[str] = []
        #: (state, error) in order.
        self.reports: list[tuple[str, str]] = []
        #: The last (state, error) of each part.
        self.parts: dict[str, tuple[str, str]] = {}
        #: Saved positions by cursor name, and every save in order.
        self.cursors: dict[str, str] = {}
        self.saves: list[tuple[str, str]] = []
        #: What `deliver` raises; None = it stores.
        self.refuse: ChannelError | None = None
        #: What customers may see, by thread.
        self.lines: dict[str, list[Line]] = defaultdict(list)
        #: Most lines given at a time.
        self.at_once = 500
        self.standings: dict[str, Standing] = {}
        self.somebody_present = True
        #: The highest seq that the customer of each thread has seen.
        self.looked: dict[str, int] = {}
        #: Names of what our outbox sent, and texts on their way out by thread or reference.
        self.sent: set[str] = set()
        self.leaving: dict[str, set[str]] = defaultdict(set)
        self._keys: set[str] = set()
        self._leases: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._changed: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._arrived = asyncio.Event()

    async def deliver(self, message: Message) -> Receipt:
        """Keep the message, or raise `refuse`."""
        if self.refuse is not None:
            raise self.refuse
        known = message.key in self._keys
        if known:
            self.repeated.append(message.key)
        else:
            self._keys.add(message.key)
            self.delivered.append(message)
        self._arrived.set()
        return Receipt(key=message.key, duplicate=known)

    async def wait_for(self, ready: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Wait until `ready()` holds; looked at after each delivery and every 20 ms. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not ready():
                self._arrived.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), 0.02)

    @asynccontextmanager
    async def cursor(self, name: str = "") -> AsyncIterator[RecordingCursor]:
        """Hold the only lease on the position."""
        async with self._leases[name]:
            yield RecordingCursor(self, name)

    async def transcript(self, thread: str, after: int = 0) -> Sequence[Line]:
        """Return the lines set for the thread above `after`, at most `at_once`."""
        return [line for line in self.lines[thread] if line.seq > after][: self.at_once]

    async def watch(self, thread: str) -> AsyncIterator[None]:
        """Yield whenever `show` was called for the thread, and now and then."""
        while True:
            changed = self._changed[thread]
            with suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_S):  # wait_for would swallow a cancellation now and then
                    await changed.wait()
            changed.clear()
            yield

    def show(self, thread: str, *lines: Line) -> None:
        """Add lines to the thread and wake its watchers."""
        self.lines[thread].extend(lines)
        self._changed[thread].set()

    async def seen(self, thread: str, seq: int) -> None:
        """Remember how far the customer has read, in `looked`."""
        self.looked[thread] = max(seq, self.looked.get(thread, 0))

    async def standing(self, thread: str) -> Standing | None:
        """Return what was set for the thread."""
        return self.standings.get(thread)

    async def ours(
        self, message_id: str, *, thread: str = "", references: Sequence[str] = (), text: str = ""
    ) -> bool:
        """Tell whether the name stands in `sent`, or the text in `leaving` of the thread or a reference."""
        if message_id in self.sent:
            return True
        return bool(text) and any(text in self.leaving[one] for one in (thread, *references))

    async def present(self) -> bool:
        """Return `somebody_present`."""
        return self.somebody_present

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes that depend on account and purpose only."""
        return hashlib.sha256(f"{self.channel}/{self.account}/{purpose}".encode()).digest()

    def report(self, state: str, error: str = "", *, part: str = "") -> None:
        """Keep the report, once as long as it stays the same."""
        self.parts[part] = (state, error)
        if not self.reports or self.reports[-1] != (state, error):
            self.reports.append((state, error))


class RecordingChannel:
    """A Channel that sends nothing and remembers all of it."""

    def __init__(self) -> None:
        #: Everything that was sent, in order; one id twice would be a double note.
        self.sent: list[Outgoing] = []
        #: What the next sendings raise, first come first served; None = it is sent.
        self.outcomes: list[ChannelError | None] = []
        #: What `reconcile` says by outgoing id; an error is raised, absent = cannot be told.
        self.known: dict[str, Sent | ChannelError] = {}

    def routes(self) -> Sequence[Route]:
        """Return none."""
        return ()

    async def receive(self) -> None:
        """Return at once: nothing comes in by itself."""

    async def send(self, outgoing: Outgoing) -> Sent:
        """Remember it, or raise the next of `outcomes`."""
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        self.sent.append(outgoing)
        return Sent(message_id=f"sent-{outgoing.id}@{outgoing.channel}.invalid")

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Return what `known` says."""
        found = self.known.get(outgoing.id)
        if isinstance(found, ChannelError):
            raise found
        return found
