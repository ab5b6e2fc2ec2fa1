"""The whole demo: stand-ins and service up, hooks connected; customers write, the team answers, the page shows it."""

import asyncio
import logging
import signal
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from aiohttp import ClientSession
from msgspec import Struct

from channels import registry
from router.demo import folder, people
from router.demo.folder import Account
from router.demo.people import Member
from router.demo.service import ServiceProcess, free_port
from router.errors import ConfigError
from sandbox import cast
from sandbox.customers import Customers
from sandbox.desk import Desk, ready
from sandbox.page import Page, Sides
from sandbox.script import Script
from sandbox.slack.stand import Slack
from sandbox.stand import Stand, reason, stand_of
from sandbox.team import Colleague, Team

T = TypeVar("T")

#: The account's name on each channel.
ACCOUNT = "demo"
#: What starting and connecting one stand-in may take, and the service.
STAND_S = 20.0
SERVICE_S = 60.0


class Options(Struct, frozen=True, kw_only=True):
    """How the demo is to be."""

    #: How much faster than life customers and team are; the service's own times stay.
    speed: float = 1.0
    #: Which customers come when.
    seed: int = 1
    #: Where the service is; the page is at the next one. Another where they are taken.
    port: int = 8080
    #: Where settings, data and log are kept; None = nowhere, afterwards.
    folder: Path | None = None


class Show:
    """Everything that runs in the demo."""

    def __init__(self, options: Options, tell: Callable[[str], None]) -> None:
        """Take how it is to be, and how to tell people about it."""
        self._options, self._tell = options, tell
        self._cast = cast.load()
        #: Channel → its stand-in, that of Slack, and what is not there → why.
        self.stands: dict[str, Stand] = {}
        self.slack: Slack | None = None
        self.missing: dict[str, str] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set or the service ends. Raises ConfigError where it cannot start."""
        async with AsyncExitStack() as stack:
            place = self._place(stack)
            _log_to(place / "providers.log", stack)
            await self._start_stands(stack)
            port = free_port(self._options.port)
            settings = self._settings(place, port)
            team = await people.team(settings)
            url = f"http://127.0.0.1:{port}"
            session = await stack.enter_async_context(ClientSession())
            process = ServiceProcess(settings, place / "service.log")
            stack.push_async_callback(process.stop)
            await process.start()
            await self._up(process, session, url)
            await self._connect(url, team)
            page = self._page(session, url, team, settings)
            await page.start(free_port(port + 1))
            stack.push_async_callback(page.stop)
            self._tell(self._welcome(url, page.url, await people.link(settings), place))
            await self._play([page.run, *self._actors(session, url, team)], process, stop)

    def _place(self, stack: AsyncExitStack) -> Path:
        given = self._options.folder
        if given is None:
            return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handleby-demo-")))
        place = given.resolve() / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
        place.mkdir(parents=True)
        return place

    # --- stand-ins

    async def _start_stands(self, stack: AsyncExitStack) -> None:
        for channel in registry.names():
            stand = await self._part(channel, partial(_started, channel))
            if stand is not None:
                self.stands[channel] = stand
                stack.push_async_callback(_stopped, stand)
        self.slack = await self._part("Slack", _slack)
        if self.slack is not None:
            stack.push_async_callback(_stopped, self.slack)

    async def _part(self, channel: str, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do it; what cannot be done is told, and the rest goes on."""
        try:
            async with asyncio.timeout(STAND_S):
                return await work()
        except Exception as error:  # noqa: BLE001  # whatever it was, the rest of the demo goes on
            why = reason(error)
            self.missing[channel] = why
            self._tell(f"  {channel} is not part of this run: {why}")
            return None

    def _settings(self, place: Path, port: int) -> Path:
        accounts = [
            Account(channel=channel, name=ACCOUNT, settings=stand.settings())
            for channel, stand in self.stands.items()
        ]
        return folder.write(
            place,
            organisation=self._cast.organisation,
            port=port,
            accounts=accounts,
            slack=self.slack.settings() if self.slack else None,
        )

    async def _up(self, process: ServiceProcess, session: ClientSession, url: str) -> None:
        """Wait until the service answers."""
        async with asyncio.TaskGroup() as group:
            gone = group.create_task(process.gone())
            up = group.create_task(ready(session, url, seconds=SERVICE_S))
            await asyncio.wait([gone, up], return_when=asyncio.FIRST_COMPLETED)
            works = up.done() and up.result()
            for task in (gone, up):
                task.cancel()
        if not works:
            raise ConfigError(f"The service did not start. The end of its log:\n{process.last_words()}")

    async def _connect(self, url: str, team: list[Member]) -> None:
        if self.slack is not None:
            for one in team:
                self.slack.join(one.slack, one.name)
            await self.slack.connect(f"{url}/hooks/slack")
        for channel, stand in list(self.stands.items()):
            await self._part(channel, partial(_connected, stand, f"{url}/hooks/{channel}/{ACCOUNT}"))
            if channel in self.missing:
                del self.stands[channel]

    # --- people

    def _page(self, session: ClientSession, url: str, team: list[Member], settings: Path) -> Page:
        viewer = next(one for one in team if one.id == people.VIEWER)
        frame = {
            "organisation": self._cast.organisation,
            "desk": url,
            "viewer": viewer.name,
            "missing": sorted(self.missing.items()),
        }
        sides = Sides(
            stands=self.stands,
            slack=self.slack,
            desk=Desk(session, url, viewer.token),
            door=partial(people.link, settings),
        )
        return Page(sides, frame)

    def _actors(
        self, session: ClientSession, url: str, members: list[Member]
    ) -> list[Callable[[], Awaitable[None]]]:
        script = Script()
        colleagues = [
            Colleague(id=one.id, desk=Desk(session, url, one.token))
            for one in members
            if one.id != people.VIEWER
        ]
        speed, seed = self._options.speed, self._options.seed
        team = Team(colleagues, self.stands, self._cast, script, speed=speed, seed=seed)
        customers = Customers(
            self.stands, self._cast, script, speed=speed, seed=seed, tell=lambda text: self._tell(f"  {text}")
        )
        return [team.run, customers.run]

    async def _play(
        self, actors: list[Callable[[], Awaitable[None]]], process: ServiceProcess, stop: asyncio.Event
    ) -> None:
        """Let everybody act until somebody says stop, or the service ends by itself."""
        async with asyncio.TaskGroup() as group:
            acting = [group.create_task(_act(actor)) for actor in actors]
            gone = group.create_task(process.gone())
            asked = group.create_task(stop.wait())
            await asyncio.wait([gone, asked], return_when=asyncio.FIRST_COMPLETED)
            ended = gone.done() and not asked.done()
            for task in [*acting, gone, asked]:
                task.cancel()
        if ended:
            raise ConfigError(f"The service ended by itself. The end of its log:\n{process.last_words()}")
        self._tell("Stopping.")

    def _welcome(self, url: str, page: str, link: str, place: Path) -> str:
        lines = [
            "",
            f"The demo of Handleby is on: {', '.join(self.stands)}.",
            "",
            f"  Both sides  {page}/        what customers see, what the desk sees, and faults to switch on",
            f"  Desk        {link}",
            "              signs you in as Robin Vale, who gets work while the desk is open",
            f"  Web chat    {url}/chat        write yourself",
            f"  Health      {url}/admin",
            f"  Log         {place / 'service.log'}",
            "",
            "  Stop with Ctrl-C.",
            "",
        ]
        return "\n".join(lines)


def _log_to(path: Path, stack: AsyncExitStack) -> None:
    """Let what the stand-ins' libraries have to say go to a file, not between the lines for people."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setLevel(logging.WARNING)
    root = logging.getLogger()
    root.addHandler(handler)
    stack.callback(handler.close)
    stack.callback(root.removeHandler, handler)


async def _started(channel: str) -> Stand:
    stand = stand_of(channel)
    await stand.start()
    return stand


async def _connected(stand: Stand, hook: str) -> Stand:
    await stand.connect(hook)
    return stand


async def _slack() -> Slack:
    slack = Slack()
    await slack.start()
    return slack


async def _stopped(stand: Stand | Slack) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(STAND_S):
            await stand.stop()


async def _act(actor: Callable[[], Awaitable[None]]) -> None:
    await actor()


async def main(options: Options, tell: Callable[[str], None]) -> None:
    """Run the demo until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    await Show(options, tell).run(stop)
