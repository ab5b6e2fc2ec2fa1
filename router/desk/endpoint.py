"""Serves a declared operation: lets people in, reads what they ask, answers in JSON."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from aiohttp import web

from router.desk.declare import Operation
from router.desk.failures import Invalid, TooLarge, Unauthorised, answer, problem
from router.desk.gate import Gate, Principal
from router.desk.headers import harden
from router.desk.live import Streams
from router.desk.parts import Parts
from router.errors import Forbidden, NotFound

log = structlog.get_logger(__name__)

#: Bytes of a JSON body; an answer of 50,000 letters fits in any alphabet.
BODY_MOST = 512 * 1024
#: Seconds in which a body must have come.
BODY_WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, let in."""

    parts: Parts
    gate: Gate
    streams: Streams
    request: web.Request
    #: None only where strangers are let in.
    visitor: Principal | None

    @property
    def who(self) -> Principal:
        """Return who asks. Raises Unauthorised."""
        if self.visitor is None:
            raise Unauthorised
        return self.visitor

    @property
    def agent(self) -> str:
        """Return the agent who asks. Raises Forbidden when the account is no agent."""
        if not self.who.agent:
            raise Forbidden(
                f"{self.who.user.email} is no agent. Give an agent this address in the rules, then try again."
            )
        return self.who.agent

    async def bytes(self, most: int) -> bytes:
        """Read the body. Raises TooLarge."""
        found = bytearray()
        async with asyncio.timeout(BODY_WAIT_S):
            async for chunk in self.request.content.iter_any():
                found += chunk
                if len(found) > most:
                    raise TooLarge(f"Send at most {most // 1024} kB.")
        return bytes(found)


def serve(
    operation: Operation, parts: Parts, gate: Gate, streams: Streams
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the aiohttp handler of an operation."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            who = await gate.who(request)
            if operation.role is not None and not (operation.extras.unless or _never)(parts):
                gate.admit(request, who, operation.role)
            call = Call(parts=parts, gate=gate, streams=streams, request=request, visitor=who)
            found = await operation.handler(call, **await _arguments(operation, call))
            response = found if isinstance(found, web.StreamResponse) else _json(operation, request, found)
        except Exception as error:  # each becomes an answer; unknown ones are logged
            if problem(error).status == 500:
                log.exception("api call failed", operation=operation.name)
            response = answer(error)
        if not response.prepared:
            harden(response)
        return response

    return handler


def _never(_: Parts) -> bool:
    return False


async def _arguments(operation: Operation, call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kind in operation.params.items():
        found[name] = _part(call.request.match_info[name], kind)
    asked = call.request.query
    if operation.query is not None:
        if len(asked) != len(set(asked)):
            raise Invalid("Give each query parameter once.")
        found["query"] = msgspec.convert(dict(asked), operation.query, strict=False)
    elif asked:
        raise Invalid(f"Unknown query parameters: {', '.join(sorted(set(asked)))}. This takes none.")
    if operation.body is not None:
        found["body"] = await _body(operation, call)
    elif not operation.extras.takes:
        await _no_body(call)
    return found


async def _no_body(call: Call) -> None:
    if call.request.can_read_body and (await call.bytes(BODY_MOST)).strip() not in {b"", b"{}"}:
        raise Invalid("This takes no body.")


def _part(text: str, kind: Any) -> Any:
    if kind is not int:
        return text
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise NotFound(f"{text[:20]!r} is no number.")
    return int(text)


async def _body(operation: Operation, call: Call) -> Any:
    if call.request.content_type != "application/json":
        raise Invalid("Send the body as Content-Type: application/json.")
    return msgspec.json.decode(await call.bytes(BODY_MOST), type=operation.body)


def _json(operation: Operation, request: web.Request, found: Any) -> web.Response:
    if operation.returns is None:
        return web.Response(status=204)
    body = msgspec.json.encode(found)
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache, private"}
    if request.method == "GET" and request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=body, status=operation.status, content_type="application/json", charset="utf-8", headers=headers
    )
