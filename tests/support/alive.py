"""The whole service in this process, with one account that talks to a stand-in for its provider."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

from channels import registry
from router.accounts.board import Board
from router.bootstrap import Parts, build
from router.clock import whole_ms
from router.config import load_settings
from router.conversation import Conversation, Item
from router.desk import users
from router.health import Health
from router.server import Server
from router.service import ROLES, Service
from router.welcome import Door
from sandbox.stand import Stand
from tests.support.ports import free_port
from tests.support.voices import all_agree

ACCOUNT = "main"
#: What one step may take on a busy machine; nothing is asserted about speed.
PATIENCE_S = 40.0
#: Looks in a row at which nothing is under way before the clock is moved on.
CALM_LOOKS = 6
RULES = """
version: 1
agents:
  maria: {name: Maria Jensen, email: maria@example.com, queues: [general], languages: [en], capacity: {default: 500}}
  tom: {name: Tom Berg, email: tom@example.com, queues: [general], languages: [en], capacity: {default: 500}}
queues:
  general: {duty: [maria, tom], lead: tom}
"""
SETTINGS = """
data_dir = "data"
rules = "rules.yaml"
secret_key = "0123456789abcdef0123456789abcdef0123456789abcdef"
public_url = "{public}"
zone = "Europe/Copenhagen"
[server]
listen = "127.0.0.1:{port}"
[channels.{channel}.main]
{account}
"""
#: Headers that belong to one connection, and those that the next one makes anew.
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "upgrade", "date", "server"}


class LeapingClock:
    """Real time that can be moved forward at one blow; sleepers notice."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._leapt = asyncio.Event()

    def now(self) -> datetime:
        """Return the computer's time and all leaps."""
        return whole_ms(datetime.now(UTC) + self._ahead)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has moved that far, by itself or by leaps."""
        until = self.now() + timedelta(seconds=seconds)
        while (left := (until - self.now()).total_seconds()) > 0:
            leapt = self._leapt
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await leapt.wait()

    def leap(self, seconds: float) -> None:
        """Move forward."""
        self._ahead += timedelta(seconds=seconds)
        before, self._leapt = self._leapt, asyncio.Event()
        before.set()


class Request:
    """What a provider sent, byte for byte."""

    def __init__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method, self.path, self.headers, self.body = method, path, dict(headers), body


class Gateway:
    """The reverse proxy in front of the service: passes everything on and keeps what came."""

    def __init__(self, target: str) -> None:
        """Take where the service answers."""
        self._target = target
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None
        self.url = ""
        self.taken: list[Request] = []

    async def start(self) -> None:
        """Listen on a free port."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._session = ClientSession(timeout=ClientTimeout(total=30), auto_decompress=False)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close everything."""
        if self._session is not None and self._runner is not None:
            await self._session.close()
            await self._runner.cleanup()

    async def again(self, one: Request, body: bytes | None = None, **headers: str) -> int:
        """Send a kept request once more, changed or not; return the status."""
        changed = Request(
            one.method, one.path, {**one.headers, **headers}, one.body if body is None else body
        )
        answer = await self._ask(changed)
        return answer.status

    async def _pass(self, request: web.Request) -> web.Response:
        headers = {key: value for key, value in request.headers.items() if key.lower() not in HOP}
        one = Request(request.method, request.path_qs, headers, await request.read())
        self.taken.append(one)
        try:
            return await self._ask(one)
        except OSError:
            return web.Response(status=502)

    async def _ask(self, one: Request) -> web.Response:
        assert self._session is not None
        async with self._session.request(
            one.method, self._target + one.path, headers=one.headers, data=one.body, allow_redirects=False
        ) as answer:
            kept = {key: value for key, value in answer.headers.items() if key.lower() not in HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


class Place:
    """One account of a channel: its settings in a folder, the stand-in, and the proxy where hooks come in."""

    def __init__(self, folder: Path, channel: str, stand: Stand) -> None:
        """Choose the ports; nothing is started yet."""
        self.folder, self.channel, self.stand = folder, channel, stand
        self.port = free_port()
        self.direct = f"http://127.0.0.1:{self.port}"
        self.gateway = Gateway(self.direct)
        self.config = folder / "handleby.toml"
        self.hooked = "hook" in registry.manifest(channel).capabilities.receive

    @property
    def public(self) -> str:
        """Where the outside finds the service."""
        return self.gateway.url if self.hooked else self.direct

    async def open(self) -> None:
        """Start stand-in and proxy, and write the settings; the service may then be started, here or elsewhere."""
        await self.gateway.start()
        await self.stand.start()
        given = "\n".join(f"{key} = {_toml(value)}" for key, value in self.stand.settings().items())
        text = SETTINGS.format(public=self.public, port=self.port, channel=self.channel, account=given)
        self.config.write_text(text, encoding="utf-8")
        (self.folder / "rules.yaml").write_text(RULES, encoding="utf-8")
        await self.agree()

    async def agree(self) -> None:
        """Let everybody agree to notes in their name, before the service starts here or elsewhere."""
        parts = build(load_settings(self.config, environ={}))
        await parts.store.open()
        try:
            await all_agree(parts.store, parts.keeper())
        finally:
            await parts.store.close()

    async def connect(self) -> None:
        """Let the provider send to the service, which runs by now."""
        await self.stand.connect(f"{self.public}/hooks/{self.channel}/{ACCOUNT}")

    async def close(self) -> None:
        """Stop stand-in and proxy."""
        await self.stand.stop()
        await self.gateway.stop()


@asynccontextmanager
async def opened(folder: Path, channel: str, stand: Stand) -> AsyncIterator[Place]:
    """Give a place whose stand-in runs, and close it afterwards."""
    place = Place(folder, channel, stand)
    await place.open()
    try:
        yield place
    finally:
        await place.close()


class Alive:
    """A running service, and what a test wants to see and do in it."""

    def __init__(self, place: Place, parts: Parts, clock: LeapingClock) -> None:
        """Take what runs."""
        self.place, self.parts, self.clock, self.stand = place, parts, clock, place.stand
        self._token = ""

    async def has(self, word: str) -> list[Conversation]:
        """Return the conversations in which somebody wrote the word."""
        return list(await self.parts.store.search(word, 50))

    async def one(self, word: str) -> Conversation:
        """Wait until a conversation has the word, and return it."""
        return (await self.until(lambda: self.has(word), f"a conversation with {word}"))[0]

    async def until(self, ready: Any, what: str, *, leap_s: float = 0.0) -> Any:
        """Return the first true answer; with `leap_s` the clock is moved on between the looks."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (found := await ready()):
                    await asyncio.sleep(0.05)
                    if leap_s and not self.sending:
                        await asyncio.sleep(0.2)
                        self.clock.leap(leap_s)
        except TimeoutError:
            raise AssertionError(f"waited {PATIENCE_S:.0f} s for {what}") from None
        return found

    async def settled(self, word: str, count: int = 1) -> tuple[Conversation, list[Item]]:
        """Wait until so many entries of the outbox have come to an end, moving the clock to where they wait."""
        calm = 0

        async def ended() -> tuple[Conversation, list[Item]] | None:
            nonlocal calm
            one = (await self.has(word))[0]
            waiting = [item.next_at for item in one.outbox if item.next_at is not None]
            if len(one.outbox) >= count and not waiting:
                return one, list(one.outbox)
            if waiting:
                ahead = (min(waiting) - self.clock.now()).total_seconds()
                calm = calm + 1 if ahead > 1.0 and not self.sending else 0
                if calm >= CALM_LOOKS:  # a result may be on its way into the store, which nothing shows
                    self.clock.leap(ahead)
                    calm = 0
            return None

        await self.one(word)
        found: tuple[Conversation, list[Item]] = await self.until(ended, f"an end of what goes out to {word}")
        return found

    @property
    def sending(self) -> bool:
        """Whether this process is sending something right now; what a dead one was sending only waits."""
        sender = self.parts.notifier
        return any(gate.busy for gate in sender.gates._gates.values()) or bool(sender._results)

    async def reply(self, conversation: Conversation, text: str, key: str = "") -> None:
        """Answer as Maria does, through the desk's API."""
        if not self._token:
            await users.add(self.parts.store, email="maria@example.com", role="lead")
            self._token = await users.token(Door(self.parts), "maria@example.com")
        headers = {"Authorization": f"Bearer {self._token}", "Origin": self.place.direct}
        if key:
            headers["Idempotency-Key"] = key
        url = f"{self.place.direct}/api/v1/conversations/{conversation.id}/reply"
        async with ClientSession() as session, session.post(url, json={"text": text}, headers=headers) as got:
            assert got.status == 200, await got.text()


@asynccontextmanager
async def running(place: Place, clock: LeapingClock | None = None) -> AsyncIterator[Alive]:
    """Run the service inside the block, as `handleby run` does."""
    clock = clock or LeapingClock()
    parts = build(load_settings(place.config, environ={}), clock)
    own = {key: host.reports for key, host in parts.hosts.items()}
    board = Board(parts.store, parts.clock, own, name=parts.ids.new("process"), roles=ROLES)
    health = Health.of(parts, ROLES, board.reports)
    service = Service(parts, Server(parts, health, ROLES, ""), (health, board), ROLES)
    stop, started = asyncio.Event(), asyncio.Event()

    async def ready() -> None:
        started.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(service.run(stop, ready))
        await started.wait()
        await place.connect()
        try:
            yield Alive(place, parts, clock)
        finally:
            stop.set()


def _toml(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)
