"""What happens because time passes: due, promises broken, live owners released, sweeps.

One process of the fleet holds the lease `timers`; the others stand by.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from channels.port import Clock
from router import log, turning
from router.claims import free
from router.consume import Consumer
from router.conversation import Agent, Conversation, Status, promise_stage
from router.errors import StoreError
from router.faults import reach
from router.house import House
from router.journal import changed
from router.keeping.relief import relieved
from router.learner import Learner
from router.ports import Broker, Change, Commit, Events, Hint, Ids, Lease, Outcome, Store
from router.sweeps import Sweeps
from router.woken import woken

logger = log.get(__name__)

TICK_S = 1.0
LEASE_S = 15.0
BATCH = 200
#: The slow sweeps run every so many ticks.
SLOW_TICKS = 10
#: More difference than this to the store's time, and no timer fires.
SKEW_S = 2.0


class Timers:
    """Fires what is due, once, and sweeps up what got stuck."""

    def __init__(
        self,
        store: Store,
        broker: Broker,
        events: Events,
        consumer: Consumer,
        parts: tuple[Ids, Clock, Callable[[], House]],
    ) -> None:
        """Take the parts; the consumer is asked to match when capacity may be free."""
        self._store, self._broker, self._events, self._consumer = store, broker, events, consumer
        ids, self._clock, self._house = parts
        self._holder = ids.new("timers")
        self._learner = Learner(store, self._house)
        self._sweeps = Sweeps(store, broker, self._clock, self._house)
        self._lease: Lease | None = None
        #: What is wrong with the timers, for health; "" when all is well.
        self.trouble = ""

    async def run(self) -> None:
        """Tick until cancelled; then give the lease back at once."""
        tick = 0
        try:
            while True:
                await self._tick_safely(tick)
                tick += 1
                await self._clock.sleep(TICK_S)
        finally:
            if self._lease is not None:
                await self._store.release(self._lease)

    async def _tick_safely(self, tick: int) -> None:
        try:
            self._lease = await self._store.lease("timers", self._holder, LEASE_S)
            if self._lease is None:
                self.trouble = ""
                return
            if await self._skewed():
                return
            await self.tick(slow=tick % SLOW_TICKS == 0)
        except StoreError as error:
            self.trouble = f"the store failed: {error}"
            logger.warning("tick failed", error=type(error).__name__)

    async def _skewed(self) -> bool:
        skew_s = abs((await self._store.now() - self._clock.now()).total_seconds())
        self.trouble = (
            f"this clock is {skew_s:.1f} s off the store's; set it right" if skew_s > SKEW_S else ""
        )
        return bool(self.trouble)

    async def tick(self, *, slow: bool) -> None:
        """Do what is due now; the slow sweeps too when asked."""
        await self._wake()
        await self._sweeps.absences()
        await self._consumer.rematch()
        await self._store.repair(BATCH)
        await self._learner.run()
        if slow:
            await self._sweeps.run()

    async def _wake(self) -> None:
        now = self._clock.now()
        found = await self._store.to_wake(now, BATCH)
        if not found:
            return
        reach("tm.woke")
        await turning.read(self._house().turns, self._store)
        agents = await self._store.agents()
        busy = await self._work_of({one.owner for one in found if one.owner and promise_stage(one)})
        changes = [self._changed(one, agents, busy.get(one.owner, ()), now) for one in found]
        outcome = await self._store.commit(Commit(changes=changes))
        reach("tm.committed")
        await turning.write(self._house().turns, self._store)
        await free(self._store, _let_go(found, changes, outcome), now)
        won = [one.conversation for one, ok in zip(changes, outcome.changes, strict=True) if ok]
        self._events.publish([Hint(kind="conversation", id=one.id, version=one.version) for one in won])
        await self._consumer.acknowledge_late([one for one in found if _note_due(one, now)])

    async def _work_of(self, owners: set[str]) -> dict[str, list[Conversation]]:
        """Return what lies before each of these people, to see whether they can keep a promise that runs short."""
        return {owner: await self._store.mine(owner, BATCH) for owner in sorted(owners)}

    def _changed(
        self, one: Conversation, agents: Mapping[str, Agent], mine: Sequence[Conversation], now: datetime
    ) -> Change:
        house = self._house()
        after, lines = woken(house, one, agents, now)
        after, more = relieved(house, one, after, (agents, mine), now)
        after, last = self._sweeps.settled(after, agents)
        return changed(one, after, events=[*lines, *more, *last])


def _let_go(
    found: Sequence[Conversation], changes: Sequence[Change], outcome: Outcome
) -> dict[str, set[str]]:
    """Return the claims, by owner, of what the owners have really been parted from."""
    gone: dict[str, set[str]] = {}
    for one, change, won in zip(found, changes, outcome.changes, strict=True):
        if won and one.owner and one.claim and change.conversation.claim != one.claim:
            gone.setdefault(one.owner, set()).add(one.claim)
    return gone


def _note_due(one: Conversation, now: datetime) -> bool:
    """Tell whether a note that was put off is to go out now."""
    return one.note_at is not None and one.note_at <= now and one.status is Status.OPEN
