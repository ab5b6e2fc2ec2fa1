"""API v2's paths for the app: webhooks, subscriptions, and the activity stream."""

import asyncio
import json
from typing import Any

from aiohttp import web

from sandbox.x.events import Events, Webhook
from sandbox.x.problems import Problem, gone, invalid

#: X allows so many streams at a time, and shows on each that it lives.
STREAMS = 2
ALIVE_S = 10.0


class Manage:
    """Answers what the app asks about being told."""

    def __init__(self, events: Events) -> None:
        """Take who tells of events."""
        self._events = events
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End all streams."""
        self._closing.set()

    async def webhooks(self, request: web.Request) -> dict[str, Any]:  # noqa: ARG002  # every endpoint takes one
        """GET /2/webhooks."""
        found = [_shown(one) for one in self._events.webhooks.values()]
        return {"data": found, "meta": {"result_count": len(found)}}

    async def register(self, request: web.Request) -> dict[str, Any]:
        """POST /2/webhooks: challenged at once. Plain http is taken here, as all is on one machine."""
        url = str((await _body(request)).get("url") or "")
        if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise Problem(400, "UrlValidationFailed", "The URL must begin with https")
        return {"data": _shown(await self._events.register(url))}

    async def revalidate(self, request: web.Request) -> dict[str, Any]:
        """PUT /2/webhooks/:id: challenged again, and heard from again."""
        webhook = self._events.webhooks.get(request.match_info["id"])
        if webhook is None:
            raise gone("There is no such webhook")
        webhook.valid = await self._events.challenge(webhook.url)
        if not webhook.valid:
            raise Problem(400, "CrcValidationFailed", "The URL did not answer the challenge correctly")
        return {"data": {"valid": True}}

    async def unregister(self, request: web.Request) -> dict[str, Any]:
        """DELETE /2/webhooks/:id."""
        if self._events.webhooks.pop(request.match_info["id"], None) is None:
            raise gone("There is no such webhook")
        return {"data": {"deleted": True}}

    async def replay(self, request: web.Request) -> dict[str, Any]:
        """POST /2/webhooks/replay: once more what a webhook did not take."""
        webhook = str((await _body(request)).get("webhook_id") or "")
        if webhook not in self._events.webhooks:
            raise gone("There is no such webhook")
        return {"data": {"job_id": "1", "replayed": self._events.replay(webhook)}}

    async def subscriptions(self, request: web.Request) -> dict[str, Any]:  # noqa: ARG002  # every endpoint takes one
        """GET /2/activity/subscriptions."""
        found = [one.shown() for one in self._events.subscriptions.values()]
        return {"data": found, "meta": {"total_subscriptions": len(found)}}

    async def subscribe(self, request: web.Request) -> dict[str, Any]:
        """POST /2/activity/subscriptions."""
        body = await _body(request)
        about = body.get("filter")
        if not isinstance(about, dict):
            raise invalid("filter is missing")
        made = self._events.subscribe(
            str(body.get("event_type") or ""),
            about,
            str(body.get("tag") or ""),
            str(body.get("webhook_id") or ""),
        )
        return {
            "data": [made.shown()],
            "meta": {"total_subscriptions": len(self._events.subscriptions)},
        }

    async def resubscribe(self, request: web.Request) -> dict[str, Any]:
        """PUT /2/activity/subscriptions/:id."""
        found = self._events.subscriptions.get(request.match_info["id"])
        if found is None:
            raise gone("There is no such subscription")
        body = await _body(request)
        found.tag = str(body.get("tag") or found.tag)
        found.webhook_id = str(body.get("webhook_id") or found.webhook_id)
        return {"data": found.shown()}

    async def unsubscribe(self, request: web.Request) -> dict[str, Any]:
        """DELETE /2/activity/subscriptions/:id."""
        if self._events.subscriptions.pop(request.match_info["id"], None) is None:
            raise gone("There is no such subscription")
        return {"data": {"deleted": True}}

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """GET /2/activity/stream: a line for each event, an empty one now and then."""
        if len(self._events.streams) >= STREAMS:
            raise Problem(429, "ConnectionException", "Too many connections", "streaming-connection")
        lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._events.streams.add(lines)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        try:
            await response.prepare(request)
            await response.write(b"\r\n")
            while (line := await self._next(lines)) is not None:
                await response.write(line + b"\r\n")
        except ConnectionError:
            pass
        finally:
            self._events.streams.discard(lines)
        return response

    async def _next(self, lines: "asyncio.Queue[bytes | None]") -> bytes | None:
        """Return the next line, an empty one when nothing happens for long; None at the end."""
        async with asyncio.TaskGroup() as group:
            getting = group.create_task(lines.get())
            closing = group.create_task(self._closing.wait())
            await asyncio.wait({getting, closing}, timeout=ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
            line = None if closing.done() else getting.result() if getting.done() else b""
            getting.cancel()
            closing.cancel()
        return line


def _shown(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "valid": webhook.valid,
        "created_at": webhook.created_at,
    }


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text())
    except (ValueError, ConnectionError):
        raise invalid("the body is not JSON") from None
    if not isinstance(body, dict):
        raise invalid("the body is no object")
    return body
