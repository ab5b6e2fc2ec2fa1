"""The activity API's side that pushes: subscriptions, streams, webhooks with their challenge."""

import asyncio
import json
import secrets
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
from msgspec import Struct

from sandbox.faults import Fault, Faults
from sandbox.x.keys import Keys, signature
from sandbox.x.problems import Problem

#: X waits so long for a webhook's answer.
ANSWER_S = 10.0
KINDS = (
    "post.create", "post.delete", "post.mention.create", "post.reply.create", "post.quote.create", "dm.received",
    "dm.sent", "chat.received", "chat.sent", "oauth.revoke",
)  # fmt: skip
_MOST_REPLAYED = 500


class Webhook(Struct, kw_only=True):
    """A registered address."""

    id: str
    url: str
    valid: bool = True
    created_at: str = ""


class Subscription(Struct, kw_only=True):
    """What the app wants to hear of."""

    id: str
    event_type: str
    filter: dict[str, str]
    tag: str = ""
    webhook_id: str = ""

    def shown(self) -> dict[str, Any]:
        """Return it as the API lists it."""
        shown: dict[str, Any] = {
            "subscription_id": self.id,
            "event_type": self.event_type,
            "filter": self.filter,
            "tag": self.tag,
        }
        if self.webhook_id:
            shown["webhook_id"] = self.webhook_id
        return shown


class Events:
    """Brings events to those who subscribed, with the faults that are switched on."""

    def __init__(self, keys: Keys, faults: Faults, me: str) -> None:
        """Take the keys to sign with, the switches, and our account's number."""
        self._keys, self._faults, self._me = keys, faults, me
        self.webhooks: dict[str, Webhook] = {}
        #: Kinds for which the account has not authorised the app.
        self.closed: set[str] = set()
        self.subscriptions: dict[str, Subscription] = {}
        self.streams: set[asyncio.Queue[bytes | None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: bytes | None = None
        self._failed: list[tuple[str, bytes]] = []

    async def stop(self) -> None:
        """Drop what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def publish(self, kind: str, payload: Mapping[str, Any], users: Sequence[Mapping[str, Any]]) -> None:
        """Tell of an event, perhaps late, twice, out of order or not at all."""
        if self._faults.strikes(Fault.LOST):
            return
        about = {} if kind == "oauth.revoke" else {"user_id": self._me}
        uuid = secrets.randbits(64) - 2**63
        data = {
            "event_uuid": str(uuid),
            "filter": about,
            "event_type": kind,
            "payload": payload,
            "includes": {"users": list(users)},
        }
        for subscription in list(self.subscriptions.values()):
            if subscription.event_type == kind:
                body = json.dumps({"data": {**data, "tag": subscription.tag}}).encode()
                self._order(subscription, body)
                return

    def _order(self, subscription: Subscription, body: bytes) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._send(subscription, body)
            self._send(subscription, held)
        elif self._faults.strikes(Fault.REORDERED):
            self._held = body
        else:
            self._send(subscription, body)
            if self._faults.strikes(Fault.TWICE):
                self._send(subscription, body)

    def _send(self, subscription: Subscription, body: bytes) -> None:
        late_s = self._faults.late_s if self._faults.strikes(Fault.LATE) else 0.0
        self._start(self._deliver(subscription, body, late_s))

    async def _deliver(self, subscription: Subscription, body: bytes, late_s: float) -> None:
        await asyncio.sleep(late_s)
        for stream in self.streams:
            stream.put_nowait(body)
        webhook = self.webhooks.get(subscription.webhook_id)
        if webhook is not None and webhook.valid and not await self.post(webhook.url, body):
            self._failed = [*self._failed[-_MOST_REPLAYED:], (webhook.id, body)]

    def cut(self) -> None:
        """End every stream, as X does now and then."""
        for stream in self.streams:
            stream.put_nowait(None)

    async def post(self, url: str, body: bytes) -> bool:
        """Send a signed event; tell whether it was taken."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Sandbox-Webhooks/1.0",
            "X-Twitter-Webhooks-Signature": signature(self._keys.api_secret, body),
            "X-Twitter-Webhooks-Signature-OAuth2": signature(self._keys.client_secret, body),
        }
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                self._opened().post(url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def replay(self, webhook_id: str) -> int:
        """Send again what the webhook did not take; return how much that is."""
        wanted = [body for id_, body in self._failed if id_ == webhook_id]
        self._failed = [one for one in self._failed if one[0] != webhook_id]
        for body in wanted:
            self._start(self._again(webhook_id, body))
        return len(wanted)

    async def _again(self, webhook_id: str, body: bytes) -> None:
        webhook = self.webhooks.get(webhook_id)
        if webhook is not None:
            await self.post(webhook.url, body)

    async def register(self, url: str) -> Webhook:
        """Register a webhook that answers the challenge. Raises Problem."""
        if any(one.url == url for one in self.webhooks.values()):
            raise Problem(400, "DuplicateUrlFailed", "A webhook is already registered for this URL")
        if not await self.challenge(url):
            raise Problem(400, "CrcValidationFailed", "The URL did not answer the challenge correctly")
        webhook = Webhook(id=str(secrets.randbits(60)), url=url, created_at=datetime.now(UTC).isoformat())
        self.webhooks[webhook.id] = webhook
        return webhook

    async def challenge(self, url: str) -> bool:
        """Ask the address to prove that it knows the app's secret."""
        token = secrets.token_urlsafe(32)
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                self._opened().get(url, params={"crc_token": token}, allow_redirects=False) as response,
            ):
                answer = json.loads(await response.text())
                right = signature(self._keys.api_secret, token.encode())
                return response.status == 200 and answer == {"response_token": right}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return False

    def subscribe(
        self, kind: str, about: dict[str, str], tag: str = "", webhook_id: str = ""
    ) -> Subscription:
        """Subscribe to one kind. Raises Problem."""
        if kind not in KINDS:
            raise Problem(400, "Invalid Request", f"unknown event_type {kind}", "invalid-request")
        if kind in self.closed:
            raise Problem(403, "Forbidden", "The user has not authorized the app.", "client-forbidden")
        if kind != "oauth.revoke" and about.get("user_id") != self._me:
            raise Problem(403, "Forbidden", "The user has not authorized the app.", "client-forbidden")
        if any(one.event_type == kind and one.filter == about for one in self.subscriptions.values()):
            raise Problem(400, "Duplicate", "The subscription exists", "duplicate-rules")
        made = Subscription(
            id=str(secrets.randbits(60)), event_type=kind, filter=about, tag=tag, webhook_id=webhook_id
        )
        self.subscriptions[made.id] = made
        return made

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
