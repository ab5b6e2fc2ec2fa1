"""The webhook: signature over the raw bytes first, then the events; 200 once they are stored."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiohttp import web

from channels._template import parse
from channels.errors import Unavailable

HEADER = "X-Signature"
#: Largest body, in bytes.
LARGEST = 1024 * 1024

Take = Callable[[Sequence[msgspec.Raw]], Awaitable[None]]


class Hook:
    """Answers the provider's webhook for one account."""

    def __init__(self, secret: str, take: Take) -> None:
        """Take the secret shared with the provider, and what stores events."""
        self._secret, self._take = secret.encode(), take

    async def answer(self, request: web.Request) -> web.Response:
        """Take one request: 401 forged, 413 too large, 400 not ours, 503 not stored, 200 stored."""
        body = await _body(request)
        if body is None:
            return web.Response(status=413, text="too large\n")
        if not genuine(body, request.headers.get(HEADER, ""), self._secret):
            return web.Response(status=401, text="the signature does not fit\n")
        try:
            found = parse.events(body)
        except ValueError:
            return web.Response(status=400, text="not a list of events\n")
        try:
            await self._take(found.events)
        except Unavailable:
            return web.Response(status=503, text="try again later\n", headers={"Retry-After": "5"})
        return web.Response(text="stored\n")


def sign(body: bytes, secret: bytes) -> str:
    """Return the signature header for a body: HMAC-SHA256 over the raw bytes."""
    return f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"


def genuine(body: bytes, signature: str, secret: bytes) -> bool:
    """Tell whether the signature is that of the body."""
    return hmac.compare_digest(sign(body, secret).encode(), signature.encode("utf-8", "replace"))


async def _body(request: web.Request) -> bytes | None:
    """Return the raw bytes; None when there are too many."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > LARGEST:
            return None
    return bytes(body)
