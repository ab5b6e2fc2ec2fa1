"""`GET /chat/ws`: opens a WebSocket, serves it, and closes it with a code that says why."""

import asyncio
from contextlib import suppress

import structlog
from aiohttp import web

from channels.webchat.chat import Chat
from channels.webchat.errors import Gone
from channels.webchat.frames import BROKEN, GOING_AWAY, Fault, encode
from channels.webchat.limits import network
from channels.webchat.room import Room
from channels.webchat.verdict import cause, verdict

log = structlog.get_logger(__name__)

#: Seconds for the last frame to leave before the connection is cut.
_LAST_WORDS_S = 2.0


async def connect(request: web.Request, chat: Chat) -> web.WebSocketResponse:
    """Serve one browser until it leaves. Raises Crowded, before the upgrade, when there is no seat."""
    with chat.seats.take(network(request.remote)):
        socket = web.WebSocketResponse(
            heartbeat=chat.timing.heartbeat_s,
            timeout=_LAST_WORDS_S,
            max_msg_size=chat.largest,
            compress=False,
        )
        await socket.prepare(request)
        chat.sockets.add(socket)
        try:
            await _serve(request, chat, socket)
        finally:
            chat.sockets.discard(socket)
    return socket


async def _serve(request: web.Request, chat: Chat, socket: web.WebSocketResponse) -> None:
    try:
        await Room(chat, socket, request.remote).run()
        error: BaseException = Gone("gone", "")
    except asyncio.CancelledError:
        await _close(request, socket, GOING_AWAY, None)
        raise
    except Exception as raised:  # noqa: BLE001  # whatever it is, the browser gets a code and connects again
        error = cause(raised)
    told = verdict(error)
    if told.close == BROKEN:
        log.error("chat.broken", account=chat.host.account, exc_info=error)
    if chat.leaving:
        await _close(request, socket, GOING_AWAY, None)
    else:
        await _close(request, socket, told.close, None if isinstance(error, Gone) else told.fault)


async def _close(request: web.Request, socket: web.WebSocketResponse, code: int, fault: Fault | None) -> None:
    """Say why and close; a browser that does not read is cut off."""
    try:
        with suppress(ConnectionError):
            async with asyncio.timeout(_LAST_WORDS_S):
                if fault is not None and not socket.closed:
                    await socket.send_str(encode(fault))
                await socket.close(code=code, message=(fault.code if fault else "").encode())
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
