"""Puts the desk together: the API's operations, the pages and their files, as routes for one server."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from router.desk.api import (
    admin,
    agents,
    answers,
    conversations,
    current,
    customers,
    figures,
    files,
    laid,
    queues,
    recent,
    voice,
    wording,
    work,
)
from router.desk.assets import Assets
from router.desk.declare import PREFIX, Operation
from router.desk.endpoint import serve
from router.desk.failures import answer
from router.desk.gate import Gate
from router.desk.headers import harden
from router.desk.live import Streams
from router.desk.openapi import document
from router.desk.pages import Pages
from router.desk.parts import Parts
from router.desk.taps import TapPages
from router.errors import NotFound

#: Every resource of the API.
RESOURCES = (
    agents,
    work,
    conversations,
    answers,
    files,
    laid,
    customers,
    figures,
    voice,
    queues,
    recent,
    current,
    wording,
    admin,
)


def operations() -> list[Operation]:
    """Return everything that the API does."""
    return [one for resource in RESOURCES for one in resource.table.operations]


def routes(parts: Parts, streams: Streams | None = None) -> list[web.RouteDef]:
    """Return the desk's routes; each does its own sign-in, errors and headers, so no middleware is needed."""
    gate = Gate(parts)
    open_streams = streams or Streams()
    found = [
        web.route(one.method, PREFIX + one.path, serve(one, parts, gate, open_streams))
        for one in operations()
    ]
    found.append(web.get("/api/openapi.json", _openapi(parts)))
    found.append(web.route("*", "/api/{tail:.*}", _missing))
    assets = Assets()
    found.append(web.get("/desk/assets/{version}/{name}", assets.serve))
    found += [] if parts.taps is None else TapPages(parts, parts.taps).routes()
    return found + Pages(parts, gate, assets).routes()


def mount(app: web.Application, parts: Parts) -> None:
    """Add the desk to a server, and end its live streams when the server stops."""
    streams = Streams()
    app.add_routes(routes(parts, streams))

    async def close(_: web.Application) -> None:
        streams.close()

    app.on_shutdown.append(close)


def _openapi(parts: Parts) -> Callable[[web.Request], Awaitable[web.Response]]:
    written = document(operations(), organisation=parts.organisation, public_url=parts.public_url)
    body = msgspec.json.encode(written)

    async def show(_: web.Request) -> web.Response:
        response = web.Response(body=body, content_type="application/json", charset="utf-8")
        harden(response)
        return response

    return show


async def _missing(request: web.Request) -> web.Response:
    response = answer(NotFound(f"There is no {request.method} {request.path}. See /api/openapi.json"))
    harden(response)
    return response
