"""One account of the web chat, as the router sees it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from weakref import WeakSet

from aiohttp import web

from channels.errors import Refused
from channels.message import Outgoing, Sent
from channels.port import Host, Route
from channels.webchat import settings
from channels.webchat.frames import GOING_AWAY
from channels.webchat.limits import Seats
from channels.webchat.origins import Origins
from channels.webchat.reception import Reception, Timing

#: Seconds in which a browser may answer that we close.
_GOODBYE_S = 2.0
#: A character takes at most 12 bytes of JSON; beside the text there are ids, token and identity.
_BYTES_PER_CHARACTER = 12
_OTHER_BYTES = 16384


class Chat:
    """One account; any process of the fleet can serve any visitor, as nothing of theirs is kept here."""

    def __init__(self, host: Host, timing: Timing | None = None) -> None:
        """Check the settings. Raises Misconfigured, naming the one that is wrong."""
        self.host = host
        self.timing = timing or Timing()
        self.settings = settings.read(host)
        where = f"channels.webchat.{host.account}.origins"
        self.origins = Origins(self.settings.origins, public_url=host.public_url, where=where)
        self.reception = Reception(host, self.settings, self.timing)
        self.seats = Seats(total=self.settings.sockets, per_address=self.settings.sockets_per_address)
        self.sockets: WeakSet[web.WebSocketResponse] = WeakSet()
        self._waiting: WeakSet[asyncio.Event] = WeakSet()
        self.leaving = False

    @property
    def largest(self) -> int:
        """Most bytes of one frame or request."""
        return _OTHER_BYTES + _BYTES_PER_CHARACTER * self.settings.max_length

    def routes(self) -> Sequence[Route]:
        """Return none: all accounts share the pages."""
        return ()

    async def receive(self) -> None:
        """Wait until cancelled, then tell every open chat to connect again."""
        self.leaving = False
        self.host.report("ok")
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def send(self, outgoing: Outgoing) -> Sent:
        """Return at once: the line stands in the transcript, and the host wakes the open chats."""
        if outgoing.to.kind != "chat":
            raise Refused("The web chat cannot send mail; send this answer from an email account.")
        return Sent(message_id=outgoing.id)

    async def reconcile(self, outgoing: Outgoing) -> Sent:
        """Return that it was sent: browsers show each line of the transcript once, by its seq."""
        return Sent(message_id=outgoing.id)

    async def close(self) -> None:
        """Close every open chat with 1001 and answer every request that waits for news."""
        self.leaving = True
        for changed in list(self._waiting):
            changed.set()
        async with asyncio.TaskGroup() as group:
            for socket in list(self.sockets):
                group.create_task(_goodbye(socket))

    @asynccontextmanager
    async def changes(self, thread: str) -> AsyncIterator[asyncio.Event]:
        """Set the event whenever the thread may have changed; clear it before you read the state."""
        changed = asyncio.Event()
        self._waiting.add(changed)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(thread, changed))
            await asyncio.sleep(0)  # the watch begins before the state is first read
            try:
                yield changed
            finally:
                watching.cancel()

    async def _watch(self, thread: str, changed: asyncio.Event) -> None:
        async for _ in self.host.watch(thread):
            changed.set()


async def _goodbye(socket: web.WebSocketResponse) -> None:
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(_GOODBYE_S):
            await socket.close(code=GOING_AWAY, message=b"The service restarts; connect again.")
