"""Webhooks of the forum: verified over the raw bytes, stored, then answered."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from aiohttp import web

from channels.errors import Unavailable
from channels.forum import parse
from channels.forum.intake import Intake
from channels.forum.settings import site_of
from channels.forum.signature import genuine
from channels.forum.trouble import ForumTrouble

#: Bytes of the largest webhook; a post of 32,000 characters is a tenth of it, as Markdown and HTML.
LARGEST = 1024 * 1024
#: Seconds for reading one; the forum gives up after 20.
READ_S = 15.0
#: Events that carry no post, but mean that there may be one.
HINTS = frozenset({"topic_created", "topic_recovered"})

_log = structlog.get_logger(__name__)


class Hook:
    """Answers the forum's webhooks for one account."""

    def __init__(self, intake: Intake, wake: Callable[[], None]) -> None:
        """Take where posts go, and what makes the poller look at once."""
        self._intake, self._wake = intake, wake
        self._host, self._settings = intake.host, intake.settings

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one webhook: 200 only once it is stored."""
        raw = await _read(request)
        if raw is None:
            return _refused(413, f"A webhook has at most {LARGEST} bytes.")
        refusal = self._suspicious(request, raw)
        if refusal:
            _log.warning("webhook refused", account=self._host.account, why=refusal)
            return _refused(403, refusal)
        try:
            body = parse.body(raw, request.content_type)
        except ValueError as error:
            return _refused(400, f"Not a webhook of Discourse: {error}.")
        return await self._take(request.headers.get("X-Discourse-Event", ""), body)

    def _suspicious(self, request: web.Request, raw: bytes) -> str:
        if not self._settings.secret:
            return "This account takes no webhooks: set `webhook_secret` here and in the forum."
        if not genuine(self._settings.secret, raw, request.headers.get("X-Discourse-Event-Signature", "")):
            return "The signature does not fit: `webhook_secret` must be the webhook's secret."
        instance = request.headers.get("X-Discourse-Instance", "")
        if not instance or site_of(instance) != self._settings.view.site:
            return "It comes from another forum: `instance` must be the address the forum gives itself."
        return ""

    async def _take(self, event: str, body: dict[str, Any]) -> web.Response:
        happened = parse.EVENTS.get(event)
        if event in HINTS:
            self._wake()
        if happened is None:
            return web.Response(text="OK")  # a ping, a hint, or what is no business of ours
        try:
            await self._intake.take(happened, body.get("post"))
        except (Unavailable, ForumTrouble) as error:
            _log.warning("webhook put off", account=self._host.account, error=type(error).__name__)
            return web.Response(
                status=503, text="Cannot be stored now; send it again.", headers={"Retry-After": "60"}
            )
        return web.Response(text="OK")


async def _read(request: web.Request) -> bytes | None:
    """Return the body; None when it is too large."""
    if (request.content_length or 0) > LARGEST:
        return None
    raw = bytearray()
    async with asyncio.timeout(READ_S):
        async for part in request.content.iter_any():
            raw += part
            if len(raw) > LARGEST:
                return None
    return bytes(raw)


def _refused(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text)
