"""Lets one conversation live on in another: two documents, each by compare-and-set, the survivor first."""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from channels.port import Clock
from router import arrange
from router.assign import accountable
from router.claims import free
from router.conversation import Conversation, Status
from router.errors import Conflict, Forbidden, NotFound
from router.house import House
from router.journal import changed, event
from router.ports import Commit, Events, Hint, Store

#: How often a race is run again.
ROUNDS = 10


class Merger:
    """Merges two conversations so that nobody's wait is lost, wherever it is stopped."""

    def __init__(self, store: Store, events: Events, clock: Clock, house: Callable[[], House]) -> None:
        """Take the parts."""
        self._store, self._events, self._clock, self._house = store, events, clock, house

    async def merge(self, id: str, *, into: str, agent: str, lead: bool) -> Conversation:
        """Let it live on in the other one, which is returned.

        Stopped between the two writes, the wait is in both, and merging again finishes it.
        Raises Conflict, Forbidden, ActionError.
        """
        for _ in range(ROUNDS):
            one, survivor = await self._pair(id, into)
            if one.status is Status.MERGED and one.merged_into == survivor.id:
                return survivor
            arrange.refuse_merge(one, survivor)
            await self._refuse_chain(one)
            if not lead and not await self._same_person(one.customer, survivor.customer):
                raise Forbidden("They are of different customers. Ask a lead to merge them.")
            done = await self._absorbed(survivor, one, agent)
            if done is not None and await self._merged(one, done, agent):
                return done
        raise Conflict

    async def _pair(self, id: str, into: str) -> tuple[Conversation, Conversation]:
        found = {one.id: one for one in await self._store.conversations([id, into])}
        if id not in found or into not in found:
            raise NotFound("There is no such conversation.")
        return found[id], found[into]

    async def _same_person(self, one: str, other: str) -> bool:
        """Tell whether the two are, or have become, one customer."""
        if one == other:
            return True
        known = [await self._store.customer(each) for each in (one, other)]
        return None not in known and len({each.id for each in known if each is not None}) == 1

    async def _refuse_chain(self, one: Conversation) -> None:
        """Refuse to merge what others were merged into: who follows them would have to follow twice."""
        for reference in one.absorbed:
            known = await self._store.by_link(f"ref:{reference}")
            if known is not None and known.merged_into == one.id:
                raise Conflict(
                    f"{reference} lives on in {one.reference}. Merge the other one into {one.reference} instead."
                )

    async def _absorbed(self, survivor: Conversation, one: Conversation, agent: str) -> Conversation | None:
        """Write the survivor; None when somebody else changed it first."""
        now = self._clock.now()
        after = arrange.absorb(survivor, one, now)
        if after.status is Status.OPEN:
            after = await self._accounted(after, now)
        line = event(survivor, now, "absorbed", agent=agent, subject=one.id)
        change = changed(survivor, after, events=[line])
        if not (await self._store.commit(Commit(changes=[change]))).changes[0]:
            return None
        self._tell(change.conversation)
        return change.conversation

    async def _merged(self, one: Conversation, survivor: Conversation, agent: str) -> bool:
        """Write that it lives on elsewhere; False when something came in meanwhile."""
        now = self._clock.now()
        line = event(one, now, "merged", agent=agent, subject=survivor.id)
        change = changed(one, arrange.merged(one, survivor, now), events=[line])
        if not (await self._store.commit(Commit(changes=[change]))).changes[0]:
            return False
        await self._let_go(one)
        self._tell(change.conversation)
        return True

    async def _accounted(self, one: Conversation, now: datetime) -> Conversation:
        if one.owner:
            return one
        agents = await self._store.agents()
        return replace(one, accountable=accountable(self._house().book, one.queue, agents, now))

    async def _let_go(self, before: Conversation) -> None:
        if before.owner and before.claim:
            await free(self._store, {before.owner: {before.claim}}, self._clock.now())
            self._events.publish([Hint(kind="agent", id=before.owner)])

    def _tell(self, one: Conversation) -> None:
        kind = "outbox" if one.send_at is not None else "conversation"
        self._events.publish([Hint(kind=kind, id=one.id, version=one.version)])
