"""The slow sweeps: what got stuck, whose owner is gone, and who answers for what now."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from channels.port import Clock
from router import assign, log, steps
from router.accept import queue_of
from router.claims import free
from router.conversation import Agent, Conversation, PromiseState, Status
from router.errors import BrokerError
from router.house import House
from router.journal import changed, event
from router.ports import Broker, Commit, Store

logger = log.get(__name__)

BATCH = 200
#: A message that no router decided within this time is rung again.
RING_AGAIN_S = 10.0
#: Claims that no conversation names after this time are freed.
ORPHAN_S = 30.0
#: Most open work of one agent that is looked at in one sweep.
MINE = 500
_UNOWNED = (Status.OPEN, Status.HELD)


class Sweeps:
    """Looks after what no event will mend; each sweep is bounded, and the next one goes on."""

    def __init__(self, store: Store, broker: Broker, clock: Clock, house: Callable[[], House]) -> None:
        """Take the parts."""
        self._store, self._broker, self._clock, self._house = store, broker, clock, house
        self._walk: dict[Status, str] = dict.fromkeys(_UNOWNED, "")

    async def run(self) -> None:
        """Do one round."""
        await self.ring_again()
        agents = await self._store.agents()
        await self.free_orphans(agents)
        await self.take_over(agents)
        for status in _UNOWNED:
            await self.name_accountable(status, agents)

    async def ring_again(self) -> None:
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

    async def free_orphans(self, agents: Mapping[str, Agent]) -> None:
        """Free claims that no conversation names: their router died between two writes."""
        before = self._clock.now() - timedelta(seconds=ORPHAN_S)
        old = {one.conversation for agent in agents.values() for one in agent.claims if one.at < before}
        if not old:
            return
        named = {one.claim for one in await self._store.conversations(sorted(old))}
        gone = {
            agent.id: {one.id for one in agent.claims if one.at < before and one.id not in named}
            for agent in agents.values()
        }
        await free(self._store, gone, self._clock.now())

    async def take_over(self, agents: Mapping[str, Agent]) -> None:
        """Put work back into its queue whose owner left the rules, or cannot be back before it is due."""
        book, now = self._house().book, self._clock.now()
        for agent in agents.values():
            person = book.people.get(agent.id)
            if person is None:
                await self._release(agent, await self._store.mine(agent.id, MINE), "left the rules")
                continue
            back = assign.back_at(agent, book.calendar_of(person), now)
            if back is not None and back <= now and assign.is_present(agent, book.calendar_of(person), now):
                continue
            owned = await self._store.mine(agent.id, MINE) if agent.claims else []
            late = [one for one in owned if self._cannot_wait(one, back)]
            await self._release(agent, late, "is not here")

    def _cannot_wait(self, one: Conversation, back: datetime | None) -> bool:
        """Tell whether work is live, or due before its owner can be expected back."""
        live = self._house().account(one.channel, one.account).live
        return live or back is None or (one.due_at is not None and one.due_at <= back)

    async def _release(self, agent: Agent, owned: Sequence[Conversation], why: str) -> None:
        if not owned:
            return
        now, agents = self._clock.now(), await self._store.agents()
        people = self._house().book.people
        name = people[agent.id].name if agent.id in people else agent.id
        changes = []
        for one in owned:
            after = steps.flag(steps.disown(one), f"{name} {why}, so this is back in the queue.")
            line = event(one, now, "let go", agent=agent.id, reason=why)
            changes.append(changed(one, self.watched(after, agents), events=[line]))
        outcome = await self._store.commit(Commit(changes=changes))
        won = {one.claim for one, ok in zip(owned, outcome.changes, strict=True) if ok}
        await free(self._store, {agent.id: won}, now)

    async def name_accountable(self, status: Status, agents: Mapping[str, Agent]) -> None:
        """Walk on through the unowned work, a page a sweep, and see that the right duty person answers for it."""
        page = await self._store.listed(status=status.value, queue="", limit=BATCH, after=self._walk[status])
        self._walk[status] = page[-1].id if len(page) == BATCH else ""
        changes = [
            changed(one, after)
            for one in page
            if not one.owner and (after := self.watched(one, agents)).accountable != one.accountable
        ]
        if changes:
            await self._store.commit(Commit(changes=changes))

    def watched(self, one: Conversation, agents: Mapping[str, Agent]) -> Conversation:
        """Return it with the duty person as accountable, where it waits without an owner.

        Whoever made the running promise stays accountable for it while they stand in the rules.
        """
        if one.owner or one.status not in _UNOWNED:
            return one
        book, made = self._house().book, one.promise
        promised = made is not None and made.state is PromiseState.MADE and made.by == one.accountable
        if promised and one.accountable in book.people:
            return one
        return replace(one, accountable=assign.accountable(book, one.queue, agents, self._clock.now()))
