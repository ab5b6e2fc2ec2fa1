"""What the desk sees, followed: the newest conversations, who is here, and how promises went."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sandbox.desk import TROUBLE, Desk

#: Conversations that are shown.
SHOWN = 40
#: Between two looks at what has no hints, and the longest time without any look.
LOOK_S = 2.0
#: Statuses in which something may still happen.
MOVING = ("open", "pending", "held", "snoozed")


class DeskSide:
    """Asks the desk's API, and says when something changed."""

    def __init__(self, desk: Desk, changed: Callable[[str], None]) -> None:
        """Take a token that may see health, and whom to tell of `cases`, `people` and `figures`."""
        self._desk, self._changed = desk, changed
        self._cases: dict[str, dict[str, Any]] = {}
        self._stale: set[str] = set()
        self.people: list[dict[str, Any]] = []
        self.health: dict[str, Any] = {}
        #: Why the desk cannot be seen; "" while it can.
        self.trouble = ""

    def cases(self) -> list[dict[str, Any]]:
        """Return the conversations: those that wait by what runs out first, then the newest."""
        waiting = [one for one in self._cases.values() if one["waiting_since"]]
        rest = [one for one in self._cases.values() if not one["waiting_since"]]
        waiting.sort(key=lambda one: one["promised_at"] or one["due_at"] or "9")
        rest.sort(key=lambda one: one["updated_at"], reverse=True)
        return [*waiting, *rest][:SHOWN]

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._look())

    async def _listen(self) -> None:
        while True:
            with suppress(*TROUBLE):
                async for hint in self._desk.hints():
                    if hint.get("kind") == "conversation" and hint.get("id"):
                        self._stale.add(hint["id"])
            await asyncio.sleep(1.0)

    async def _look(self) -> None:
        rounds = 0
        while True:
            try:
                if rounds % 10 == 0:
                    await self._whole()
                await self._changed_cases()
                if rounds % 4 == 0:
                    await self._around()
                self._say("")
            except TROUBLE as error:
                self._say(str(error) or type(error).__name__)
            rounds += 1
            await asyncio.sleep(LOOK_S / 4)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._changed("figures")

    async def _whole(self) -> None:
        """Look at all that may still move, as a hint may get lost."""
        seen: dict[str, int] = {}
        for status in MOVING:
            page = await self._desk.get("/conversations", status=status, limit=100)
            seen |= {row["id"]: row["version"] for row in page["conversations"]}
        known = {name: one["version"] for name, one in self._cases.items()}
        self._stale |= {name for name, version in seen.items() if known.get(name) != version}
        moving = {name for name, one in self._cases.items() if one["status"] in MOVING}
        self._stale |= moving - seen.keys()

    async def _changed_cases(self) -> None:
        wanted, self._stale = self._stale, set()
        for name in wanted:
            try:
                self._cases[name] = await self._desk.get(f"/conversations/{name}")
            except TROUBLE:
                self._stale.add(name)
                raise
        if wanted:
            kept = {one["id"] for one in self.cases()}
            self._cases = {name: one for name, one in self._cases.items() if name in kept}
            self._changed("cases")

    async def _around(self) -> None:
        people = (await self._desk.get("/agents"))["agents"]
        health = await self._desk.get("/health")
        if people != self.people:
            self.people = people
            self._changed("people")
        if health != self.health:
            self.health = health
            self._changed("figures")


def moment(text: str | None) -> datetime | None:
    """Return the instant that an API field names."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
