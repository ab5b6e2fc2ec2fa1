"""Takes customers together who are the same person, and apart again: several records, each by compare-and-set.

Who is whose part stands in one record, the root's, so that one write decides. The order of the writes keeps
every state in between harmless: a record leads on only to one that has it as a part, and always to a lower id,
so that routers that join at once, in whatever direction, cannot lead each other in a circle.
"""

import secrets
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from channels.port import Clock
from router import log
from router.conversation import Customer, Event, Join
from router.customers import persons
from router.errors import ActionError, Conflict, NotFound, StoreError
from router.ports import Commit, Events, Hint, Store
from router.stores import follow

logger = log.get(__name__)

#: How often a race is run again.
ROUNDS = 20
#: After so many seconds an undoing that was cut off no longer holds up others; it takes some milliseconds.
LEASE_S = 20.0


class Joiner:
    """Joins customers and undoes it."""

    def __init__(self, store: Store, events: Events, clock: Clock) -> None:
        """Take the parts."""
        self._store, self._events, self._clock = store, events, clock

    async def join(self, join: Join) -> Customer:
        """Make one person of two customers and return them; again is no change.

        Raises NotFound; Conflict where a person said that these are two and the evidence is not a person's.
        """
        for _ in range(ROUNDS):
            known = await self._known([join.one, join.other])
            ends = [follow.present(known, end) for end in (join.one, join.other)]
            if any([await self._settled(known, end) for end in ends]):
                continue
            root, leaf = sorted(ends, key=lambda one: one.id)
            if root.id == leaf.id:
                return root
            if join.evidence != persons.PERSON and persons.parted(root, leaf):
                raise Conflict("A person said that these are two people.")
            sealed = replace(leaf, joined_into=root.id, joins=(*leaf.joins, join))
            if not await self._write([sealed]):
                continue
            done = await self._unite(root, _next(sealed), join)
            if done is not None:
                return done
        raise Conflict("These customers were changed by others all the time. Try again.")

    async def join_proved(self, joins: Sequence[Join]) -> None:
        """Join on the evidence of messages; what fails is done when the next message brings it again."""
        for join in joins:
            try:
                await self.join(join)
            except (ActionError, StoreError) as error:
                logger.info("customers not joined", reason=type(error).__name__)

    async def split(self, id: str, one: str, other: str, *, by: str) -> tuple[Customer, Customer]:
        """Undo the join of these two, and return who has each now; what came since stays where it came to.

        Only one at a time in the whole fleet, as this turns round where third records lead.
        Raises NotFound; Conflict while another one runs; ActionError where they are not joined to each other.
        """
        lease = await self._store.lease("customers split", secrets.token_hex(8), LEASE_S)
        if lease is None:
            raise Conflict("Somebody else is parting customers at this moment. Try again.")
        try:
            return await self._split(id, {one, other}, by)
        finally:
            await self._store.release(lease)

    async def _split(self, id: str, ends: set[str], by: str) -> tuple[Customer, Customer]:
        for _ in range(ROUNDS):
            root = await self._store.customer(id)
            if root is None:
                raise NotFound(f"There is no customer {id[:40]!r}.")
            if root.joined_into and await self._settled(await self._known([root.id]), root):
                continue
            gone = next((each for each in root.joins if {each.one, each.other} == ends), None)
            if gone is None:
                raise ActionError(
                    "These are not joined to each other. Look again: somebody may have undone it."
                )
            staying, leaving = persons.sides(root, gone)
            fresh = await self._prepared(root, staying, leaving)
            left = persons.only(root, root.id, staying, against=leaving)
            left = replace(left, version=root.version)
            if fresh is None or not await self._write([left]):
                continue
            await self._write([replace(fresh, joined_into="")])
            await self._tell("customers split", left, fresh, by=by, evidence=gone.evidence)
            return _next(left), fresh
        raise Conflict("This customer was changed by others all the time. Try again.")

    async def _known(self, ids: Sequence[str]) -> dict[str, Customer]:
        """Return the records and all that they lead on to. Raises NotFound."""
        known = await self._store.customers(ids)
        for name in ids:
            if name not in known:
                raise NotFound(f"There is no customer {name[:40]!r}.")
        return await follow.heirs(known, self._store.customers)

    async def _settled(self, known: Mapping[str, Customer], one: Customer) -> bool:
        """Finish what was left undone about a record: joined to half, or parted and not yet told so."""
        if not one.joined_into:
            return False
        join = persons.unfinished(one)
        if join is None or one.joined_into not in known:
            await self._write([replace(one, joined_into="")])
        else:
            await self._unite(follow.present(known, one.joined_into), one, join)
        return True

    async def _unite(self, root: Customer, leaf: Customer, join: Join) -> Customer | None:
        """Give the root the parts of a sealed leaf; None when the root changed meanwhile."""
        after = persons.united(root, leaf, join)
        if not await self._write([after]):
            return None
        await self._close(after.id, leaf)
        await self._tell("customers joined", after, leaf, by=join.by, evidence=join.evidence)
        return _next(after)

    async def _close(self, root: str, leaf: Customer) -> None:
        """Let nobody write a leaf any more who read it before, and take over what was written until then."""
        for _ in range(ROUNDS):
            if await self._write([leaf]):
                return
            known = await self._store.customers([root, leaf.id])
            here, fresh = known[root], known[leaf.id]
            if fresh.joined_into != root or leaf.id not in here.ids:
                return  # parted again, or joined on: they have a writer of their own
            after = persons.taken_over(here, leaf, fresh)
            if after is here or await self._write([after]):
                leaf = fresh

    async def _prepared(self, root: Customer, staying: set[str], leaving: set[str]) -> Customer | None:
        """Write the record of who leaves, not in force yet, and let the parts lead where they will belong."""
        known = await self._store.customers(root.ids)
        first = min(leaving)
        if not set(root.ids) <= known.keys():
            return None
        fresh = persons.only(root, first, leaving, against=staying)
        fresh = replace(fresh, version=known[first].version, joined_into=root.id)
        goals = {one: root.id for one in staying if one != root.id} | {
            one: first for one in leaving if one != first
        }
        moved = [
            replace(known[one], joined_into=goal)
            for one, goal in goals.items()
            if known[one].joined_into != goal
        ]
        return _next(fresh) if await self._write([fresh, *moved]) else None

    async def _write(self, customers: Sequence[Customer]) -> bool:
        """Write next versions; True when all won."""
        outcome = await self._store.commit(Commit(customers=[_next(one) for one in customers]))
        return all(outcome.customers)

    async def _tell(self, kind: str, one: Customer, other: Customer, *, by: str, evidence: str) -> None:
        data = {"other": other.id, "evidence": evidence}
        await self._store.append(
            [Event(at=self._clock.now(), kind=kind, agent=by, subject=one.id, data=data)]
        )
        self._events.publish([Hint(kind="customer", id=each) for each in (one.id, other.id)])


def _next(one: Customer) -> Customer:
    return replace(one, version=one.version + 1)
