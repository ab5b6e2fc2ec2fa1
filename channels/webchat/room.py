"""One open WebSocket: takes what the visitor writes and pushes what changes, each as soon as it can."""

import asyncio
from collections.abc import Iterator, Sequence

import msgspec
from aiohttp import WSMsgType, web

from channels.port import Line
from channels.webchat import parse
from channels.webchat.chat import Chat
from channels.webchat.errors import Gone, Refusal, TooSlow
from channels.webchat.frames import (
    Ack,
    Hello,
    Inbound,
    Lines,
    Outbound,
    Ping,
    Pong,
    Reach,
    Seen,
    State,
    Write,
    encode,
)
from channels.webchat.limits import Rate
from channels.webchat.parse import Visitor
from channels.webchat.reception import LOOK_BACK

#: Most lines, and about as many characters, in one frame.
_AT_ONCE = 50
_CHARACTERS = 50_000
#: So many new lines at once may be one page of more.
_PAGE = 100
#: Frames that a client may send, of any kind; beyond that it is read more slowly.
_FRAMES_PER_MINUTE = 6000


class Room:
    """The conversation with one browser, from hello to close."""

    def __init__(self, chat: Chat, socket: web.WebSocketResponse, remote: str | None) -> None:
        """Take a socket that is open and has said nothing yet."""
        self._chat = chat
        self._socket = socket
        self._remote = remote
        self._pace = Rate(per_minute=_FRAMES_PER_MINUTE, burst=_FRAMES_PER_MINUTE // 6)
        #: seqs sent on this socket, the last few are enough; and the highest one.
        self._known: set[int] = set()
        self._high = 0
        self._seen = 0
        self._state: State | None = None

    async def run(self) -> None:
        """Serve until the browser goes. Raises what went wrong, in an exception group."""
        hello = await self._hello()
        greeting, visitor = self._chat.reception.welcome(hello, self._remote)
        self._high = max(0, hello.after)
        async with self._chat.changes(visitor.proved.session) as changed, asyncio.TaskGroup() as group:
            await self._send(greeting)
            pushing = group.create_task(self._push(visitor.proved.session, changed))
            await self._read(visitor)
            pushing.cancel()

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(self._chat.timing.hello_s):
                frame = await self._next()
        except TimeoutError as error:
            raise TooSlow("slow", "No hello came in time.") from error
        if not isinstance(frame, Hello):
            raise Refusal("frame", "The first frame must be a hello.")
        return frame

    # --- what comes

    async def _read(self, visitor: Visitor) -> None:
        try:
            while True:
                visitor = await self._handle(await self._next(), visitor)
        except Gone:
            return

    async def _next(self) -> Inbound:
        """Return the next frame. Raises Gone when there are no more."""
        item = await self._socket.receive()
        if item.type is WSMsgType.TEXT:
            return parse.frame(item.data)
        if item.type is WSMsgType.BINARY:
            raise Refusal("frame", "Send text frames.")
        raise Gone("gone", "The browser has left.")

    async def _handle(self, frame: Inbound, visitor: Visitor) -> Visitor:
        """Answer one frame and return the visitor as now known."""
        await asyncio.sleep(self._pace.wait_s("", asyncio.get_running_loop().time()))
        match frame:
            case Ping():
                await self._send(Pong())
            case Write():
                await self._send(await self._chat.reception.write(frame, visitor, self._remote))
            case Reach():
                answer = await self._chat.reception.reach(frame, visitor, self._remote)
                await self._send(answer)
                if isinstance(answer, Ack):
                    return msgspec.structs.replace(visitor, email=frame.email.strip())
            case Seen():
                await self._see(visitor.proved.session, frame.seq)
            case Hello():
                raise Refusal("frame", "hello comes once, as the first frame.")
        return visitor

    async def _see(self, thread: str, seq: int) -> None:
        if self._seen < seq <= self._high:
            self._seen = seq
            await self._chat.host.seen(thread, seq)

    # --- what goes

    async def _push(self, thread: str, changed: asyncio.Event) -> None:
        while True:
            changed.clear()
            while await self._push_lines(await self._chat.reception.lines(thread, self._high)):
                pass
            await self._push_state(await self._chat.reception.state(thread))
            await changed.wait()

    async def _push_lines(self, lines: Sequence[Line]) -> bool:
        """Send what is new; True when the host may have held more back."""
        fresh = [line for line in lines if line.seq not in self._known]
        for some in _portions(fresh):
            await self._send(Lines(lines=some))
        self._known.update(line.seq for line in fresh)
        self._high = max([self._high, *self._known])
        self._known = {seq for seq in self._known if seq > self._high - LOOK_BACK}
        return len(fresh) > _PAGE

    async def _push_state(self, state: State) -> None:
        before = self._state
        if before is None or (before.present, before.standing) != (state.present, state.standing):
            await self._send(state)
            self._state = state

    async def _send(self, frame: Outbound) -> None:
        """Send a frame; nothing is queued beyond what the connection itself holds (64 kB)."""
        try:
            async with asyncio.timeout(self._chat.timing.send_s):
                await self._socket.send_str(encode(frame))
        except TimeoutError as error:
            raise TooSlow("slow", "The browser reads too slowly.") from error
        except ConnectionError as error:
            raise Gone("gone", "The browser has left.") from error


def _portions(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Cut the lines into what fits into a frame."""
    some: list[Line] = []
    size = 0
    for line in lines:
        if some and (len(some) == _AT_ONCE or size + len(line.text) > _CHARACTERS):
            yield some
            some, size = [], 0
        some.append(line)
        size += len(line.text)
    if some:
        yield some
