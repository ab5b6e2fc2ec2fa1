"""The service as a real process, with stand-ins for the providers of many channels around it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from aiohttp import ClientSession

from channels import registry
from router.demo.folder import value
from sandbox.desk import Desk
from sandbox.faults import Fault
from sandbox.stand import SHIPPED, Stand, known_faults, stand_of
from tests.support.running import Running, until

#: All channels with a stand-in.
CHANNELS = tuple(name for name in registry.names() if find_spec(SHIPPED.get(name, f"channels.{name}.stand")))
ACCOUNT = "stage"
RULES = """
version: 1
agents:
  maria: {name: Maria Jensen, email: maria@example.com, queues: [general], capacity: {default: 1000}}
  tom: {name: Tom Berg, email: tom@example.com, queues: [general], capacity: {default: 1000}}
  ines: {name: Ines Costa, email: ines@example.com, queues: [general], capacity: {default: 1000}}
queues:
  general: {duty: [maria, tom, ines], lead: ines}
"""
AGENTS = ("maria", "tom", "ines")
#: What scales a day down to seconds: whatever an account calls polling, as often as it may; and no limit of ours.
QUICK_S = 1.0
SENDS_PER_MINUTE = 100_000


class Stage(Running):
    """A service whose accounts all use stand-ins of this process."""

    def __init__(
        self, folder: Path, accounts: Mapping[str, Mapping[str, object]], rules: str = RULES
    ) -> None:
        """Take the settings of one account a channel."""
        self.accounts = accounts
        super().__init__(folder, rules=rules)

    def program(self, config: Path) -> list[str]:
        """Return the service with a clock that can be moved on."""
        return [sys.executable, "-m", "tests.support.leaping", str(config)]

    def leap(self) -> None:
        """Move the service's clock half a minute on."""
        os.kill(self.pid(), signal.SIGUSR1)

    def health(self) -> dict[str, Any]:
        """Return the health document, also while it calls itself critical."""
        try:
            found: dict[str, Any] = self.get("/health/queues")
        except HTTPError as error:
            found = json.load(error)
        return found

    def config(self, name: str) -> Path:
        """Write the settings of one process."""
        path = super().config(name)
        head = path.read_text().partition("[channels.")[0]
        tables = [
            "\n".join(
                [f"[channels.{channel}.{ACCOUNT}]", *(f"{key} = {value(v)}" for key, v in given.items())]
            )
            for channel, given in self.accounts.items()
        ]
        path.write_text(head + "\n\n".join(tables) + "\n")
        return path


class Play:
    """A stage and the stand-ins around it, while they run."""

    def __init__(self, stage: Stage, stands: Mapping[str, Stand], session: ClientSession) -> None:
        """Take what runs."""
        self.stage, self.stands, self._session = stage, stands, session

    def desk(self, agent: str) -> Desk:
        """Return the desk of an agent."""
        token = self.stage.token(f"{agent}@example.com")
        return Desk(self._session, self.stage.url(), token)

    def fault(self, share: float, only: Iterable[Fault] | None = None) -> None:
        """Let every fault that a provider can have strike this often."""
        wanted = frozenset(only) if only is not None else frozenset(Fault)
        for stand in self.stands.values():
            for fault in known_faults(stand) & wanted:
                stand.faults.set(fault, share)

    def well(self) -> None:
        """Let everything go well again."""
        for stand in self.stands.values():
            stand.faults.clear()


@asynccontextmanager
async def playing(
    folder: Path, channels: Iterable[str] = CHANNELS, *, rules: str = RULES
) -> AsyncIterator[Play]:
    """Run stand-ins and service inside the block."""
    async with AsyncExitStack() as stack:
        stands = {}
        for channel in channels:
            stands[channel] = stand = stand_of(channel)
            await stand.start()
            stack.push_async_callback(stand.stop)
        accounts = {channel: quick(channel, stand.settings()) for channel, stand in stands.items()}
        stage = Stage(folder, accounts, rules)
        stack.callback(stage.end)
        await asyncio.to_thread(stage.start)
        for channel, stand in stands.items():
            await stand.connect(f"{stage.url()}/hooks/{channel}/{ACCOUNT}")
        await asyncio.to_thread(until, lambda: listening(stage), "every account to listen", 40.0)
        session = await stack.enter_async_context(ClientSession())
        yield Play(stage, stands, session)


def listening(stage: Stage) -> bool:
    """Tell whether every account works; what is written earlier lies before its beginning."""
    found = {one["name"]: one["state"] for one in stage.health()["channels"]}
    return len(found) == len(stage.accounts) and set(found.values()) == {"ok"}


def quick(channel: str, given: Mapping[str, object]) -> dict[str, object]:
    """Return the settings with all that is named polling as often as it may be."""
    known = registry.manifest(channel).settings
    often = {
        name: max(setting.minimum or QUICK_S, QUICK_S)
        for name, setting in known.items()
        if "poll" in name and setting.type == "duration"
    }
    return {"zone": "Europe/Copenhagen", "sends_per_minute": SENDS_PER_MINUTE, **given, **often}
