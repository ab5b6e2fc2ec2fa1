"""A stand-in for the provider, for the tests and the demo: real HTTP, strict signatures, faults on demand."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from channels._template.hook import HEADER, sign
from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger
from sandbox.stand import Site

TOKEN, SECRET = "a-token-of-the-stand-in", "a-secret-of-the-stand-in"  # good for nothing else
LONGEST = 4000
#: How often a webhook that was not taken is sent again, and the first pause in seconds, doubled each time.
TRIES = 6
PAUSE_S = 0.1
HTML = "<html><body><h1>503 Service Unavailable</h1></body></html>"


class Provider:
    """The provider: threads of messages, a list of events, and webhooks."""

    #: What it can do wrong.
    knows = frozenset(Fault) - {Fault.WINDOW}

    def __init__(self) -> None:
        self.ledger, self.faults = Ledger(), Faults()
        self._messages: dict[str, dict[str, Any]] = {}
        self._sent: dict[str, str] = {}
        self._events: list[dict[str, Any]] = []
        self._hook = ""
        self._site = Site(
            [
                web.get("/account", self._account),
                web.post("/messages", self._post),
                web.get("/messages", self._find),
                web.get("/events", self._list),
            ]
        )
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        await self._site.start()
        self._spawn(self._deliver())

    async def stop(self) -> None:
        """Close everything; what was under way is dropped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._site.stop()

    def settings(self) -> dict[str, object]:
        """Return the settings with which an account uses this stand-in."""
        return {"api": self._site.url, "token": TOKEN, "webhook_secret": SECRET, "poll": "1s"}

    async def connect(self, hook: str) -> None:
        """Send events to this URL from now on."""
        self._hook = hook

    async def write(self, customer: str, text: str, *, thread: str = "", public: bool = True) -> str:  # noqa: ARG002  # all is private here
        """Let a customer write to us; returns the message's id."""
        author = {"id": f"c-{customer}", "name": customer, "role": "customer"}
        return self._add(author, customer, thread or f"t-{customer}", text)

    async def answer(self, customer: str, text: str) -> str:
        """Let one of our own people answer in the provider's app; returns the message's id."""
        author = {"id": "us", "name": "Our account", "role": "staff"}
        return self._add(author, customer, f"t-{customer}", text)

    def _add(self, author: Mapping[str, str], customer: str, thread: str, text: str) -> str:
        name = f"m{len(self._messages) + 1}"
        message = {"id": name, "thread": thread, "author": author, "text": text}
        self._messages[name] = {**message, "at": datetime.now(UTC).isoformat()}
        note = self.ledger.heard if author["role"] == "staff" else self.ledger.wrote
        note(id=name, customer=customer, text=text, thread=thread)
        event = {"id": len(self._events) + 1, "type": "message", "message": self._messages[name]}
        self._events.append(event)
        self._queue.put_nowait(event)
        return name

    # --- what we are asked

    async def _account(self, request: web.Request) -> web.Response:
        self._allowed(request)
        return web.json_response({"id": "us", "name": "Our account"})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self._allowed(request)
        await self._before()
        given = await request.json()
        key = request.headers.get("Idempotency-Key", "")
        thread = given.get("thread", "")
        if not key or not given.get("text") or len(given["text"]) > LONGEST or not thread.startswith("t-"):
            return web.json_response({"error": "key, thread or text is missing or too long"}, status=422)
        if key not in self._sent:
            author = {"id": "us", "name": "Our account", "role": "staff"}
            self._sent[key] = self._add(author, thread.removeprefix("t-"), thread, given["text"])
        if self.faults.strikes(Fault.DROPPED):
            self._hang_up(request)
        if self.faults.strikes(Fault.FAILED_AFTER):
            return web.json_response({"error": "internal"}, status=500)
        return web.json_response({"id": self._sent[key]}, status=201)

    async def _find(self, request: web.Request) -> web.Response:
        self._allowed(request)
        name = self._sent.get(request.query.get("client_id", ""))
        return web.json_response({"messages": [{"id": name}] if name else []})

    async def _list(self, request: web.Request) -> web.Response:
        self._allowed(request)
        limit = min(100, int(request.query.get("limit", "100")))
        after = int(request.query.get("after", str(len(self._events))))
        page = self._events[after : after + limit]
        return web.json_response({"events": page, "last": page[-1]["id"] if page else len(self._events)})

    def _allowed(self, request: web.Request) -> None:
        revoked = self.faults.strikes(Fault.REVOKED)
        if revoked or request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized(text=json.dumps({"error": "the token is not valid"}))

    async def _before(self) -> None:
        """Go wrong before anything is done."""
        if self.faults.strikes(Fault.BLACK_HOLE):
            await asyncio.sleep(3600)
        if self.faults.strikes(Fault.SLOW):
            await asyncio.sleep(self.faults.slow_s)
        if self.faults.strikes(Fault.THROTTLED):
            raise web.HTTPTooManyRequests(headers={"Retry-After": "2"})
        if self.faults.strikes(Fault.THROTTLED_BARE):
            raise web.HTTPTooManyRequests
        if self.faults.strikes(Fault.BROKEN):
            raise web.HTTPServiceUnavailable(text=HTML, content_type="text/html")
        if self.faults.strikes(Fault.REFUSED):
            raise web.HTTPUnprocessableEntity(text=json.dumps({"error": "this text is not allowed"}))

    @staticmethod
    def _hang_up(request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()

    # --- webhooks

    async def _deliver(self) -> None:
        """Send events to the webhook in order, but for what the faults do."""
        while True:
            event = await self._queue.get()
            if self.faults.strikes(Fault.LOST):
                continue
            if self.faults.strikes(Fault.LATE):
                self._spawn(self._push(event, self.faults.late_s))
                continue
            if self.faults.strikes(Fault.REORDERED):
                self._spawn(self._push(event, PAUSE_S * 2))
                continue
            if self.faults.strikes(Fault.TWICE):
                self._spawn(self._push(event, 0.0))
            self._spawn(self._push(event, 0.0))

    async def _push(self, event: Mapping[str, Any], wait_s: float) -> None:
        """Send one event, again and again when it is not taken; in the end only polling finds it."""
        await asyncio.sleep(wait_s)
        body = json.dumps({"events": [event]}).encode()
        headers = {"Content-Type": "application/json", HEADER: sign(body, SECRET.encode())}
        async with ClientSession(timeout=ClientTimeout(total=10)) as session:
            for turn in range(TRIES):
                with suppress(ClientError, TimeoutError):
                    if not self._hook:
                        return
                    async with session.post(self._hook, data=body, headers=headers) as answer:
                        if answer.status < 300:
                            return
                await asyncio.sleep(PAUSE_S * 2**turn)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


stand = Provider
