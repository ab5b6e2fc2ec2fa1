"""The web server of a process: the routes of its roles, health and metrics on each."""

import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, TypeAlias

import msgspec
from aiohttp import web

from channels import registry
from channels.port import Channel, Route
from router import log
from router.bootstrap import Parts
from router.desk import app as desk
from router.desk.parts import Parts as DeskParts
from router.errors import ConfigError
from router.health import Health
from router.prove import prover
from router.proxies import networks, seen_by
from router.taps.tapped import Taps

logger = log.get(__name__)

#: Returns an HTTP status and a JSON document.
Check: TypeAlias = Callable[[], Awaitable[tuple[int, Mapping[str, Any]]]]

#: Largest request body; pictures and papers are sent one at a time.
BODY_BYTES = 26 * 1024 * 1024
#: How long a stop waits for requests under way.
STOP_S = 3.0


class Server:
    """Answers on one address."""

    def __init__(self, parts: Parts, health: Health, roles: Collection[str], banner: str) -> None:
        """Take the parts, the health that is shown, the roles to serve, and a sentence above every page."""
        self._parts, self._health, self._roles, self._banner = parts, health, roles, banner
        self._runner: web.AppRunner | None = None
        #: The port that was taken, once started.
        self.port = parts.settings.server.port

    async def start(self) -> None:
        """Listen. Raises ConfigError when the address is taken."""
        trusted = networks(self._parts.settings.server.proxies)
        app = web.Application(client_max_size=BODY_BYTES, middlewares=[seen_by(trusted)])
        app.on_response_prepare.append(prover(self._parts.hosts))
        app.add_routes(self._health_routes())
        if "channels" in self._roles:
            app.add_routes([_route(one) for one in channel_routes(self._parts.channels)])
        if "desk" in self._roles:
            if self._parts.slack is not None:
                app.add_routes(self._parts.slack.routes())
            desk.mount(app, self._desk_parts())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S, handle_signals=False)
        await self._runner.setup()
        server = self._parts.settings.server
        site = web.TCPSite(self._runner, server.host, server.port, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise ConfigError(
                f"server.listen: cannot listen on {server.listen}: {why}. "
                "Stop the other program there, or choose another port: HANDLEBY_SERVER__LISTEN=127.0.0.1:8081"
            ) from None
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; what is under way is finished first."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _health_routes(self) -> list[web.RouteDef]:
        return [
            web.get("/health/live", _answer(self._health.live)),
            web.get("/health/ready", _answer(self._health.ready)),
            web.get("/health/queues", _answer(self._health.queues)),
            web.get("/metrics", self._metrics),
        ]

    async def _metrics(self, _: web.Request) -> web.Response:
        body, content_type = await self._health.metrics()
        return web.Response(body=body, headers={"Content-Type": content_type})

    def _desk_parts(self) -> DeskParts:
        parts = self._parts
        settings = parts.settings
        return DeskParts(
            store=parts.store,
            events=parts.events,
            blobs=parts.blobs,
            clock=parts.clock,
            actions=parts.actions,
            book=parts.keeper.book,
            house=parts.keeper,
            health=self._document,
            secret=parts.secret,
            organisation=settings.organisation,
            public_url=settings.public_url,
            taps=Taps(parts.store, parts.events, parts.clock, parts.keeper, parts.acceptor.deliver),
            zone=settings.zone or "UTC",
            banner=self._banner,
            open_outbox=settings.loopback,
            senders={
                f"{channel}/{name}": str(given.get("address", ""))
                for channel, name, given in settings.accounts()
            },
        )

    async def _document(self) -> Mapping[str, Any]:
        _, document = await self._health.queues()
        return document


def channel_routes(channels: Mapping[tuple[str, str], Channel]) -> list[Route]:
    """Return each account's own routes and each channel's shared ones."""
    found = [route for channel in channels.values() for route in channel.routes()]
    for name in registry.names():
        mine = {account: channel for (kind, account), channel in channels.items() if kind == name}
        if mine:
            found += registry.adapter(name).pages(mine)
    return found


def _route(route: Route) -> web.RouteDef:
    return web.route(route.method, route.path, route.handler)


def _answer(
    check: Callable[[], Awaitable[tuple[int, Mapping[str, Any]]]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_: web.Request) -> web.Response:
        status, document = await check()
        return web.Response(
            body=msgspec.json.encode(document),
            status=status,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return handler
