"""The addresses that the provider asks: signature first, then the step, within the time that it waits."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import structlog
from aiohttp import web

from channels.errors import Unavailable
from channels.phone import parse, signature
from channels.phone.account import Account
from channels.phone.incoming import Incoming
from channels.phone.legs import Legs
from channels.phone.parse import Call
from channels.phone.reach import Reach
from channels.phone.readout import ReadOut
from channels.phone.twiml import Twiml
from channels.port import Route

log = structlog.get_logger(__name__)

#: Largest body; the provider's are a few kilobytes.
BODY_BYTES = 64 * 1024
#: The provider gives up after 15 s and asks the fallback.
STEP_S = 12.0
LONGEST_VALUE = 400
_NAME = re.compile(r"[a-z]")

Step: TypeAlias = Callable[[Call, dict[str, str]], Awaitable[Twiml | None]]


class Hooks:
    """Checks who asks, and hands on."""

    def __init__(
        self, account: Account, incoming: Incoming, reach: Reach, legs: Legs, readout: ReadOut
    ) -> None:
        """Take the parts that answer."""
        self._account, self._host = account, account.host
        #: By the last part of the path; "" is the number's own webhook.
        self._steps: Mapping[str, Step] = {
            "": incoming.greet,
            "menu": incoming.menu,
            "reference": incoming.reference,
            "number": incoming.number,
            "when": incoming.when,
            "slot": incoming.slot,
            "ask": incoming.ask,
            "about": incoming.about,
            "add": incoming.add,
            "done": incoming.done,
            "whisper": reach.whisper,
            "take": reach.take,
            "reached": reach.reached,
            "agent": legs.agent,
            "accept": legs.accept,
            "hello": legs.hello,
            "join": legs.join,
            "bridged": legs.bridged,
            "status": legs.status,
            "leg": legs.leg,
            "machine": legs.machine,
            "read": readout.read,
            "hear": readout.hear,
            "readstatus": readout.status,
            "fallback": self._fallback,
        }

    def routes(self) -> Sequence[Route]:
        """Return the webhook and the steps below it."""
        base = self._account.path
        return [
            Route(method="POST", path=base, handler=self._answer),
            Route(method="POST", path=f"{base}/{{step}}", handler=self._answer),
        ]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of the provider; those of anybody else are refused."""
        form = await self._signed(request)
        if isinstance(form, web.Response):
            return form
        step = self._steps.get(request.match_info.get("step", ""))
        if step is None:
            return _refused(404, "there is no such step")
        try:
            call = parse.call(form)
        except ValueError as error:
            return _refused(400, str(error))
        query = {
            name: value[:LONGEST_VALUE] for name, value in request.query.items() if _NAME.fullmatch(name)
        }
        try:
            async with asyncio.timeout(STEP_S):
                found = await step(call, query)
        except (Unavailable, TimeoutError):
            return _refused(503, "the store cannot be reached right now")
        except Exception:  # the caller must not hear silence: the provider asks the fallback
            log.exception("phone.broken")
            return _refused(500, "something went wrong here")
        return found.response() if found is not None else web.Response(status=204)

    async def _signed(self, request: web.Request) -> dict[str, str] | web.Response:
        """Return the form of a request that the provider has signed, else the refusal."""
        if request.content_length is not None and request.content_length > BODY_BYTES:
            return _refused(413, "too large")
        body = await request.content.read(BODY_BYTES + 1)
        while len(body) <= BODY_BYTES and (more := await request.content.read(BODY_BYTES + 1)):
            body += more
        if len(body) > BODY_BYTES:
            return _refused(413, "too large")
        given = request.headers.getall("X-Twilio-Signature", [])
        try:
            form = signature.fields(body)
        except ValueError:
            return _refused(403, "what is no form is not signed either")
        urls = signature.written(self._host.public_url, request.raw_path)
        token = self._account.settings.auth_token
        if len(given) != 1 or not signature.right(token, given[0], urls, form):
            return _refused(403, "the signature is not right")
        return dict(form)

    async def _fallback(self, call: Call, query: dict[str, str]) -> Twiml:  # noqa: ARG002  # all steps look alike
        """Tell a caller that something is broken here, rather than let them hear the provider's error."""
        return self._account.twiml().say(self._account.words("unavailable")).hang_up()


def _refused(status: int, why: str) -> web.Response:
    return web.Response(status=status, text=f"Refused: {why}.\n")
