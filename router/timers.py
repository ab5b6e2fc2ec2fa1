"""What happens because time passes: due, promises broken, live owners released, sweeps.

One process of the fleet holds the lease `timers`; the others stand by.
"""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from channels.port import Clock
from router import log, steps
from router.consume import Consumer
from router.conversation import Agent, Conversation, Status, is_owed, promise_told, window_warning_at
from router.errors import StoreError
from router.faults import reach
from router.house import House
from router.journal import changed, event
from router.ports import Broker, Change, Commit, Events, Hint, Ids, Lease, Store
from router.sweeps import Sweeps

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
        await self._consumer.rematch()
        await self._store.repair(BATCH)
        if slow:
            await self._sweeps.run()

    async def _wake(self) -> None:
        now = self._clock.now()
        found = await self._store.to_wake(now, BATCH)
        if not found:
            return
        reach("tm.woke")
        agents = await self._store.agents()
        changes = [self._woken(one, agents, now) for one in found]
        outcome = await self._store.commit(Commit(changes=changes))
        reach("tm.committed")
        won = [one.conversation for one, ok in zip(changes, outcome.changes, strict=True) if ok]
        self._events.publish([Hint(kind="conversation", id=one.id, version=one.version) for one in won])
        await self._consumer.acknowledge_late([one for one in found if _note_due(one, now)])

    def _woken(self, one: Conversation, agents: dict[str, Agent], now: datetime) -> Change:
        """Return what becomes of a conversation whose time has come."""
        after, lines = one, []
        made = one.promise
        if made is not None and promise_told(one) and made.at <= now:
            after = steps.flag(steps.break_promise(after, now), "A promised time passed without an answer.")
        if one.due_at is not None and one.due_at <= now and not one.overdue and is_owed(one):
            after = replace(after, overdue=True)
            lines.append(event(one, now, "overdue", agent=one.accountable, subject=one.waiting_on))
        if one.not_before is not None and one.not_before <= now:
            after = replace(after, not_before=None)
        closing = window_warning_at(one)
        if closing is not None and closing <= now:
            after = steps.window_closing(after, now)
            lines.append(event(one, now, "window closing", agent=one.accountable, subject=one.waiting_on))
        if one.status is Status.SNOOZED and one.snoozed_until is not None and one.snoozed_until <= now:
            after = replace(after, status=Status.OPEN, snoozed_until=None)
        if one.status is Status.PENDING and one.idle_until is not None and one.idle_until <= now:
            after = steps.disown(after)
        return changed(one, self._sweeps.watched(after, agents), events=lines)


def _note_due(one: Conversation, now: datetime) -> bool:
    """Tell whether a note that was put off is to go out now."""
    return one.note_at is not None and one.note_at <= now and one.status is Status.OPEN
