"""A small service on twins with Slack connected to its stand-in: time is turned by hand, calls are real."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from router.conversation import Conversation
from router.desk import users
from router.desk.slack import Office, Slack
from router.settings import Slack as Settings
from router.tasks import beside
from sandbox.slack import Slack as Stand
from sandbox.slack.workspace import Said
from tests.support.world import RULES, World

#: Slack member ids of the agents.
IDS = {"maria": "U0MARIA", "tom": "U0TOM"}


def rules(text: str = RULES) -> str:
    """Return the rules of the world with Slack ids."""
    for agent, member in IDS.items():
        text = text.replace(f"email: {agent}@example.com,", f"email: {agent}@example.com, slack: {member},")
    return text


class SlackWorld:
    """The world, its desk's Slack, and the workspace."""

    def __init__(self, folder: Path, text: str = "") -> None:
        """Build the world; `connected` connects it."""
        self.world = World(folder, text or rules())
        self.stand = Stand()
        self.stand.workspace.now = lambda: self.world.clock.now().timestamp()
        self.since: datetime = self.world.clock.now()
        self.slack: Slack
        self.begun: list[Slack] = []

    def restart(self, *, timeout_s: float = 5.0, **settings: Any) -> None:
        """Begin with nothing in memory, as a new process does."""
        world = self.world
        office = Office(
            store=world.store,
            events=world.events,
            clock=world.clock,
            ids=world.ids,
            actions=world.actions,
            book=lambda: world.book,
            public_url="https://help.example.com",
            zone="Europe/Copenhagen",
            title=str.title,
        )
        given = Settings.model_validate({**self.stand.settings(), **settings})
        self.slack = Slack(office, given, timeout_s)
        self.slack.courier.rounds.since = self.since
        self.begun.append(self.slack)

    async def tell(self, seconds: int = 6) -> None:
        """Let the courier do all that is to be done, a second at a time where it must wait."""
        for _ in range(seconds):
            await self.slack.courier.sweep()
            await self.slack.courier.rounds.round()
            self.world.clock.move(1.1)

    def to(self, agent: str) -> list[Said]:
        """Return what the agent has in Slack."""
        return self.stand.workspace.to(IDS[agent])

    def whispered(self, agent: str) -> list[str]:
        """Return what only the agent saw."""
        return self.stand.workspace.whispered(IDS[agent])

    async def press(self, agent: str, action: str, said: Said | None = None) -> int:
        """Let the agent press a button; returns the status, once what was pressed is done."""
        answered = await self.stand.press(IDS[agent], action, said=said)
        await self.slack.idle()
        return answered.status

    async def mail(self, **fields: Any) -> Conversation:
        """Let a mail come in and be decided."""
        return (await self.world.take(self.world.mail_from(**fields)))[0]


@asynccontextmanager
async def connected(folder: Path, text: str = "") -> AsyncIterator[SlackWorld]:
    """Give a world with Slack inside the block, its hook on a port of its own."""
    found = SlackWorld(folder, text)
    await found.stand.start()
    for agent, member in IDS.items():
        found.stand.join(member, agent)
        await users.add(found.world.store, email=f"{agent}@example.com", role="agent")
    await found.world.events.open()
    found.restart()
    app = web.Application()
    app.add_routes(found.slack.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await found.stand.connect(f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/slack")
    try:
        async with beside(found.slack.loops()["slack buttons"]()):
            yield found
    finally:
        await runner.cleanup()
        for one in found.begun:
            await one.close()
        await found.stand.stop()
        await found.world.events.close()


async def until(check: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    """Return the first true answer of the check; fails naming what was awaited."""
    try:
        async with asyncio.timeout(seconds):
            while not (found := check()):
                await asyncio.sleep(0.02)
            return found
    except TimeoutError:
        raise AssertionError(f"waited {seconds:.0f} s for {what}") from None
