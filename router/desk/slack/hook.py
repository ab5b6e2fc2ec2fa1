"""Where Slack calls when a button is pressed: proved, answered at once, worked on afterwards."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from router import log
from router.desk.headers import harden
from router.desk.slack.office import Office
from router.desk.slack.press import Press, Presses, pressed
from router.desk.slack.signature import proves

logger = log.get(__name__)

PATH = "/hooks/slack"
#: A payload repeats the message that the button is on; ours are short.
BODY_MOST = 512 * 1024
#: Slack waits three seconds for an answer.
BODY_WAIT_S = 2.0
#: Buttons that wait to be worked on, and those worked on at once.
WAITING, AT_ONCE = 200, 8


class Hook:
    """Takes calls; `run` does what they ask."""

    def __init__(self, office: Office, presses: Presses, secret: str) -> None:
        """Take the parts and the signing secret."""
        self._clock, self._presses, self._secret = office.clock, presses, secret
        self._waiting: asyncio.Queue[Press] = asyncio.Queue(WAITING)

    def routes(self) -> list[web.RouteDef]:
        """Return the one route."""
        return [web.post(PATH, self.take)]

    async def run(self) -> None:
        """Do what was pressed, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            press = await self._waiting.get()
            try:
                await self._presses.perform(press)
            except Exception:
                logger.exception("a pressed button failed", action=press.action)
            finally:
                self._waiting.task_done()

    async def idle(self) -> None:
        """Wait until everything that was pressed is done."""
        await self._waiting.join()

    async def take(self, request: web.Request) -> web.Response:
        """Answer a call: 401 unless it is Slack's, then an empty 200 at once."""
        response = await self._answer(request)
        harden(response)
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if body is None:
            return web.Response(status=413)
        if not proves(self._secret, request.headers, body, self._clock.now().timestamp()):
            logger.warning("a call without Slack's signature was refused")
            return web.Response(status=401)
        try:
            asked = _parsed(request.content_type, body)
        except (ValueError, LookupError, RecursionError):
            return web.Response(status=400)
        return self._asked(asked)

    def _asked(self, asked: Any) -> web.Response:
        """Answer what Slack asks; a link that was opened, and what we did not ask for, needs nothing."""
        if isinstance(asked, dict) and asked.get("type") == "url_verification":
            return web.Response(text=str(asked.get("challenge", ""))[:1000])
        press = pressed(asked)
        try:
            if press is not None:
                self._waiting.put_nowait(press)
        except asyncio.QueueFull:
            return web.Response(status=503)
        return web.Response()


async def _body(request: web.Request) -> bytes | None:
    """Return the whole body; None when it is too long or comes too slowly."""
    found = bytearray()
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            async for chunk in request.content.iter_any():
                found += chunk
                if len(found) > BODY_MOST:
                    return None
    except TimeoutError:
        return None
    return bytes(found)


def _parsed(content_type: str, body: bytes) -> Any:
    """Return the JSON of an event, or of the field `payload` of a form. Raises ValueError, LookupError."""
    if content_type == "application/json":
        return msgspec.json.decode(body)
    fields = parse_qs(body.decode(), strict_parsing=True, max_num_fields=10)
    return msgspec.json.decode(fields["payload"][0])
