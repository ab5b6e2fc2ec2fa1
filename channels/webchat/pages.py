"""What all accounts of the web chat share on the public server: page, widget, and the two ways to talk."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import structlog
from aiohttp import web

from channels.port import Route
from channels.webchat import assets, origins, rest, socket
from channels.webchat.chat import Chat
from channels.webchat.config import config
from channels.webchat.errors import NotAllowed, Unknown
from channels.webchat.page import page
from channels.webchat.verdict import cause, verdict

log = structlog.get_logger(__name__)

Handler: TypeAlias = Callable[[web.Request, Chat], Awaitable[web.StreamResponse]]


class Pages:
    """Finds the account that a request is for, checks where it comes from, and hands it on."""

    def __init__(self, chats: Mapping[str, Chat]) -> None:
        """Take the accounts; requests that name none get the first."""
        self._chats = chats

    def routes(self) -> Sequence[Route]:
        """Return every path; nothing when there is no account."""
        if not self._chats:
            return ()
        found = [
            self._route("GET", "/chat", page),
            self._route("GET", "/chat/config", config),
            self._route("GET", "/chat/ws", socket.connect, told=True),
            self._route("POST", "/chat/session", rest.session, told=True),
            self._route("POST", "/chat/messages", rest.messages, told=True),
            self._route("POST", "/chat/contact", rest.contact, told=True),
            self._route("GET", "/chat/transcript", rest.transcript),
            self._route("GET", "/chat/files/{blob}", rest.file),
            Route(method="GET", path="/widget.js", handler=self._asset),
            Route(method="GET", path="/chat/static/{name}", handler=self._asset),
        ]
        asked_first = ("session", "messages", "contact", "transcript", "config", "files/{blob}")
        return found + [
            self._route("OPTIONS", f"/chat/{name}", _preflight, told=True) for name in asked_first
        ]

    def _route(self, method: str, path: str, handler: Handler, *, told: bool = False) -> Route:
        """Return the guarded route; with `told` the browser must say which page it shows."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            allowed = ""
            try:
                chat = self._account(request)
                allowed = _origin(request, chat, told=told)
                response = await handler(request, chat)
            except (web.HTTPException, asyncio.CancelledError):
                raise
            except Exception as raised:  # noqa: BLE001  # every failure becomes an answer that says what it is
                response = _refuse(cause(raised))
            if not response.prepared:
                _cross_origin(response, allowed)
            return response

        return Route(method=method, path=path, handler=guarded)

    def _account(self, request: web.Request) -> Chat:
        name = request.query.get("account", "")
        if not name:
            return next(iter(self._chats.values()))
        if name not in self._chats:
            raise Unknown("account", "There is no chat account of that name here.")
        return self._chats[name]

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        """Answer a file that is the same for all accounts; pages of any account's origins may load it."""
        origin = origins.of(request)
        known = any(chat.origins.allows(origin) for chat in self._chats.values())
        try:
            response = assets.response(request, request.match_info.get("name", "widget.js"))
        except Unknown as error:
            response = _refuse(error)
        _cross_origin(response, origin if known else "")
        return response


def _origin(request: web.Request, chat: Chat, *, told: bool) -> str:
    """Return the origin, once it is known to be allowed; "" when the browser did not need to say it."""
    origin = origins.of(request)
    if not origin and not told:
        return ""
    if not chat.origins.allows(origin):
        said = f"the origin {origin!r}" if origin else "a request without an Origin header"
        raise NotAllowed(
            "origin", f"This chat does not answer {said}. Add the site to the account's `origins`."
        )
    return origin


def _cross_origin(response: web.StreamResponse, allowed: str) -> None:
    response.headers.add("Vary", "Origin")
    if allowed:
        response.headers.update(origins.headers(allowed))


def _refuse(error: BaseException) -> web.Response:
    told = verdict(error)
    if told.status == 500:
        log.error("chat.broken", exc_info=error)
    response = rest.answer(told.fault, told.status)
    if told.after_s:
        response.headers["Retry-After"] = str(told.after_s)
    return response


async def _preflight(_request: web.Request, _chat: Chat) -> web.Response:
    """Answer a browser that asks whether it may ask."""
    return web.Response(status=204)
