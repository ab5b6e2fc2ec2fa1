"""Webhooks as Discourse sends them: signed, retried only if that is switched on, and anything may go wrong."""

import asyncio
import hashlib
import hmac
import json
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from msgspec import Struct

from sandbox.crew import Crew
from sandbox.faults import Fault, Faults

TIMEOUT_S = 20.0
RETRIES = 4
BACKOFF = 5
#: Answers kept.
LAST = 500


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    #: `post`, `topic` or `ping`.
    type: str
    #: `post_created`; "" for a ping.
    name: str
    payload: Any


class Emitter:
    """Sends events to the webhook that was set up."""

    def __init__(self, crew: Crew, faults: Faults, secret: str) -> None:
        """Take who runs the sending, what goes wrong, and the secret."""
        self._crew, self._faults, self._secret = crew, faults, secret
        self._event_id = 0
        self._held: Event | None = None
        #: Where events go, and the forum's own address; "" = nowhere.
        self.hook = ""
        self.instance = ""
        #: The admin's choice: the body is JSON either way.
        self.content_type = "application/json"
        #: The site setting `retry_web_hook_events`, off as installed, and how long its minutes are here.
        self.retries = False
        self.minute_s = 0.02
        #: False once the forum has given the webhook up.
        self.active = True
        #: Statuses that came back, in order; 0 where nothing did.
        self.answers: list[int] = []

    def emit(self, event: Event) -> None:
        """Send it soon, unless a fault says otherwise."""
        if not self.hook or not self.active or self._faults.strikes(Fault.LOST):
            return
        if self._held is None and self._faults.strikes(Fault.REORDERED):
            self._held = event
            self._crew.spawn(self._release())
            return
        events = [event] * (2 if self._faults.strikes(Fault.TWICE) else 1)
        delay_s = self._faults.late_s if self._faults.strikes(Fault.LATE) else 0.0
        held, self._held = self._held, None
        for one in [*events, *([held] if held else [])]:
            self._crew.spawn(self._deliver(one, delay_s))

    async def _release(self) -> None:
        """Let go of an event that no other came to overtake."""
        await asyncio.sleep(self._faults.late_s)
        held, self._held = self._held, None
        if held is not None:
            await self._deliver(held, 0.0)

    async def _deliver(self, event: Event, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        for retry in range(RETRIES + 1):
            status = await self.attempt(event)
            if not status or status < 300 or not self.retries:
                return
            if status in {404, 410} and retry == RETRIES:
                self.active = False
            if retry < RETRIES:
                await asyncio.sleep(BACKOFF**retry * self.minute_s)

    async def attempt(self, event: Event) -> int:
        """Send it once, with an id of its own; return the status, 0 when there was none."""
        self._event_id += 1
        body = json.dumps({"ping": "OK"} if event.type == "ping" else {event.type: event.payload}).encode()
        headers = self.headers(event, body)
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=TIMEOUT_S)) as session,
                session.post(self.hook, data=body, headers=headers) as answer,
            ):
                await answer.read()
                status = answer.status
        except (ClientError, TimeoutError, OSError):
            status = 0
        self.answers = [*self.answers[-LAST:], status]
        return status

    def headers(self, event: Event, body: bytes) -> dict[str, str]:
        """Return the headers of a webhook."""
        signature = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Accept": "*/*",
            "Content-Type": self.content_type,
            "User-Agent": "Discourse/2026.9.0",
            "X-Discourse-Instance": self.instance,
            "X-Discourse-Event-Id": str(self._event_id),
            "X-Discourse-Event-Type": event.type,
            "X-Discourse-Event-Signature": f"sha256={signature}",
        }
        return headers | ({"X-Discourse-Event": event.name} if event.name else {})
