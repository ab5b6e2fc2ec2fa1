"""Keeps what promises are computed from up with the store: who is here, what waits, what was learnt."""

import asyncio
from datetime import datetime, timedelta

from msgspec.structs import replace

from channels.port import Clock
from router.engine.backlog import Rows, grouped
from router.engine.forecast import Forecast
from router.engine.learnt import Learnt
from router.house import House
from router.learner import HANDS, KIND, learnt_of
from router.ports import Store

#: After a look so many times what it took is left to other work, at most so many seconds.
REST = 10
REST_MOST = timedelta(seconds=60)


class Foresight:
    """Looks into the store about once a second; between looks the forecast counts what is decided.

    Where much waits, counting it is work for the store: then that is done less often.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        """Know nothing yet."""
        self._store, self._clock = store, clock
        self._seen = 0
        self._learnt: dict[str, tuple[int, Learnt]] = {}
        #: When the last look ended, and until when it needs no other.
        self._looked: datetime | None = None
        self._rest = timedelta(0)

    async def refreshed(self, house: House) -> House:
        """Return the house with the forecast as the store has it now; the backlog as of the last look while that holds.

        Raises StoreError.
        """
        known = house.forecast if house.forecast is not None else Forecast(house.book)
        began = self._clock.now()
        rows = None if house.forecast is not None and self._rests(began) else await self._look(known)
        learnt = await self._learn()
        agents = await self._store.agents()
        return replace(house, crew=agents, forecast=known.refreshed(agents, rows, learnt, began))

    async def _look(self, known: Forecast) -> Rows:
        """Return what waits, counted; sorted beside the loop."""
        known.since.look()
        began = self._clock.now()
        rows = await asyncio.to_thread(grouped, await self._store.backlog())
        self._looked = self._clock.now()
        self._rest = min((self._looked - began) * REST, REST_MOST)
        return rows

    def _rests(self, now: datetime) -> bool:
        """Tell whether the last look is still good; a clock that was set back does not make it so."""
        return self._looked is not None and timedelta(0) <= now - self._looked < self._rest

    async def _learn(self) -> dict[str, Learnt]:
        """Return what was learnt, the same objects as before where nothing was."""
        mark = await self._store.record(KIND, HANDS)
        version = mark.version if mark is not None else 0
        if version != self._seen:
            found = await learnt_of(self._store)
            old = self._learnt
            self._learnt = {
                name: old[name] if name in old and old[name][0] == pair[0] else pair
                for name, pair in found.items()
            }
            self._seen = version
        return {name: state for name, (_, state) in self._learnt.items()}
