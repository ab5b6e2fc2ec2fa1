"""The stand-in itself: starts the API, presses buttons as people do, and times how fast they are answered."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from msgspec import Struct

from sandbox.faults import Fault, Faults
from sandbox.slack.api import Api
from sandbox.slack.workspace import APP, TEAM, Said, User, Workspace
from sandbox.stand import Site

#: A `response_url` works so often, for so long.
USES, USABLE_S = 5, 1800.0
#: Slack waits so long for the answer to a pressed button.
PATIENCE_S = 3.0


class Answered(Struct, frozen=True, kw_only=True):
    """How the app answered a call of ours."""

    #: 0 when no answer came in time.
    status: int
    seconds: float
    body: str = ""


class Door(Struct, kw_only=True):
    """A `response_url`."""

    user: str
    until: float
    uses: int = 0


class Slack:
    """One workspace with our app installed."""

    #: What can go wrong here.
    knows = frozenset(
        {
            Fault.THROTTLED, Fault.THROTTLED_BARE, Fault.BROKEN, Fault.DROPPED, Fault.FAILED_AFTER,
            Fault.REFUSED, Fault.SLOW, Fault.BLACK_HOLE, Fault.REVOKED,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        """Make the workspace; nothing listens yet."""
        self.faults = Faults()
        self.workspace = Workspace()
        self.token = f"xoxb-{secrets.token_hex(8)}"
        self.signing_secret = secrets.token_hex(16)
        #: How the app answered each pressed button, in order.
        self.answers: list[Answered] = []
        self.api = Api(self.workspace, self.faults, self.token)
        self._doors: dict[str, Door] = {}
        self._site = Site([*self.api.routes(), web.post("/actions/{team}/{door}", self._respond)])
        self._hook = ""

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        await self._site.start()

    async def stop(self) -> None:
        """Close everything; what was under way is dropped."""
        await self._site.stop()

    def settings(self) -> dict[str, object]:
        """Return the table `[slack]` with which a service uses this stand-in."""
        return {
            "bot_token": self.token,
            "signing_secret": self.signing_secret,
            "api": f"{self._site.url}/api/",
        }

    async def connect(self, hook: str) -> None:
        """Send what is pressed to this URL from now on: `http://…/hooks/slack`."""
        self._hook = hook

    def join(self, id: str, name: str) -> User:
        """Let somebody join the workspace."""
        return self.workspace.add(id, name)

    def signed(self, body: bytes, *, at: float | None = None) -> dict[str, str]:
        """Return the headers with which Slack signs a body."""
        timestamp = str(int(self.workspace.now() if at is None else at))
        base = b"v0:" + timestamp.encode() + b":" + body
        digest = hmac.new(self.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    async def press(self, user: str, action_id: str, *, said: Said | None = None) -> Answered:
        """Let a user press a button: of this message, or of the newest that they have with such a button."""
        with_it = [one for one in self.workspace.to(user) if action_id in one.buttons()]
        shown = said or (with_it[-1] if with_it else None)
        if shown is None:
            raise LookupError(f"{user} sees no button {action_id}")
        body = urlencode({"payload": json.dumps(self.payload(user, action_id, shown))}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self.signed(body)}
        answered = await self.call(body, headers)
        self.answers.append(answered)
        return answered

    async def challenge(self, words: str) -> Answered:
        """Ask whether the app is there, as when its URL is entered."""
        body = json.dumps({"type": "url_verification", "token": "old", "challenge": words}).encode()
        return await self.call(body, {"Content-Type": "application/json", **self.signed(body)})

    async def call(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        """POST to the hook, and wait for the answer as long as Slack does."""
        began = time.monotonic()
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=PATIENCE_S)) as session,
                session.post(self._hook, data=body, headers=headers) as answer,
            ):
                text = await answer.text()
                return Answered(status=answer.status, seconds=time.monotonic() - began, body=text)
        except (TimeoutError, ClientError):
            return Answered(status=0, seconds=time.monotonic() - began)

    def payload(self, user: str, action_id: str, said: Said) -> dict[str, Any]:
        """Return what Slack sends when a button is pressed."""
        button = said.buttons().get(action_id) or {"action_id": action_id, "value": ""}
        door = secrets.token_urlsafe(16)
        self._doors[door] = Door(user=user, until=time.monotonic() + USABLE_S)
        known = self.workspace.users.get(user)
        return {
            "type": "block_actions",
            "user": {"id": user, "username": known.name if known else user, "team_id": TEAM},
            "api_app_id": APP,
            "container": {"type": "message", "message_ts": said.ts, "channel_id": said.channel, "is_ephemeral": False},
            "trigger_id": f"{secrets.randbelow(10**12)}.{secrets.token_hex(8)}",
            "team": {"id": TEAM, "domain": "handleby"},
            "channel": {"id": said.channel, "name": "directmessage"},
            "message": {"type": "message", "ts": said.ts, "text": said.text, "blocks": said.blocks},
            "response_url": f"{self._site.url}/actions/{TEAM}/{door}",
            "actions": [{**button, "block_id": "actions", "action_ts": f"{self.workspace.now():.6f}"}],
        }  # fmt: skip

    async def _respond(self, request: web.Request) -> web.Response:
        door = self._doors.get(request.match_info["door"])
        if door is None or door.uses >= USES or time.monotonic() > door.until:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        door.uses += 1
        body = await request.json()
        if body.get("response_type") == "ephemeral" and not body.get("replace_original", True):
            self.workspace.whispers.append((door.user, str(body.get("text", ""))))
        return web.Response(text="ok")
