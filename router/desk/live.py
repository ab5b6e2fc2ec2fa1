"""Tells open desks at once that something changed (server-sent events)."""

import asyncio
from collections import Counter

import msgspec
from aiohttp import web

from router.desk.failures import TooMany
from router.desk.gate import Gate
from router.desk.headers import harden
from router.desk.parts import Parts
from router.errors import HandlebyError, NotFound

#: Seconds between two signs of life; each also looks whether the person may still listen.
PULSE_S = 15.0
#: Streams that one account may hold open in one process.
MOST = 20
#: Hints that concern people at the desk.
KINDS = frozenset({"conversation", "customer", "agent", "outbox", "rules"})


class _Ended(Exception):  # it is no error: it ends the task group
    """The stream is over."""


class Streams:
    """The streams that this process holds open."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()
        self._open: Counter[str] = Counter()

    def close(self) -> None:
        """End all streams; browsers come back to another process."""
        self._closing.set()

    async def serve(self, request: web.Request, parts: Parts, gate: Gate, user: str) -> web.StreamResponse:
        """Send hints until the browser leaves, the session ends or the process stops."""
        if self._closing.is_set():
            raise NotFound("This process is stopping.")
        if self._open[user] >= MOST:
            raise TooMany(f"More than {MOST} desks are open. Close some tabs.", after_s=PULSE_S)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        harden(response)
        self._open[user] += 1
        try:
            await response.prepare(request)
            await self._run(response, request, parts, gate)
        except ConnectionError:  # the browser left
            pass
        finally:
            self._open[user] -= 1
        return response

    async def _run(
        self, response: web.StreamResponse, request: web.Request, parts: Parts, gate: Gate
    ) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hints(response, parts))
                group.create_task(self._pulse(response, request, gate))
                group.create_task(self._end())
        except* (_Ended, ConnectionError, HandlebyError):
            pass  # the browser comes back by itself and is told then

    async def _hints(self, response: web.StreamResponse, parts: Parts) -> None:
        async with parts.events.subscribe() as hints:
            await response.write(b"retry: 2000\nevent: hello\ndata: {}\n\n")
            async for hint in hints:
                if hint.kind in KINDS:
                    await response.write(b"event: hint\ndata: " + msgspec.json.encode(hint) + b"\n\n")
        raise _Ended

    async def _pulse(self, response: web.StreamResponse, request: web.Request, gate: Gate) -> None:
        while await gate.who(request) is not None:
            await asyncio.sleep(PULSE_S)
            await response.write(b": still here\n\n")
        raise _Ended

    async def _end(self) -> None:
        await self._closing.wait()
        raise _Ended
