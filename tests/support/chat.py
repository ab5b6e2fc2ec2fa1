"""A web chat on a real server, and a host that plays router and agent as a test tells it."""

import asyncio
import json
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web

from channels.message import Attachment, Kind, Message
from channels.port import Line, Receipt, Standing
from channels.registry import check
from channels.webchat.chat import Chat
from channels.webchat.pages import Pages
from channels.webchat.reception import Timing
from router.testing.channel import RecordingHost

MARIA = "Maria Jensen"
#: What one step may take on a busy machine.
PATIENCE_S = 20.0


class ScriptedHost(RecordingHost):
    """Puts what was delivered into the transcript, gives it to Maria, and answers when told."""

    def __init__(self, **settings: object) -> None:
        """Take the account's settings; they are checked and filled in as in the product."""
        super().__init__("webchat", check("webchat", settings, "test"), account="site")
        #: Seconds that Maria promises; None = nobody stands for it yet.
        self.promise_s: float | None = 900.0
        self.assigned = True
        #: While it is not set, messages are accepted but do not come out of the router.
        self.routing = asyncio.Event()
        self.routing.set()

    @property
    def thread(self) -> str:
        """The thread of the last message."""
        return self.delivered[-1].thread

    async def deliver(self, message: Message) -> Receipt:
        """Store it, then do what the router would."""
        receipt = await super().deliver(message)
        if not receipt.duplicate and message.kind is Kind.CUSTOMER and self.routing.is_set():
            self.route(message)
        return receipt

    def route(self, message: Message) -> None:
        """Show the message in its thread and give it to Maria."""
        at = message.received_at
        if self.promise_s is not None:
            by = at + timedelta(seconds=self.promise_s)
            self.stand(message.thread, status="open", by=by)
        line = Line(
            seq=self.next(message.thread), id=message.key, ours=False, author="", text=message.text, at=at
        )
        self.show(message.thread, line)

    def stand(self, thread: str, *, status: str, by: datetime | None = None) -> None:
        """Set where the thread's case stands."""
        self.standings[thread] = Standing(
            reference="HB-7K2Q9",
            status=status,
            person=MARIA,
            assigned=self.assigned,
            by=by,
            present=self.somebody_present,
        )
        self.show(thread)

    def answer(
        self, thread: str, text: str, *, automatic: bool = False, files: tuple[Attachment, ...] = ()
    ) -> Line:
        """Say something in Maria's name; what she wrote herself ends the wait."""
        seq = self.next(thread)
        line = Line(
            seq=seq,
            id=f"{'n' if automatic else 'r'}_{seq}",
            ours=True,
            automatic=automatic,
            author=MARIA,
            text=text,
            at=self.clock.now(),
            attachments=files,
        )
        self.show(thread, line)
        if not automatic:
            self.stand(thread, status="pending")
        return line

    def next(self, thread: str) -> int:
        """Return the next seq of the thread."""
        return max((line.seq for line in self.lines[thread]), default=0) + 1


class ChatServer:
    """A running server with one account; it can be stopped and started again on the same port."""

    def __init__(self, host: ScriptedHost, timing: Timing) -> None:
        """Take a free port for it; `start` serves."""
        self.host = host
        self._timing = timing
        self._runner: web.AppRunner | None = None
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port: int = found.getsockname()[1]
        self.url = host.public_url = f"http://127.0.0.1:{self.port}"
        self.chat = Chat(host, timing)

    async def start(self) -> None:
        """Serve, as a process that has just begun."""
        self.chat = Chat(self.host, self._timing)
        app = web.Application()
        routes = Pages({self.host.account: self.chat}).routes()
        app.add_routes([web.route(route.method, route.path, route.handler) for route in routes])
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def stop(self) -> None:
        """Close the chats, then the server, as at a shutdown."""
        await self.chat.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def restart(self) -> None:
        """Stop and start, with the host's settings as they are now."""
        await self.stop()
        await self.start()


async def until(ready: Callable[[], bool]) -> None:
    """Wait until it holds; looked at every 10 ms. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_S):
        while not ready():  # what it waits for has no event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(host: ScriptedHost, timing: Timing | None = None) -> AsyncIterator[ChatServer]:
    """Serve the chat inside the block."""
    server = ChatServer(host, timing or Timing())
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def site(html: str) -> AsyncIterator[str]:
    """Serve a page of somebody else's inside the block; yields its origin."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Caller:
    """A browser's side of the WebSocket, without the browser."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        """Take an open socket; `hello` is the first thing to say."""
        self.socket = socket
        #: Every frame that came, in order.
        self.frames: list[dict[str, Any]] = []
        self.token = ""

    async def say(self, **frame: object) -> None:
        """Send a frame."""
        await self.socket.send_str(json.dumps(frame))

    async def hello(self, **fields: object) -> dict[str, Any]:
        """Introduce ourselves and return the welcome."""
        await self.say(type="hello", v=1, **fields)
        welcome = await self.heard("welcome")
        self.token = welcome["token"]
        return welcome

    async def write(self, text: str, client_id: str = "") -> dict[str, Any]:
        """Write something and return what became of it: ack or nack."""
        client_id = client_id or str(uuid.uuid4())
        await self.say(type="message", client_id=client_id, text=text)
        return await self.heard("ack", "nack", client_id=client_id)

    async def heard(self, *types: str, **fields: object) -> dict[str, Any]:
        """Return the next frame of these types and fields; others are kept in `frames`."""
        while True:
            frame = await self.next()
            if frame["type"] in types and all(frame.get(key) == value for key, value in fields.items()):
                return frame

    async def next(self) -> dict[str, Any]:
        """Return the next frame. Raises Closed when the service closed instead."""
        async with asyncio.timeout(PATIENCE_S):
            item = await self.socket.receive()
        if item.type is not WSMsgType.TEXT:
            raise Closed(self.socket.close_code)
        self.frames.append(json.loads(item.data))
        return self.frames[-1]

    async def closed(self) -> int | None:
        """Wait until the service closes and return its code."""
        with suppress(Closed):
            while True:
                await self.next()
        return self.socket.close_code

    async def line(self, text: str) -> dict[str, Any]:
        """Wait for the line with this text and return it."""
        while not (found := [line for line in self.lines() if line["text"] == text]):
            await self.next()
        return found[0]

    def lines(self) -> list[dict[str, Any]]:
        """Return all lines that came, as they came."""
        return [line for frame in self.frames if frame["type"] == "lines" for line in frame["lines"]]


class Closed(Exception):
    """The service closed the socket."""


@asynccontextmanager
async def calling(server: ChatServer, *, origin: str | None = None, **hello: object) -> AsyncIterator[Caller]:
    """Open a socket inside the block; says hello unless `silent=True`."""
    silent = hello.pop("silent", False)
    headers = {} if origin == "" else {"Origin": origin or server.url}
    async with ClientSession() as session:
        socket = await session.ws_connect(f"{server.url}/chat/ws?account=site", headers=headers)
        async with socket:
            caller = Caller(socket)
            if not silent:
                await caller.hello(**hello)
            yield caller
