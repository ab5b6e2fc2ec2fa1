"""How people are called: Messenger's webhooks give a number only, and a note greets by name."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TypeVar

from channels.facebook import raw
from channels.facebook.graph import Graph
from channels.facebook.memory import Memory
from channels.facebook.trouble import Said, Unanswered, Unreached
from channels.port import Clock

T = TypeVar("T")

_KEPT = 2000


class Names:
    """Asks Facebook once for each person, and never twice in a row when it has no answer."""

    def __init__(self, graph: Graph, memory: Memory, clock: Clock, again_s: float) -> None:
        """Take where to ask and to remember, and when to ask again after no answer."""
        self._graph, self._memory, self._clock = graph, memory, clock
        self._again = timedelta(seconds=again_s)
        self._known: OrderedDict[str, str] = OrderedDict()
        self._not_before: OrderedDict[str, datetime] = OrderedDict()

    async def of(self, person: str) -> str:
        """Return the name; "" when Facebook does not tell it."""
        known = self._known.get(person) or await self._memory.name(person)
        if known:
            _put(self._known, person, known)
            return known
        now = self._clock.now()
        if self._graph.usage.busy(now) or any(now < self._not_before.get(key, now) for key in (person, "")):
            return ""
        return await self._ask(person, now)

    async def learn(self, person: str, name: str) -> None:
        """Remember a name that came with something else."""
        if name and self._known.get(person) != name:
            await self._memory.called(person, name)
            _put(self._known, person, name)

    async def _ask(self, person: str, now: datetime) -> str:
        _put(self._not_before, person, now + self._again)
        try:
            found = await self._graph.get(person, fields="first_name,last_name")
        except (Unreached, Unanswered, asyncio.CancelledError) as error:
            # Facebook is slow or gone: for a while nobody's message waits for a name.
            _put(self._not_before, "", now + self._again / 10)
            if isinstance(error, asyncio.CancelledError):
                raise
            return ""
        except Said:
            return ""
        name = " ".join(raw.text(found, key) for key in ("first_name", "last_name")).strip()[:80]
        await self.learn(person, name)
        return name


def _put(table: OrderedDict[str, T], key: str, value: T) -> None:
    table[key] = value
    table.move_to_end(key)
    while len(table) > _KEPT:
        table.popitem(last=False)
