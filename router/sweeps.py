"""The slow sweeps: what got stuck, whose owner is gone, and who answers for what now."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from channels.port import Clock
from router import assign, log, steps
from router.accept import queue_of
from router.claims import free
from router.conversation import Agent, Conversation, Event, Status, promise_told
from router.errors import BrokerError
from router.failing import Failing
from router.house import House
from router.journal import changed, event, hint_of
from router.keeping import introduce
from router.keeping.charge import UNOWNED, in_charge
from router.keeping.stages import hurried
from router.ports import Broker, Change, Commit, Events, Store

logger = log.get(__name__)

BATCH = 200
#: A message that no router decided within this time is rung again.
RING_AGAIN_S = 10.0
#: Claims that no conversation names after this time are freed.
ORPHAN_S = 30.0
#: Most open work of one agent that is looked at in one sweep.
MINE = 500
#: Names a conversation of a sweep among what fails.
SWEPT = "swept "


class Sweeps:
    """Looks after what no event will mend; each sweep is bounded, and the next one goes on."""

    def __init__(
        self,
        store: Store,
        broker: Broker,
        events: Events,
        parts: tuple[Clock, Callable[[], House]],
        failing: Failing,
    ) -> None:
        """Take the parts, and where what fails by itself is written down."""
        self._store, self._broker, self._events = store, broker, events
        self._clock, self._house = parts
        self._failing = failing
        self._walk: dict[Status, str] = dict.fromkeys(UNOWNED, "")
        #: Until when each absent person is away, as it was when it was last acted on; nobody yet after a start.
        self._away: dict[str, datetime | None] = {}

    async def run(self) -> None:
        """Do one round."""
        await self.ring_again()
        agents = await self._store.agents()
        await self.free_orphans(agents)
        await self.take_over(agents)
        for status in UNOWNED:
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

    async def absences(self) -> None:
        """Act at once on every absence that has just become known: what cannot wait goes to somebody who is here."""
        agents = await self._store.agents()
        book, now = self._house().book, self._clock.now()
        away: dict[str, datetime | None] = {}
        for agent in agents.values():
            person = book.people.get(agent.id)
            calendar = book.calendar_of(person) if person is not None else None
            if calendar is None or not assign.is_present(agent, calendar, now):
                back = assign.back_at(agent, calendar, now) if calendar is not None else None
                away[agent.id] = back if back is not None and back > now else None
        news = {id_ for id_, back in away.items() if self._away.get(id_, now) != back}
        if news:
            await self.take_over({id_: agents[id_] for id_ in news})
            await self.hand_on(news, agents)
        self._away = away

    async def hand_on(self, absent: Iterable[str], agents: Mapping[str, Agent]) -> None:
        """See to the work without owner that somebody answers for who is not here now."""
        for id_ in absent:
            await self._settle(await self._store.watched(id_, MINE), agents)

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
        """Tell whether work is live, or due or promised before its owner can be expected back."""
        if back is None or self._house().account(one.channel, one.account).live:
            return True
        soon = [one.due_at] if one.due_at is not None else []
        if one.promise is not None and promise_told(one):
            soon.append(one.promise.at)
        return any(at <= back for at in soon)

    async def _release(self, agent: Agent, owned: Sequence[Conversation], why: str) -> None:
        if not owned:
            return
        now, agents, house = self._clock.now(), await self._store.agents(), self._house()
        person = house.book.person(agent.id)
        name = person.name if person is not None else agent.id

        def loose(one: Conversation) -> Change:
            freed = replace(steps.disown(one), pressing=one.pressing or promise_told(one))
            told = f"{name} {why}, so this is back in the queue."
            after, lines = self.settled(steps.flag(freed, told), agents)
            line = event(one, now, "let go", agent=agent.id, reason=why)
            return changed(one, after, events=[line, *lines])

        won = await self._written(owned, loose)
        await free(self._store, {agent.id: {one.claim for one in won}}, now)

    async def name_accountable(self, status: Status, agents: Mapping[str, Agent]) -> None:
        """Walk on through the unowned work, a page a sweep, and see that the right person answers for it."""
        page = await self._store.listed(status=status.value, queue="", limit=BATCH, after=self._walk[status])
        self._walk[status] = page[-1].id if len(page) == BATCH else ""
        await self._settle(page, agents)

    async def _settle(self, found: Sequence[Conversation], agents: Mapping[str, Agent]) -> None:
        """Write what has changed about who answers for these."""

        def step(one: Conversation) -> Change | None:
            after, lines = self.settled(one, agents)
            return changed(one, after, events=lines) if after is not one else None

        await self._written(found, step)

    async def _written(
        self, found: Sequence[Conversation], step: Callable[[Conversation], Change | None]
    ) -> list[Conversation]:
        """Write what the step changes, and tell of it; return those that it won, as they were.

        One that fails is left alone for a while.
        """
        now = self._clock.now()
        drafts: list[tuple[Conversation, Change]] = []
        for one in found:
            if self._failing.rests(SWEPT + one.id, now, one.version):
                continue
            try:
                change = step(one)
            except Exception as error:  # noqa: BLE001  # whatever it was, the others go on
                self._failing.failed(SWEPT + one.id, error, now, name=one.reference, version=one.version)
                continue
            self._failing.well(SWEPT + one.id)
            drafts += [(one, change)] if change is not None else []
        if not drafts:
            return []
        outcome = await self._store.commit(Commit(changes=[change for _, change in drafts]))
        won = [draft for draft, ok in zip(drafts, outcome.changes, strict=True) if ok]
        self._events.publish([hint_of(change.conversation) for _, change in won])
        return [one for one, _ in won]

    def settled(self, one: Conversation, agents: Mapping[str, Agent]) -> tuple[Conversation, list[Event]]:
        """Return it with whoever answers for it, and with its promise theirs or brought forward to be renewed."""
        house, now = self._house(), self._clock.now()
        after, lines = introduce.watched_over(house, in_charge(house, one, agents, now), agents, now)
        return hurried(house, after, agents, now), lines
