"""The Web API: bearer tokens, 200 with `ok: false`, 429 with Retry-After, and the faults of a bad day."""

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any, TypeAlias

from aiohttp import web

from sandbox.faults import Fault, Faults
from sandbox.slack.limits import objection
from sandbox.slack.workspace import APP, BOT, BOT_USER, TEAM, Said, Workspace

Arguments: TypeAlias = dict[str, Any]
Method: TypeAlias = Callable[[Arguments], dict[str, Any]]
#: Messages that a channel takes at once, and then one a second.
BURST = 5
#: Most messages of a page, and what a cursor to the next one begins with.
PAGE, CURSOR = 999, "next_ts:"
#: Seconds to wait, as told with 429.
RETRY_AFTER = 1
MARKUP = "<html><body><h1>503 Service Unavailable</h1></body></html>"


class Wrong(Exception):
    """The call is refused."""

    def __init__(self, error: str, **more: Any) -> None:
        """Take Slack's error."""
        super().__init__(error)
        self.body = {"ok": False, "error": error, **more}


class Api:
    """The methods that an app like ours calls."""

    def __init__(self, workspace: Workspace, faults: Faults, token: str) -> None:
        """Take the state, the switches, and the one token that works."""
        self._workspace, self._faults, self._token = workspace, faults, token
        self._spent: dict[str, float] = {}
        #: Method names in the order of their calls.
        self.calls: list[str] = []

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "auth.test": self._auth,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.postEphemeral": self._whisper,
            "conversations.open": self._open,
            "conversations.history": self._history,
            "users.info": self._user,
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the API."""
        return [web.route("*", "/api/{method}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        self.calls.append(name)
        if (struck := await self._struck()) is not None:
            return struck
        method = self.methods().get(name)
        try:
            if method is None:
                raise Wrong("unknown_method", req_method=name)
            self._let_in(request)
            given = await _arguments(request)
            self._hurry(name, given)
            body = {"ok": True, **method(given)}
        except Wrong as wrong:
            if wrong.body["error"] == "ratelimited":
                return web.json_response(wrong.body, status=429, headers={"Retry-After": str(RETRY_AFTER)})
            return web.json_response(wrong.body)
        if name == "chat.postMessage":
            if self._faults.strikes(Fault.DROPPED) and request.transport is not None:
                request.transport.abort()
            if self._faults.strikes(Fault.FAILED_AFTER):
                return web.json_response({"ok": False, "error": "internal_error"}, status=500)
        return web.json_response(body)

    async def _struck(self) -> web.Response | None:
        if self._faults.strikes(Fault.BLACK_HOLE):
            await asyncio.sleep(3600)
        if self._faults.strikes(Fault.SLOW):
            await asyncio.sleep(self._faults.slow_s)
        if self._faults.strikes(Fault.BROKEN):
            return web.Response(status=503, text=MARKUP, content_type="text/html")
        if self._faults.strikes(Fault.THROTTLED):
            body = {"ok": False, "error": "ratelimited"}
            return web.json_response(body, status=429, headers={"Retry-After": str(RETRY_AFTER)})
        if self._faults.strikes(Fault.THROTTLED_BARE):
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429)
        if self._faults.strikes(Fault.REVOKED):
            return web.json_response({"ok": False, "error": "token_revoked"})
        if self._faults.strikes(Fault.REFUSED):
            return web.json_response({"ok": False, "error": "restricted_action"})
        return None

    def _let_in(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token:
            raise Wrong("not_authed")
        if scheme != "Bearer" or token != self._token:
            raise Wrong("invalid_auth")

    def _hurry(self, name: str, given: Arguments) -> None:
        """Refuse more than about one message a second in a channel."""
        if name not in {"chat.postMessage", "chat.update"}:
            return
        channel, now = str(given.get("channel")), self._workspace.now()
        paid = max(self._spent.get(channel, now), now)
        if paid - now > BURST - 1:
            raise Wrong("ratelimited")
        self._spent[channel] = paid + 1

    def _auth(self, _: Arguments) -> dict[str, Any]:
        return {
            "url": "https://handleby.slack.test/", "team": "Handleby", "user": "handleby",
            "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT, "is_enterprise_install": False,
        }  # fmt: skip

    def _open(self, given: Arguments) -> dict[str, Any]:
        names = str(given.get("users", "")).split(",")
        user = self._workspace.users.get(names[0])
        if len(names) != 1 or user is None:
            raise Wrong("user_not_found")
        known = bool(user.channel)
        return {"no_op": known, "already_open": known, "channel": {"id": self._workspace.open(user)}}

    def _user(self, given: Arguments) -> dict[str, Any]:
        user = self._workspace.users.get(str(given.get("user", "")))
        if user is None:
            raise Wrong("user_not_found")
        return {"user": {"id": user.id, "team_id": TEAM, "name": user.name, "tz": user.tz, "is_bot": False}}

    def _post(self, given: Arguments) -> dict[str, Any]:
        channel, text, blocks = self._checked(given)
        thread = str(given.get("thread_ts") or "")
        if thread and self._workspace.find(channel, thread) is None:
            raise Wrong("thread_not_found")
        metadata = given.get("metadata")
        if metadata is not None and not {"event_type", "event_payload"} <= set(metadata):
            raise Wrong("invalid_metadata_format")
        said = self._workspace.say(
            Said(
                channel=channel, ts="", text=text, blocks=blocks, metadata=metadata, thread_ts=thread,
                broadcast=bool(thread) and _yes(given.get("reply_broadcast")),
            )
        )  # fmt: skip
        return {"channel": channel, "ts": said.ts, "message": _shown(said, metadata=True)}

    def _update(self, given: Arguments) -> dict[str, Any]:
        channel, text, blocks = self._checked(given)
        said = self._workspace.find(channel, str(given.get("ts", "")))
        if said is None:
            raise Wrong("message_not_found")
        self._workspace.change(said, text, blocks)
        return {"channel": channel, "ts": said.ts, "text": text}

    def _checked(self, given: Arguments) -> tuple[str, str, list[dict[str, Any]]]:
        reader = self._workspace.reader(str(given.get("channel", "")))
        if reader is None:
            raise Wrong("channel_not_found")
        text, blocks = str(given.get("text") or ""), given.get("blocks") or []
        if error := objection(text, blocks):
            raise Wrong(error)
        return self._workspace.open(reader), text, blocks

    def _whisper(self, given: Arguments) -> dict[str, Any]:
        user = str(given.get("user", ""))
        if self._workspace.reader(str(given.get("channel", ""))) is None:
            raise Wrong("channel_not_found")
        if user not in self._workspace.users:
            raise Wrong("user_not_in_channel")
        self._workspace.whispers.append((user, str(given.get("text", ""))))
        return {"message_ts": f"{self._workspace.now():.6f}"}

    def _history(self, given: Arguments) -> dict[str, Any]:
        channel = str(given.get("channel", ""))
        if not channel.startswith("D") or self._workspace.reader(channel) is None:
            raise Wrong("channel_not_found")
        oldest, latest = float(given.get("oldest") or 0), float(given.get("latest") or math.inf)
        found = [
            one
            for one in reversed(self._workspace.messages)
            if one.channel == channel and oldest <= float(one.ts) <= latest
        ]
        seen = [one for one in found if not one.thread_ts or one.broadcast]
        limit = min(int(given.get("limit") or 100), PAGE)
        if cursor := str(given.get("cursor") or ""):
            if not cursor.startswith(CURSOR):
                raise Wrong("invalid_cursor")
            seen = [one for one in seen if float(one.ts) <= float(cursor.removeprefix(CURSOR))]
        whole = _yes(given.get("include_all_metadata"))
        page = {"messages": [_shown(one, metadata=whole) for one in seen[:limit]]}
        if len(seen) <= limit:
            return page | {"has_more": False}
        return page | {"has_more": True, "response_metadata": {"next_cursor": f"{CURSOR}{seen[limit].ts}"}}


def _shown(said: Said, *, metadata: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "message", "user": BOT_USER, "bot_id": BOT, "app_id": APP, "team": TEAM,
        "ts": said.ts, "text": said.text, "blocks": said.blocks,
    }  # fmt: skip
    if said.thread_ts:
        shown |= {"thread_ts": said.thread_ts}
    if metadata and said.metadata is not None:
        shown |= {"metadata": said.metadata}
    return shown


def _yes(value: Any) -> bool:
    return str(value).lower() in {"1", "true"}


async def _arguments(request: web.Request) -> Arguments:
    """Return the arguments: of the query, and of a form or JSON body."""
    given: Arguments = dict(request.query)
    if request.content_type == "application/json":
        body = await request.json()
        if not isinstance(body, dict):
            raise Wrong("json_not_object")
        return given | body
    for key, value in (await request.post()).items():
        given[key] = json.loads(str(value)) if key in {"blocks", "metadata"} else str(value)
    return given
