"""The web server of the page: shows both sides live, switches faults, and lets you write as a customer."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.faults import Fault
from sandbox.page import words
from sandbox.page.deskside import DeskSide
from sandbox.page.render import Renderer
from sandbox.page.sides import SLACK, Sides
from sandbox.slack.stand import Slack
from sandbox.stand import Stand, known_faults, reason

STATIC = Path(__file__).with_name("static")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
#: Changes are gathered for so long before they are sent, and looked for at least so often.
GATHER_S = 0.15
#: Between two looks at Slack.
LOOK_S = 1.0
#: A sign of life, so that a dead connection is noticed.
PULSE_S = 15.0
#: What a customer's provider may take to accept a message.
WRITE_S = 60.0
#: Most characters that you may write as a customer.
LONGEST = 2000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self' {desk}; base-uri 'none'; frame-ancestors 'none'"
)


class Page:
    """Answers on a port of its own, for the people at this machine only."""

    def __init__(self, sides: Sides, frame: Mapping[str, Any]) -> None:
        """Take both sides, and the words that stay the same."""
        self._sides, self._stands, self._frame = sides, sides.stands, frame
        self._side = DeskSide(sides.desk, self._touch)
        self._renderer = Renderer(sides, self._side, frame)
        self._streams: set[_Stream] = set()
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        #: Where it is, once started.
        self.url = ""

    async def start(self, port: int) -> None:
        """Listen on this port of the loopback, or on any free one where it is taken."""
        app = web.Application(client_max_size=64 * 1024, middlewares=[_guarded])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/live", self._live),
                web.get("/desk", self._desk),
                web.post("/faults", self._faults),
                web.post("/write", self._write),
                web.post("/press", self._press),
                web.get("/static/{name}", _static),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", port).start()
        except OSError:
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        for name, stand in self._stands.items():
            stand.ledger.watch(lambda _, name=name: self._touch(f"channel-{name}"))  # type: ignore[misc]

    async def run(self) -> None:
        """Follow the desk until cancelled, and look at Slack now and then, which tells nobody."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._side.run())
            while self._sides.slack is not None:
                await asyncio.sleep(LOOK_S)
                self._touch(SLACK)

    async def stop(self) -> None:
        """Close the port and every open page."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _touch(self, region: str) -> None:
        names = [region, "figures"] if region.startswith("channel-") else [region]
        if region == "figures":  # health is shown on the channels, too
            names += [f"channel-{name}" for name in self._stands]
        for stream in self._streams:
            stream.touch(names)

    # --- what is asked

    async def _page(self, _: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": POLICY.format(desk=self._frame["desk"])}
        return web.Response(text=self._renderer.page(), content_type="text/html", headers=headers)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        stream = _Stream(self._renderer)
        stream.touch(self._renderer.regions())  # what changed since the page was made
        self._streams.add(stream)
        try:
            while not self._closing.is_set():
                await response.write(await stream.next(PULSE_S, self._closing))
        except (ConnectionError, asyncio.CancelledError):
            pass  # the reader left
        finally:
            self._streams.discard(stream)
        return response

    async def _desk(self, _: web.Request) -> web.Response:
        """Sign the viewer in at the desk, by a new link each time."""
        raise web.HTTPSeeOther(await self._sides.door())

    async def _faults(self, request: web.Request) -> web.Response:
        """Switch a fault of one provider, or all of all: `channel`, `fault` and `share` of a form."""
        form = await request.post()
        channel, name = str(form.get("channel", "")), str(form.get("fault", ""))
        share = words.SHARES.get(str(form.get("share", "")))
        parts = self._sides.parts()
        if share is None or (channel and channel not in parts) or (name and name not in {*Fault}):
            raise web.HTTPBadRequest(text="There is no such channel, fault or share.")
        for each, part in parts.items():
            if channel in {"", each}:
                _switch(part, Fault(name) if name else None, share)
                self._touch(each if each == SLACK else f"channel-{each}")
        return _back(request)

    async def _write(self, request: web.Request) -> web.Response:
        """Let the viewer write as a customer: `channel`, `customer`, `text` and perhaps `public`."""
        form = await request.post()
        stand = self._stands.get(str(form.get("channel", "")))
        customer = str(form.get("customer", "")).strip()[:60] or "You"
        text = str(form.get("text", "")).strip()[:LONGEST]
        if stand is None or not text:
            raise web.HTTPBadRequest(text="Write something, and say on which channel.")
        try:
            async with asyncio.timeout(WRITE_S):
                await stand.write(customer, text, public=bool(form.get("public")))
        except Exception as error:  # the provider refused it, and the writer is told
            raise web.HTTPBadGateway(text=f"It was not taken: {reason(error)}") from error
        return _back(request)

    async def _press(self, request: web.Request) -> web.Response:
        """Press a button in Slack for somebody of the team: `user`, `action` and `ts` of the message."""
        slack, form = self._sides.slack, await request.post()
        user, action = str(form.get("user", "")), str(form.get("action", ""))
        said = [one for one in slack.workspace.to(user) if one.ts == form.get("ts")] if slack else []
        if slack is None or not said or action not in said[0].buttons():
            raise web.HTTPBadRequest(text="There is no such button any more.")
        await slack.press(user, action, said=said[0])
        self._touch(SLACK)
        return _back(request)


class _Stream:
    """One open page: which regions it has to see again."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._due: dict[str, None] = {}
        self._sent: dict[str, str] = {}
        self._some = asyncio.Event()

    def touch(self, names: list[str]) -> None:
        """Note that these changed."""
        self._due |= dict.fromkeys(names)
        self._some.set()

    async def next(self, pulse_s: float, closing: asyncio.Event) -> bytes:
        """Wait for a change and return it as events; a sign of life when there is none."""
        try:
            async with asyncio.timeout(pulse_s), asyncio.TaskGroup() as group:
                waits = [group.create_task(self._some.wait()), group.create_task(closing.wait())]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
        except TimeoutError:
            return b": still here\n\n"
        await asyncio.sleep(GATHER_S)
        self._some.clear()
        names, self._due = [*self._due], {}
        return b"".join(self._event(name) for name in names)

    def _event(self, name: str) -> bytes:
        html = self._renderer.region(name)
        if self._sent.get(name) == html:
            return b""
        self._sent[name] = html
        return b"event: region\ndata: " + json.dumps({"name": name, "html": html}).encode() + b"\n\n"


def _switch(part: Stand | Slack, fault: Fault | None, share: float) -> None:
    if fault is None and not share:
        part.faults.clear()
    for each in known_faults(part) if fault is None else known_faults(part) & {fault}:
        part.faults.set(each, share)


def _back(request: web.Request) -> web.Response:
    """Answer the script with nothing, and a plain form with the page."""
    if request.headers.get("X-Requested-With"):
        return web.Response(status=204)
    raise web.HTTPSeeOther("/")


async def _static(request: web.Request) -> web.Response:
    path = STATIC / request.match_info["name"]
    if path.parent != STATIC or path.suffix not in TYPES or not path.is_file():
        raise web.HTTPNotFound
    body = await asyncio.to_thread(path.read_bytes)
    return web.Response(body=body, content_type=TYPES[path.suffix], headers={"Cache-Control": "no-cache"})


@web.middleware
async def _guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer this machine only, and let no other site press the switches."""
    if urlsplit(f"//{request.host}").hostname not in {"127.0.0.1", "localhost"}:
        raise web.HTTPForbidden(text="The page is for this machine only.")
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="Another site may not do this.")
    response = await handler(request)
    if not response.prepared:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
    return response
