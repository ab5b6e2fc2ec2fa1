"""One visitor's browser: keeps what is written until it is stored, comes back after a drop, shows each line once."""

import asyncio
import json
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    TCPConnector,
    WSMsgType,
)
from msgspec import Struct

from sandbox.faults import Fault, Faults

#: Pauses before the next try to connect.
PAUSES_S = (0.2, 0.5, 1.0, 2.0)
#: The visitor closes the tab when nothing was said for so long.
IDLE_S = 900.0
#: What one step of the connection may take.
STEP_S = 15.0
#: A refusal for good: what the socket was closed with.
FOR_GOOD = frozenset({4400})
FORGET_TOKEN = 4401


class Refused(Exception):
    """The chat did not take the message, and said why."""


class Site(Struct, frozen=True, kw_only=True):
    """Where the chat is."""

    #: `http://127.0.0.1:8080`
    url: str
    account: str


class Letter(Struct, kw_only=True):
    """Something written that the service has not acknowledged yet."""

    client_id: str
    text: str
    stored: asyncio.Future[str]


class Browser:
    """A visitor of the chat; `run` is its life."""

    def __init__(
        self, site: Site, faults: Faults, shown: Callable[[str, str], None], *, address: str, name: str = ""
    ) -> None:
        """Take where to go, what goes wrong, who is told of each new line of ours (id, text), and our address."""
        self._site, self._faults, self._shown = site, faults, shown
        self._address, self._name = address, name
        self._letters: deque[Letter] = deque()
        self._written, self._welcomed = asyncio.Event(), asyncio.Event()
        self._known: set[int] = set()
        self._token = ""
        self._high = 0
        #: True once this connection was greeted: without the token, what is written again would be somebody else's.
        self._welcome = False
        #: True while the tab is open.
        self.open = True

    async def write(self, text: str) -> str:
        """Write it, and return its key once the service has it. Raises Refused."""
        stored: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._letters.append(Letter(client_id=str(uuid.uuid4()), text=text, stored=stored))
        self._written.set()
        return await stored

    async def run(self) -> None:
        """Stay connected until nothing is said any more."""
        tries = 0
        connector = TCPConnector(local_addr=(self._address, 0) if self._address else None)
        limit = ClientTimeout(total=None, connect=STEP_S)
        async with ClientSession(connector=connector, timeout=limit) as session:
            while self.open:
                try:
                    await self._visit(session)
                    tries = 0
                except (ClientError, OSError, TimeoutError):
                    tries += 1
                if self.open:
                    await asyncio.sleep(PAUSES_S[min(tries, len(PAUSES_S) - 1)])

    async def _visit(self, session: ClientSession) -> None:
        """Hold one connection until it breaks or the visitor leaves."""
        url = f"{self._site.url}/chat/ws"
        headers = {"Origin": self._site.url}
        opening = session.ws_connect(
            url, params={"account": self._site.account}, headers=headers, autoclose=True
        )
        async with opening as socket:
            self._welcomed.clear()
            self._welcome = False
            await self._hello(socket)
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(self._send_letters(socket))
                await self._read(socket)
                writing.cancel()
        if socket.close_code == FORGET_TOKEN:
            self._token, self._high = "", 0
        if socket.close_code in FOR_GOOD:
            self.open = False
            self._refuse_all(f"closed with {socket.close_code}")

    async def _hello(self, socket: ClientWebSocketResponse) -> None:
        hello = {"type": "hello", "v": 1, "token": self._token, "after": self._high, "name": self._name}
        await socket.send_json(hello)

    async def _send_letters(self, socket: ClientWebSocketResponse) -> None:
        """Send one letter at a time, so that the order stays; the next when the first is acknowledged.

        Nothing before the welcome: without its token we could not come back to the same conversation.
        """
        await self._welcomed.wait()
        with suppress(ConnectionError):
            while True:
                await self._written.wait()
                self._written.clear()
                if not self._letters or not self._welcome:
                    continue
                letter = self._letters[0]
                if self._faults.strikes(Fault.LATE):
                    await asyncio.sleep(self._faults.late_s)
                await self._say(socket, letter)

    async def _say(self, socket: ClientWebSocketResponse, letter: Letter) -> None:
        frame = {"type": "message", "client_id": letter.client_id, "text": letter.text}
        copies = 2 if self._faults.strikes(Fault.TWICE) else 1
        for _ in range(copies):
            await socket.send_json(frame)
        if self._faults.strikes(Fault.DROPPED):
            await socket.close()  # before the ack is read: it is sent again on coming back

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        quiet_since = loop.time()
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    item = await socket.receive()
            except TimeoutError:
                item = None
            if item is None or (not self._letters and loop.time() - quiet_since > IDLE_S):
                self.open = False
                return
            if item.type is not WSMsgType.TEXT:
                return
            if await self._take(socket, json.loads(item.data)):
                quiet_since = loop.time()

    async def _take(self, socket: ClientWebSocketResponse, frame: dict[str, Any]) -> bool:
        """Act on one frame; True when something was said."""
        while self._faults.strikes(Fault.BLACK_HOLE):  # noqa: ASYNC110  # a switch has no event
            await asyncio.sleep(1.0)  # the line is dead: nothing is read until it is not
        if self._faults.strikes(Fault.SLOW):
            await asyncio.sleep(self._faults.slow_s)
        match frame["type"]:
            case "welcome":
                self._token, self._welcome = frame["token"], True
                self._written.set()
                self._welcomed.set()
            case "lines":
                await self._show(socket, frame["lines"])
                return True
            case "ack":
                self._acknowledged(frame)
                return True
            case "nack":
                await self._not_taken(frame)
                return True
        return False

    async def _show(self, socket: ClientWebSocketResponse, lines: list[dict[str, Any]]) -> None:
        fresh = [line for line in lines if line["seq"] not in self._known]
        for line in fresh:
            self._known.add(line["seq"])
            self._high = max(self._high, line["seq"])
            if line.get("ours"):
                self._shown(line["id"], line["text"])
        if any(line.get("ours") for line in fresh) and self._faults.strikes(Fault.DROPPED):
            await socket.close()  # the line breaks before we could say that we have seen it
            return
        with suppress(ConnectionError):
            await socket.send_json({"type": "seen", "seq": self._high})

    def _acknowledged(self, frame: dict[str, Any]) -> None:
        if self._letters and self._letters[0].client_id == frame["client_id"] and frame.get("key"):
            letter = self._letters.popleft()
            if not letter.stored.done():
                letter.stored.set_result(frame["key"])
            self._written.set()

    async def _not_taken(self, frame: dict[str, Any]) -> None:
        if not self._letters or self._letters[0].client_id != frame["client_id"]:
            return
        if frame.get("retry"):
            await asyncio.sleep(min(5.0, float(frame.get("after_s") or 0.5)))
        else:
            letter = self._letters.popleft()
            if not letter.stored.done():
                letter.stored.set_exception(Refused(str(frame.get("text"))))
        self._written.set()

    def _refuse_all(self, why: str) -> None:
        while self._letters:
            letter = self._letters.popleft()
            if not letter.stored.done():
                letter.stored.set_exception(Refused(why))
