"""What agents do: answer, resolve, take, release, say whether they are here. Compare-and-set, tried again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from msgspec.structs import replace

from channels.port import Clock
from router import arrange, assign, steps
from router.answer import Answer, as_item, copied, refuse_stale
from router.claims import free
from router.conversation import Agent, Claim, Conversation, Event, Status
from router.customers import persons
from router.errors import ActionError, Conflict, Forbidden, NotFound
from router.house import House
from router.journal import changed, event
from router.keeping.after import closed
from router.merger import Merger
from router.ports import Commit, Events, Hint, Ids, Store
from rules.model import Person

#: How often a race that changes nothing of substance is run again.
ROUNDS = 10
#: How long "I'm here" holds when no end is given.
HERE_FOR = timedelta(hours=10)

#: The new state, lines for the log, and agents whose claims changed.
_Stepped: TypeAlias = tuple[Conversation, Sequence[Event], Sequence[Agent]]
Step: TypeAlias = Callable[[Conversation, Mapping[str, Agent]], _Stepped]


class Actions:
    """The agents' verbs; each returns the conversation as it is afterwards."""

    def __init__(
        self, store: Store, events: Events, ids: Ids, clock: Clock, house: Callable[[], House]
    ) -> None:
        """Take the parts."""
        self._store, self._events, self._ids, self._clock, self._house = store, events, ids, clock, house

    async def reply(self, id: str, answer: Answer, *, agent: str) -> Conversation:
        """Answer the customer.

        Conflict is raised, and nothing sent, when a colleague answered or the customer wrote since the
        version that the agent had seen.
        """
        person = self._person(agent)
        if not answer.text.strip() and not answer.attachments:
            raise ActionError("An answer needs words or an attachment.")
        item_id = f"r_{answer.key}" if answer.key else self._ids.new("r")

        def step(one: Conversation, _: Mapping[str, Agent]) -> _Stepped:
            if steps.item_of(one, item_id) is not None:
                return one, (), ()
            refuse_stale(one, answer.version)
            live = self._house().account(one.channel, one.account).live and one.owner == agent
            item = as_item(one, item_id, person, answer, self._clock.now())
            owned = one if one.owner == agent else steps.disown(one)
            done = steps.reply(replace(owned, previous_owner=agent), item, resolve=answer.resolve, live=live)
            done = copied(done, item)
            return done, [event(one, item.at, "replied", agent=agent, subject=item_id)], ()

        done = await self._change(id, step)
        await self._remember_owner(done, agent)
        return done

    async def resolve(self, id: str, *, agent: str) -> Conversation:
        """Close it without a further answer."""
        now = self._clock.now()

        def step(one: Conversation, _: Mapping[str, Agent]) -> _Stepped:
            done = closed(self._house(), one, steps.resolve(one, now), now)
            return done, [event(one, now, "resolved", agent=agent)], ()

        return await self._change(id, step)

    async def reopen(self, id: str, *, agent: str) -> Conversation:
        """Open it again; it waits for an owner like any other."""
        now = self._clock.now()

        def step(one: Conversation, agents: Mapping[str, Agent]) -> _Stepped:
            if one.status is Status.OPEN:
                return one, (), ()
            return self._opened(one, agents, now), [event(one, now, "reopened", agent=agent)], ()

        return await self._change(id, step)

    async def unhold(self, id: str, *, agent: str) -> Conversation:
        """Release a held conversation into its queue: a person says it deserves an answer."""
        now = self._clock.now()

        def step(one: Conversation, agents: Mapping[str, Agent]) -> _Stepped:
            if one.status is not Status.HELD:
                raise Conflict("It is not held any more.")
            opened = replace(self._opened(one, agents, now), kind="normal")
            return opened, [event(one, now, "released", agent=agent)], ()

        return await self._change(id, step)

    async def take(self, id: str, *, agent: str) -> Conversation:
        """Become its owner; Conflict when somebody else is."""
        self._person(agent)
        now = self._clock.now()

        def step(one: Conversation, agents: Mapping[str, Agent]) -> _Stepped:
            if one.owner == agent:
                return one, (), ()
            if one.owner:
                raise Conflict(f"{self._name(one.owner)} has it now.")
            if one.status not in {Status.OPEN, Status.PENDING, Status.SNOOZED}:
                raise Conflict(f"It is {one.status.value}; open it first.")
            claim = Claim(id=self._ids.new("cl"), conversation=one.id, channel=one.channel, at=now)
            mine = agents.get(agent) or Agent(id=agent)
            taken = replace(mine, claims=(*mine.claims, claim), idle_since=now, seen_at=now)
            owned = replace(
                steps.own(one, agent, claim.id), idle_until=now + timedelta(seconds=steps.LIVE_IDLE_S)
            )
            return owned, [event(one, now, "claimed", agent=agent, subject=claim.id, reason="taken")], [taken]

        return await self._change(id, step)

    async def release(self, id: str, *, agent: str, reason: str = "") -> Conversation:
        """Put it back into its queue; in the running wait it is not handed to them again."""
        now, why = self._clock.now(), {"reason": reason} if reason else {}

        def step(one: Conversation, agents: Mapping[str, Agent]) -> _Stepped:
            if one.owner != agent:
                raise Conflict("It is not yours any more.")
            loose = self._accounted(steps.give_back(one), agents, now)
            return loose, [event(one, now, "let go", agent=agent, **why)], ()

        return await self._change(id, step)

    async def snooze(self, id: str, *, agent: str, until: datetime) -> Conversation:
        """Set it aside until a time, at most until the customer expects an answer; it comes back by itself."""
        self._person(agent)
        now = self._clock.now()
        until = until.astimezone(UTC).replace(microsecond=until.microsecond // 1000 * 1000)

        def step(one: Conversation, _: Mapping[str, Agent]) -> _Stepped:
            if one.owner and one.owner != agent:
                raise Conflict(f"{self._name(one.owner)} has it now.")
            line = event(one, now, "snoozed", agent=agent, until=until.isoformat())
            return arrange.snooze(one, until, now), [line], ()

        return await self._change(id, step)

    async def merge(self, id: str, *, into: str, agent: str, lead: bool = False) -> Conversation:
        """Let it live on in another conversation, which is returned; of different customers only a lead may."""
        self._person(agent)
        return await Merger(self._store, self._events, self._clock, self._house).merge(
            id, into=into, agent=agent, lead=lead
        )

    async def presence(self, agent: str, *, said: str, until: datetime | None = None) -> Agent:
        """Say "here" or "away", or "" to let shift and desk tell."""
        self._person(agent)
        if said not in {"here", "away", ""}:
            raise ActionError('Presence is "here", "away" or "".')
        now = self._clock.now()
        ends = (until or now + HERE_FOR) if said else None
        for _ in range(ROUNDS):
            known = (await self._store.agents()).get(agent) or Agent(id=agent)
            said_now = replace(known, said=said, said_until=ends, version=known.version + 1, seen_at=now)
            line = Event(at=now, kind="presence", agent=agent, data={"said": said})
            outcome = await self._store.commit(Commit(agents=[said_now], events=[line]))
            if outcome.agents[0]:
                await self._store.touch(agent, now)
                self._events.publish([Hint(kind="agent", id=agent, version=said_now.version)])
                return said_now
        raise Conflict

    async def heartbeat(self, agent: str) -> None:
        """Note that the agent's desk is open."""
        await self._store.touch(agent, self._clock.now())

    # --- parts of the verbs

    def _person(self, agent: str) -> Person:
        person = self._house().book.people.get(agent)
        if person is None:
            raise Forbidden(
                "Only people who stand in the rules as agents can do this. Ask for an entry under `agents:`."
            )
        return person

    def _name(self, agent: str) -> str:
        person = self._house().book.people.get(agent)
        return person.name if person is not None else agent

    def _opened(self, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> Conversation:
        target_s = one.decision.target_s if one.decision else self._house().book.policy(one.channel).target_s
        return self._accounted(steps.reopen(one, now, now + timedelta(seconds=target_s)), agents, now)

    def _accounted(self, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> Conversation:
        if one.owner:
            return one
        return replace(one, accountable=assign.accountable(self._house().book, one.queue, agents, now))

    async def _remember_owner(self, one: Conversation, agent: str) -> None:
        known = await self._store.customer(one.customer)
        now = self._clock.now()
        if known is not None and known.last_owner != agent:
            told = persons.changed(known, one.customer, lambda part: persons.answered(part, agent, now))
            await self._store.commit(Commit(customers=[replace(told, version=told.version + 1)]))

    async def _change(self, id: str, step: Step) -> Conversation:
        """Apply a step by compare-and-set; a race that leaves the step possible is run again."""
        for _ in range(ROUNDS):
            before = await self._store.conversation(id)
            if before is None:
                raise NotFound("There is no such conversation.")
            agents = await self._store.agents()
            after, lines, moved = step(before, agents)
            if after is before:
                return before
            fresh = [replace(one, version=one.version + 1) for one in moved]
            needs = [one.id for one in moved if any(claim.id == after.claim for claim in one.claims)]
            change = changed(before, after, events=lines, needs=needs)
            outcome = await self._store.commit(Commit(changes=[change], agents=fresh))
            if outcome.changes[0]:
                await self._let_go(before, change.conversation)
                self._tell(change.conversation, fresh)
                return change.conversation
            taken = {one.id: {after.claim} for one, won in zip(fresh, outcome.agents, strict=True) if won}
            await free(self._store, taken, self._clock.now())
        raise Conflict

    async def _let_go(self, before: Conversation, after: Conversation) -> None:
        """Give the capacity back of an owner whom the change has really parted from the conversation."""
        if before.owner and before.claim and before.claim != after.claim:
            await free(self._store, {before.owner: {before.claim}}, self._clock.now())
            self._events.publish([Hint(kind="agent", id=before.owner)])

    def _tell(self, one: Conversation, moved: Sequence[Agent]) -> None:
        kind = "outbox" if one.send_at is not None else "conversation"
        hints = [Hint(kind=kind, id=one.id, version=one.version)]
        hints += [Hint(kind="agent", id=agent.id, version=agent.version) for agent in moved]
        self._events.publish(hints)
