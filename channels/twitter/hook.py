"""The webhook: X's challenge, its signatures over the raw body, and what it brings."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from aiohttp import web

from channels.errors import Unavailable
from channels.port import Host, Route
from channels.twitter.hints import Hints, Malformed
from channels.twitter.settings import Settings

LARGEST = 1024 * 1024
_LONGEST_TOKEN = 1000
NEWER, OLDER = "X-Twitter-Webhooks-Signature-OAuth2", "X-Twitter-Webhooks-Signature"


def signature(secret: str, data: bytes) -> str:
    """Return the signature as X writes it: `sha256=` and base64 of HMAC-SHA256."""
    made = hmac.new(secret.encode(), data, hashlib.sha256).digest()
    return f"sha256={base64.b64encode(made).decode()}"


class Hook:
    """Answers at `/hooks/<channel>/<account>`."""

    def __init__(self, host: Host, settings: Settings, hints: Hints) -> None:
        """Take the account and where events go."""
        self._host, self._settings, self._hints = host, settings, hints
        self.path = f"/hooks/{host.channel}/{host.account}"

    def routes(self) -> Sequence[Route]:
        """Return the challenge and the events."""
        return (
            Route(method="GET", path=self.path, handler=self.challenge),
            Route(method="POST", path=self.path, handler=self.events),
        )

    async def challenge(self, request: web.Request) -> web.Response:
        """Prove that we know the secret, as X asks at registration and now and then."""
        token = request.query.get("crc_token", "")
        if not 0 < len(token) <= _LONGEST_TOKEN:
            return web.json_response({"error": "crc_token is missing"}, status=400)
        return web.json_response({"response_token": signature(self._settings.api_secret, token.encode())})

    async def events(self, request: web.Request) -> web.Response:
        """Take in events; 200 only once they are stored."""
        body = await _body(request)
        if body is None:
            return web.json_response({"error": "too large"}, status=413)
        if not self.genuine(request.headers.getall(NEWER, []), request.headers.getall(OLDER, []), body):
            return web.json_response({"error": "the signature does not fit"}, status=403)
        try:
            await self._hints.take(body)
        except Malformed as error:
            return web.json_response({"error": str(error)}, status=400)
        except Unavailable:
            return web.json_response({"error": "cannot be stored right now"}, status=503)
        return web.json_response({})

    def genuine(self, newer: Sequence[str], older: Sequence[str], body: bytes) -> bool:
        """Tell whether X signed the body: every signature that can be checked fits, and there is one."""
        checks = [(one, self._settings.api_secret) for one in older]
        if self._settings.client_secret:
            checks += [(one, self._settings.client_secret) for one in newer]
        fits = [_same(one, signature(key, body)) for one, key in checks]
        return bool(fits) and all(fits)


def _same(given: str, made: str) -> bool:
    """Compare in constant time; a header may hold bytes that are no text."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), made.encode())


async def _body(request: web.Request) -> bytes | None:
    """Return the raw body; None when it is too large, however long it says it is."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_chunked(65_536):
        size += len(chunk)
        if size > LARGEST:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
