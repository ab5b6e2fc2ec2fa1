"""What happens because time passes: due, promises broken, live owners released, sweeps.

One process of the fleet holds the lease `timers`; the others stand by.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from channels.port import Clock
from router import log
from router.claims import free
from router.consume import Consumer
from router.conversation import Agent, Conversation, Status, promise_stage
from router.errors import StoreError
from router.failing import Failing
from router.faults import reach
from router.house import House
from router.journal import changed, hint_of
from router.keeping.relief import relieved
from router.learner import Learner
from router.ports import Broker, Change, Commit, Events, Ids, Lease, Outcome, Store
from router.sweeps import Sweeps
from router.voice import turning
from router.woken import woken

logger = log.get(__name__)

TICK_S = 1.0
LEASE_S = 15.0
BATCH = 200
#: The slow sweeps run every so many ticks.
SLOW_TICKS = 10
#: More difference than this to the store's time, and no timer fires.
SKEW_S = 2.0
#: A part of the tick that fails as a whole is left alone for at most so long.
PART_RESTS = timedelta(seconds=30)
PART = "the timers"
#: Names a note that was put off among what fails.
NOTE = "note "
IMPACT = "Its warnings and another time for its customer come late; look after it by hand."


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
        #: What fails by itself, and is left alone for a while.
        self.failing = Failing(PART, IMPACT)
        self._sweeps = Sweeps(store, broker, events, (self._clock, self._house), self.failing)
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
        except Exception as error:  # noqa: BLE001  # the next round goes on, and health tells of it
            logger.warning("a part of the tick failed", error=type(error).__name__)

    async def _skewed(self) -> bool:
        skew_s = abs((await self._store.now() - self._clock.now()).total_seconds())
        self.trouble = (
            f"this clock is {skew_s:.1f} s off the store's; set it right" if skew_s > SKEW_S else ""
        )
        return bool(self.trouble)

    async def tick(self, *, slow: bool) -> None:
        """Do what is due now; the slow sweeps too when asked. What fails in one part keeps no other from its turn."""
        parts: dict[str, Callable[[], Awaitable[object]]] = {
            "looking after promises": self._wake,
            "absences": self._sweeps.absences,
            "handing out waiting work": self._consumer.rematch,
            "repairs": lambda: self._store.repair(BATCH),
            "learning": self._learner.run,
        }
        if slow:
            parts["sweeps"] = self._sweeps.run
        failed = [
            error for name, part in parts.items() if (error := await self._part(name, part)) is not None
        ]
        await self.failing.say(self._store, self._clock.now())
        if failed:
            raise failed[0]

    async def _part(self, name: str, part: Callable[[], Awaitable[object]]) -> Exception | None:
        """Do a part of the tick, unless it rests; return how it failed. Raises StoreError."""
        now = self._clock.now()
        if self.failing.rests(name, now):
            return None
        try:
            await part()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it was, the other parts go on
            self.failing.failed(name, error, now, longest=PART_RESTS)
            return error
        self.failing.well(name)
        return None

    async def _wake(self) -> None:
        now = self._clock.now()
        known = await self._store.to_wake(now, self.failing.past(BATCH))
        found = [one for one in known if not self._rests(one, now)][:BATCH]
        if not found:
            return
        reach("tm.woke")
        await turning.read(self._house().turns, self._store)
        agents = await self._store.agents()
        busy = await self._work_of({one.owner for one in found if one.owner and promise_stage(one)})
        tried = [(one, self._tried(one, agents, busy.get(one.owner, ()), now)) for one in found]
        found = [one for one, change in tried if change is not None]
        changes = [change for _, change in tried if change is not None]
        outcome = await self._store.commit(Commit(changes=changes))
        reach("tm.committed")
        await turning.write(self._house().turns, self._store)
        await free(self._store, _let_go(found, changes, outcome), now)
        won = [one.conversation for one, ok in zip(changes, outcome.changes, strict=True) if ok]
        self._events.publish([hint_of(one) for one in won])
        await self._acknowledge([one for one in found if _note_due(one, now)], now)

    def _rests(self, one: Conversation, now: datetime) -> bool:
        return any(self.failing.rests(key, now, one.version) for key in (one.id, NOTE + one.id))

    async def _acknowledge(self, found: Sequence[Conversation], now: datetime) -> None:
        """Let the notes go out that were put off; where that fails, one by one."""
        if not found:
            return
        try:
            await self._consumer.acknowledge_late(found)
            for one in found:
                self.failing.well(NOTE + one.id)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it was, the others go on
            if len(found) > 1:
                for one in found:
                    await self._acknowledge([one], now)
                return
            [one] = found
            version = one.version + 1  # as this round has just left it
            self.failing.failed(NOTE + one.id, error, now, name=one.reference, version=version)

    async def _work_of(self, owners: set[str]) -> dict[str, list[Conversation]]:
        """Return what lies before each of these people, to see whether they can keep a promise that runs short."""
        return {owner: await self._store.mine(owner, BATCH) for owner in sorted(owners)}

    def _tried(
        self, one: Conversation, agents: Mapping[str, Agent], mine: Sequence[Conversation], now: datetime
    ) -> Change | None:
        """Return what becomes of it; None where that fails: then it is left alone for a while."""
        try:
            change = self._changed(one, agents, mine, now)
        except Exception as error:  # noqa: BLE001  # whatever it was, the others go on
            self.failing.failed(one.id, error, now, name=one.reference, version=one.version)
            return None
        self.failing.well(one.id)
        return change

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
