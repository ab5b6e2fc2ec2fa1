"""The made-up team: people who take work at the desk and answer it, as fast as people do."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from sandbox.cast import Cast
from sandbox.desk import TROUBLE, Desk
from sandbox.script import Line, Script
from sandbox.stand import Stand

#: Real seconds: between two looks at the desk, reading a message, typing a character, and a break.
LOOK_S = 1.5
READ_S = (4.0, 14.0)
TYPE_S = 0.05
#: How long they leave a stranger, who may be watching the demo, to somebody else.
STRANGER_S = 20.0
#: Not scaled: the desk's own times.
HEARTBEAT_S = 30.0
SAY_AGAIN_S = 3600.0


class Colleague(Struct, frozen=True, kw_only=True):
    """A made-up member of the team."""

    id: str
    desk: Desk


class Team:
    """Everybody at the desk."""

    def __init__(
        self,
        people: Sequence[Colleague],
        stands: Mapping[str, Stand],
        cast: Cast,
        script: Script,
        *,
        speed: float = 1.0,
        seed: int = 1,
    ) -> None:
        """Take who is there, the providers for answers given in their apps, and the lines to say."""
        self._people, self._stands, self._cast, self._script = people, stands, cast, script
        self._speed, self._chance = speed, random.Random(seed)
        #: While it is not set, nobody answers.
        self.working = asyncio.Event()
        self.working.set()
        #: Conversation and version → when somebody of us will be ready with it.
        self._ready: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for one in self._people:
                group.create_task(self._day(one))
                group.create_task(self._here(one))

    async def _here(self, one: Colleague) -> None:
        """Say that they are here, and keep the desk open."""
        loop = asyncio.get_running_loop()
        said_at = 0.0
        while True:
            with suppress(*TROUBLE):
                if not said_at or loop.time() > said_at + SAY_AGAIN_S:
                    await one.desk.put("/presence", {"said": "here"})
                    said_at = loop.time()
                await one.desk.post("/heartbeat")
            await asyncio.sleep(HEARTBEAT_S if said_at else 1.0)

    async def _day(self, one: Colleague) -> None:
        await self._pause(self._chance.uniform(0, LOOK_S))
        while True:
            await self.working.wait()
            with suppress(*TROUBLE):
                work = await one.desk.get("/work")
                for row in [*work["mine"], *work["watched"]]:
                    if row["waiting_since"] and await self._attend(one, row):
                        break  # look again: what was urgent may have changed
            await self._pause(LOOK_S)

    async def _attend(self, one: Colleague, row: dict[str, Any]) -> bool:
        """Answer it if there was time to read it; True when something was done."""
        loop = asyncio.get_running_loop()
        key = (row["id"], row["waiting_since"])
        line = self._script.find(row["snippet"]) or await self._newest(one, row)
        if line and line.step.call:
            return False
        if key not in self._ready:
            self._forget()
            self._ready[key] = loop.time() + self._think_s(line) / self._speed
        if loop.time() < self._ready[key]:
            return False
        await self._answer(self._by(line, one), row, line)
        self._ready.pop(key, None)
        return True

    def _think_s(self, line: Line | None) -> float:
        if line is None:
            return STRANGER_S
        typing = len(line.step.answer) * TYPE_S
        return line.step.late_s or self._chance.uniform(*READ_S) + typing

    def _forget(self) -> None:
        while len(self._ready) > 1000:
            del self._ready[next(iter(self._ready))]

    def _by(self, line: Line | None, one: Colleague) -> Colleague:
        """Return whom the story wants to answer: a colleague who was asked for help."""
        return next((each for each in self._people if line and each.id == line.step.who), one)

    async def _newest(self, one: Colleague, row: dict[str, Any]) -> Line | None:
        """Find the line by the whole text of what the customer wrote last."""
        found = await one.desk.get(f"/conversations/{row['id']}/transcript", limit=500)
        theirs = [line["text"] for line in found["lines"] if not line.get("ours") and line.get("text")]
        return self._script.find(theirs[-1]) if theirs else None

    async def _answer(self, one: Colleague, row: dict[str, Any], line: Line | None) -> None:
        if line and line.step.native and line.channel in self._stands:
            with suppress(NotImplementedError):
                await self._stands[line.channel].answer(line.customer, line.step.answer)
                return
        if line and not line.step.answer:  # nothing is asked any more
            await one.desk.post(f"/conversations/{row['id']}/resolve")
            return
        text = line.step.answer if line else self._stranger(row["language"])
        await one.desk.post(f"/conversations/{row['id']}/reply", {"text": text, "version": row["version"]})

    def _stranger(self, language: str) -> str:
        known = self._cast.unscripted
        return known.get(language, known["en"])

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(max(0.05, seconds / self._speed))
