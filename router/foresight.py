"""Keeps what promises are computed from up with the store: who is here, what waits, what was learnt."""

from msgspec.structs import replace

from channels.port import Clock
from router.engine.forecast import Forecast
from router.engine.learnt import Learnt
from router.house import House
from router.learner import HANDS, KIND, learnt_of
from router.ports import Store


class Foresight:
    """Looks into the store about once a second; between looks the forecast counts what is decided."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Know nothing yet."""
        self._store, self._clock = store, clock
        self._seen = 0
        self._learnt: dict[str, tuple[int, Learnt]] = {}

    async def refreshed(self, house: House) -> House:
        """Return the house with the forecast as the store has it now. Raises StoreError."""
        agents = await self._store.agents()
        loads = await self._store.backlog()
        learnt = await self._learn()
        known = house.forecast if house.forecast is not None else Forecast(house.book)
        fresh = known.refreshed(agents, loads, learnt, self._clock.now())
        return replace(house, crew=agents, forecast=fresh)

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
