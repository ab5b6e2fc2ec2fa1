"""How the service is, in words and figures: alive, ready, and the standing of every queue."""

import asyncio
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from channels import registry
from channels.port import Clock
from router import assign, metrics
from router.errors import BrokerError, HandlebyError
from router.health.document import Document, document
from router.health.lag import Lag
from router.health.signals import PROMISES_S, RISK_S, WINDOW_S, Disk, Report, Signals, too_many_broken
from router.health.told import Told, heard, paused
from router.health.unspoken import unspoken
from router.kept import figures, tally
from router.ports import Broker, Depth, PromiseFigure, QueueStat, Store
from router.switches import NOTES, SWITCH
from router.voice import consent
from rules.evaluate import Rulebook

__all__ = ["Health", "Sources"]

#: Seconds for which a document is good enough; asking oftener costs nothing.
FRESH_S = 2.0
#: Seconds that a part may take to answer.
ANSWER_S = 3.0
#: A loop that stood still this long is not alive.
STUCK_S = 10.0


class Sources(Protocol):
    """What health looks at; `bootstrap.Parts` is one."""

    @property
    def store(self) -> Store: ...  # noqa: D102  # named as in Parts
    @property
    def broker(self) -> Broker: ...  # noqa: D102  # the same
    @property
    def clock(self) -> Clock: ...  # noqa: D102  # the same


class Health:
    """Looks at every part at most once in two seconds, however many ask."""

    def __init__(
        self,
        sources: Sources,
        *,
        book: Callable[[], Rulebook],
        reports: Callable[[], Sequence[Report]],
        timers: Callable[[], str] = str,
        place: tuple[Path | None, ZoneInfo] = (None, ZoneInfo("UTC")),
        roles: Collection[str] = ("channels", "router", "desk"),
    ) -> None:
        """Take the parts, the rules in force, the accounts' reports, and what is wrong with the timers.

        `place`: where the data lies, if on this machine, and the zone in which days begin.
        """
        self._sources, self._book, self._reports, self._timers = sources, book, reports, timers
        (self._data_dir, self._zone), self._roles = place, frozenset(roles)
        self._queues = [f"inbound.{name}" for name in registry.names()]
        self._lag = Lag()
        self._looking = asyncio.Lock()
        self._known: Mapping[str, datetime] = {}
        self._last: tuple[float, Document] | None = None
        self._stats: Sequence[QueueStat] = ()
        self._promises: Sequence[PromiseFigure] = ()
        self._week: figures.Day | None = None
        self._reasons: Sequence[tuple[str, int]] = ()
        self._told: Sequence[Told] = ()
        self._unspoken: Mapping[str, str] = {}
        self._started = False

    async def run(self) -> None:
        """Measure how late the event loop is, until cancelled."""
        await self._lag.run()

    async def live(self) -> tuple[int, Document]:
        """Tell whether the process should go on: 503 when its loop stood still."""
        late = self._lag.worst_s
        return (503 if late > STUCK_S else 200), {"status": "ok", "loop_lag_s": round(late, 3)}

    async def ready(self) -> tuple[int, Document]:
        """Tell whether to send work here: 503 names what is missing.

        The store must answer. The broker must have worked once where the role `router` runs;
        later only a process that does nothing else depends on it, as messages are taken in without.
        """
        missing = []
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._sources.store.now()
        except (HandlebyError, TimeoutError) as failure:
            missing.append(f"store: {str(failure) or 'no answer'}")
        trouble = self._sources.broker.trouble()
        self._started = self._started or not trouble
        if trouble and "router" in self._roles and (not self._started or len(self._roles) == 1):
            missing.append(f"broker: {trouble}")
        return (503 if missing else 200), {"ready": not missing, "missing": missing}

    async def queues(self) -> tuple[int, Document]:
        """Return 200 (ok, warning) or 503 (critical) and the document of `/health/queues`."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if self._last is None or now - self._last[0] >= FRESH_S:
                found, self._known = document(await self._look(), self._known)
                self._last = asyncio.get_running_loop().time(), found
            found = self._last[1]
        return (503 if found["status"] == "critical" else 200), found

    async def metrics(self) -> tuple[bytes, str]:
        """Return what a scrape gets, and its content type."""
        _, found = await self.queues()
        metrics.show(found)
        metrics.lag(self._lag.worst_s)
        return metrics.render()

    async def _look(self) -> Signals:
        loop = asyncio.get_running_loop()
        began = loop.time()
        trouble, unstaffed = await self._ask_store()
        took = loop.time() - began
        now = self._sources.clock.now()
        return Signals(
            now=now,
            stats=self._stats,
            promises=self._promises,
            week=self._week,
            reasons=self._reasons,
            depths=await self._depths(),
            store_trouble=trouble,
            store_s=took,
            broker_trouble=self._sources.broker.trouble(),
            timers_trouble=self._timers(),
            reports=self._reports(),
            told=self._told,
            unspoken=self._unspoken,
            unstaffed=unstaffed,
            disk=await self._disk(),
            lag_s=self._lag.worst_s,
        )

    async def _ask_store(self) -> tuple[str, Mapping[str, str]]:
        """Read the figures; when the store does not answer the last ones stay, with the reason."""
        store, now = self._sources.store, self._sources.clock.now()
        try:
            async with asyncio.timeout(ANSWER_S):
                self._stats = await store.queue_stats(
                    now=now, since=now - timedelta(seconds=WINDOW_S), risk_s=RISK_S
                )
                day = now - timedelta(seconds=PROMISES_S)
                self._promises = await store.promise_figures(day, now + timedelta(seconds=1))
                weeks = await tally.read_weeks(store, now.astimezone(self._zone).date(), 1)
                self._week = weeks[0] if weeks else None
                self._reasons = await self._why(day, now)
                self._told = [*await heard(store), *paused(await store.record(SWITCH, NOTES), now)]
                channels = {one.channel for one in self._reports()}
                self._unspoken = unspoken(self._book(), channels, await consent.voices(store))
                present = assign.candidates(self._book(), await store.agents(), now)
        except TimeoutError:
            return f"it did not answer within {ANSWER_S:.0f} s", {}
        except HandlebyError as failure:
            return str(failure), {}
        return "", _unstaffed(self._book(), {queue for one in present for queue in one.person.queues})

    async def _why(self, since: datetime, now: datetime) -> Sequence[tuple[str, int]]:
        """Return why promises broke on the days of the span; read only when there is reason to tell."""
        if not too_many_broken(self._promises):
            return ()
        names = dict.fromkeys(figures.day_of(at, self._zone) for at in (since, now))
        days = await tally.read(self._sources.store, list(names))
        return tally.commonest(one for day in days for one in day.groups)

    async def _depths(self) -> dict[str, Depth]:
        if self._sources.broker.trouble():
            return {}
        found = await asyncio.gather(*(self._depth(queue) for queue in self._queues))
        return {queue: depth for queue, depth in zip(self._queues, found, strict=True) if depth is not None}

    async def _depth(self, queue: str) -> Depth | None:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._sources.broker.depth(queue)
        except (BrokerError, TimeoutError):
            return None

    async def _disk(self) -> Disk | None:
        if self._data_dir is None or not self._data_dir.exists():
            return None
        usage = await asyncio.to_thread(shutil.disk_usage, self._data_dir)
        return Disk(usage.free, usage.total)

    @classmethod
    def of(cls, parts: Any, roles: Collection[str], reports: Callable[[], Sequence[Report]]) -> "Health":
        """Build it for the parts that bootstrap built, and what tells how the accounts are."""
        return cls(
            parts,
            book=parts.keeper.book,
            reports=reports,
            timers=lambda: str(parts.timers.trouble) if "router" in roles else "",
            place=(parts.settings.data_dir, ZoneInfo(parts.settings.zone or "UTC")),
            roles=roles,
        )


def _unstaffed(book: Rulebook, served: Collection[str]) -> dict[str, str]:
    """Return the queues that nobody present serves, and who should, by display name."""
    return {
        queue.id: " or ".join(book.people[id_].name for id_ in queue.duty if id_ in book.people)
        for queue in book.queues.values()
        if queue.id not in served
    }
