"""One run: messages come, agents work as the desk makes them, and every promise is written down."""

import heapq
import itertools
from datetime import datetime, timedelta
from typing import Any

from benchmarks.promise.judge import Judge, Judged
from benchmarks.promise.scenario import START, Arrival, Scenario, arrivals, rules, shifts
from benchmarks.promise.service import Service, message

#: Between looks at what is due (s), and at what got stuck.
TICK = timedelta(seconds=60)
SLOW = timedelta(minutes=30)
#: After the last message the work goes on for so long at most.
AFTER = timedelta(days=21)


class Run:
    """The loop of one run."""

    def __init__(
        self, scenario: Scenario, seed: int, *, renewals: bool = True, most: int | None = None
    ) -> None:
        """Draw what will come, at most so many messages; nothing has happened yet."""
        self.coming = arrivals(scenario, seed)[:most]
        self.service = Service(rules(scenario.people), START, renewals=renewals)
        end = self.coming[-1].at + AFTER
        self.judge = Judge(self.service)
        self._order = itertools.count()
        self._events: list[tuple[datetime, int, str, Any]] = []
        self._here: dict[str, tuple[datetime, float]] = {}
        self._at_work: dict[str, str] = {}
        self._takes: dict[str, Arrival] = {}
        for number, one in enumerate(self.coming):
            self._plan(one.at, "arrive", (number, one))
        for shift in shifts(self.service.book, scenario, seed, end):
            self._plan(shift.start, "on", shift)
            self._plan(shift.end, "off", shift)
        self._plan(START + SLOW, "slow", None)
        self._plan(START + TICK, "tick", None)
        self._left = len(self.coming)

    async def go(self) -> list[Judged]:
        """Run until the last message is answered; return what was promised and what came true."""
        while self._events and (self._left or self._at_work or self.service.store.open_work()):
            at, _, kind, value = heapq.heappop(self._events)
            self.service.clock.set(at)
            await getattr(self, f"_{kind}")(value)
            await self.judge.read()
        return self.judge.done()

    def _plan(self, at: datetime, kind: str, value: Any) -> None:
        heapq.heappush(self._events, (at, next(self._order), kind, value))

    async def _arrive(self, value: tuple[int, Arrival]) -> None:
        number, one = value
        self._left -= 1
        await self.service.refresh()
        text = message(number, one.channel, one.at, text=one.text, language=one.language)
        found = await self.service.take(text)
        self._takes[found.id] = one
        self.judge.arrived(found, one)
        await self.service.send()
        await self._poke()

    async def _on(self, shift: Any) -> None:
        until = shift.end
        await self.service.actions.presence(shift.agent, said="here", until=until)
        self._here[shift.agent] = (until, shift.pace)
        await self._match()

    async def _off(self, shift: Any) -> None:
        self._here.pop(shift.agent, None)
        await self.service.actions.presence(shift.agent, said="")
        await self._slow(None, again=False)

    async def _done(self, value: tuple[str, str]) -> None:
        agent, conversation = value
        del self._at_work[agent]
        await self.service.answer(conversation, agent)
        await self.service.send()
        await self._match()

    async def _tick(self, _: Any) -> None:
        now = self.service.clock.now()
        self._plan(now + TICK, "tick", None)
        if await self.service.store.to_wake(now, 1):
            await self.service.refresh()
            await self.service.timers.tick(slow=False)
            await self.service.send()
            await self._poke()

    async def _slow(self, _: Any, *, again: bool = True) -> None:
        now = self.service.clock.now()
        if again:
            self._plan(now + SLOW, "slow", None)
            self.service.store.forget(now)
        await self.service.refresh()
        await self.service.timers.tick(slow=True)
        await self.service.send()
        await self._poke()

    async def _match(self) -> None:
        await self.service.consumer.rematch()
        await self._poke()

    async def _poke(self) -> None:
        """Let whoever is free begin with their most urgent piece of work."""
        now = self.service.clock.now()
        for agent, (until, pace) in self._here.items():
            if agent in self._at_work or until <= now:
                continue
            mine = await self.service.store.mine(agent, 1)
            if mine and mine[0].id in self._takes:
                self._at_work[agent] = mine[0].id
                takes = timedelta(milliseconds=round(self._takes[mine[0].id].handle_s * pace * 1000))
                self._plan(now + takes, "done", (agent, mine[0].id))
