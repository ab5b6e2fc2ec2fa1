"""What happens because time passes: due, promises broken, live owners released, sweeps.

One process of the fleet holds the lease `timers`; the others stand by.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from channels.port import Clock
from router import log, steps
from router.accept import queue_of
from router.assign import accountable
from router.consume import Consumer
from router.conversation import Agent, Conversation, PromiseState, Status
from router.errors import BrokerError, StoreError
from router.faults import reach
from router.handle import without_claims
from router.house import House
from router.journal import changed, event
from router.ports import Broker, Change, Commit, Events, Hint, Ids, Lease, Store

logger = log.get(__name__)

TICK_S = 1.0
LEASE_S = 15.0
BATCH = 200
#: A message that no router decided within this time is rung again.
RING_AGAIN_S = 10.0
#: Claims that no conversation names after this time are freed.
ORPHAN_S = 30.0
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
            await self._ring_again()
            await self._free_orphans()
            await self._replace_leavers()

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

    def _woken(self, one: Conversation, agents: dict[str, Agent], now: datetime) -> Change:
        """Return what becomes of a conversation whose time has come."""
        after, lines = one, []
        made = one.promise
        if made is not None and made.state is PromiseState.MADE and made.at <= now:
            after = steps.flag(steps.break_promise(after, now), "A promised time passed without an answer.")
        if one.status is Status.OPEN and one.due_at is not None and one.due_at <= now and not one.overdue:
            after = replace(after, overdue=True)
            lines.append(event(one, now, "overdue", agent=one.accountable, subject=one.waiting_on))
        if one.status is Status.SNOOZED and one.snoozed_until is not None and one.snoozed_until <= now:
            after = replace(after, status=Status.OPEN, snoozed_until=None)
        if one.status is Status.PENDING and one.idle_until is not None and one.idle_until <= now:
            after = steps.disown(after)
        return changed(one, self._watched(after, agents, now), events=lines)

    async def _ring_again(self) -> None:
        """Ring for messages that are in the store but in no conversation yet."""
        before = self._clock.now() - timedelta(seconds=RING_AGAIN_S)
        stuck = await self._store.unrouted(before, BATCH)
        if not stuck:
            return
        logger.info("ringing again", messages=len(stuck))
        try:
            await self._broker.publish([(queue_of(channel), key) for channel, key in stuck])
        except BrokerError as error:
            logger.warning("broker not reached", error=type(error).__name__)

    async def _replace_leavers(self) -> None:
        """Put the work of people who no longer stand in the rules back into its queues."""
        people, now = self._house().book.people, self._clock.now()
        agents = await self._store.agents()
        gone = [one for one in agents.values() if one.id not in people and one.claims]
        for agent in gone:
            found = await self._store.conversations([claim.conversation for claim in agent.claims])
            owned = [one for one in found if one.owner == agent.id]
            lines = [
                event(one, now, "let go", agent=agent.id, reason="no longer in the rules") for one in owned
            ]
            changes = [
                changed(one, self._watched(steps.disown(one), agents, now), events=[line])
                for one, line in zip(owned, lines, strict=True)
            ]
            freed = replace(agent, claims=(), version=agent.version + 1)
            await self._store.commit(Commit(changes=changes, agents=[freed]))

    def _watched(self, one: Conversation, agents: dict[str, Agent], now: datetime) -> Conversation:
        """Return it with the duty person as accountable, where it waits without an owner."""
        if one.owner or one.status not in {Status.OPEN, Status.HELD}:
            return one
        return replace(one, accountable=accountable(self._house().book, one.queue, agents, now))

    async def _free_orphans(self) -> None:
        """Free claims that no conversation names: their router died between claim and commit, or let go."""
        before = self._clock.now() - timedelta(seconds=ORPHAN_S)
        agents = await self._store.agents()
        old = {one.conversation for agent in agents.values() for one in agent.claims if one.at < before}
        if not old:
            return
        named = {one.claim for one in await self._store.conversations(sorted(old))}
        changes = []
        for agent in agents.values():
            gone = {one.id for one in agent.claims if one.at < before and one.id not in named}
            freed = without_claims(agent, gone, self._clock.now())
            if freed is not agent:
                changes.append(replace(freed, version=agent.version + 1))
        await self._store.commit(Commit(agents=changes))
