"""Goes through what may have changed, a batch at a time, and sees to it that Slack shows it."""

import asyncio
import heapq
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from router import log
from router.conversation import Agent, Conversation
from router.desk.slack.client import Client
from router.desk.slack.condition import Condition
from router.desk.slack.delivery import Delivery
from router.desk.slack.errors import Refused, Revoked, SlackError, Throttled, Unreached
from router.desk.slack.office import Office
from router.desk.slack.pace import Later, Pace
from router.desk.slack.plan import Moment, wants
from router.desk.slack.risk import soon_at
from router.desk.slack.sheet import Sheet
from router.desk.slack.together import Together
from router.errors import ActionError, StoreError

logger = log.get(__name__)

#: The round is gone at least so often, and at most once in so long, so that hints gather.
TICK_S, GATHER_S = 1.0, 0.05
BATCH, AT_ONCE = 100, 4
#: What failed for other reasons than Slack's is tried again after so long; what Slack refuses, after longer.
AGAIN, REFUSED = timedelta(seconds=5), timedelta(minutes=5)
REVOKED_S = 30.0
NEVER = datetime.max.replace(tzinfo=UTC)
#: How long it is believed who holds which claims.
AGENTS = timedelta(seconds=1)


class Rounds:
    """What to look at, and when."""

    def __init__(self, office: Office, client: Client, condition: Condition) -> None:
        """Start with nothing to look at."""
        self._office, self._clock = office, office.clock
        self._condition = condition
        self._pace = Pace(office.clock)
        self._delivery = Delivery(office, client, (self._pace, condition))
        self._together = Together(office, client, (self._pace, condition), self._delivery.channel)
        self._due: dict[str, datetime] = {}
        self._order: list[tuple[datetime, str]] = []
        self._wake = asyncio.Event()
        self._known: tuple[datetime, dict[str, Agent]] | None = None
        #: Conversations of which Slack shows something.
        self.live: set[str] = set()
        #: When Slack was first connected.
        self.since = office.clock.now()

    def notice(self, ids: Iterable[str], at: datetime | None = None) -> None:
        """Look at these conversations at the instant, or earlier where that was said before."""
        when = at or self._clock.now()
        for one in ids:
            if when < self._due.get(one, NEVER):
                self._due[one] = when
                heapq.heappush(self._order, (when, one))
        if at is None:
            self._wake.set()

    @property
    def paused(self) -> bool:
        """Tell whether Slack is left alone for a while."""
        return self._pace.paused()

    async def run(self) -> None:
        """Go round until cancelled."""
        while True:
            try:
                async with asyncio.timeout(TICK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await asyncio.sleep(GATHER_S)
            await self.round()

    async def round(self) -> None:
        """Look at what is due, at most a batch of it."""
        now = self._clock.now()
        batch = [] if self._pace.paused() else self._ready(now)
        if not batch:
            return
        try:
            known = await self._office.store.conversations(batch)
            moment = Moment(now=now, since=self.since, agents=await self._agents(now))
        except StoreError:
            self.notice(batch, now + AGAIN)
            return
        self.live -= set(batch) - {one.id for one in known}
        await self._gather(known, moment)
        turn = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for conversation in known:
                group.create_task(self._look(conversation, moment, turn))

    async def _gather(self, known: Sequence[Conversation], moment: Moment) -> None:
        """Tell leads of many in one message; what fails here is put off by the look at each of them."""
        if self._pace.paused():
            return
        for agent, found in self._together.by_lead(known, moment).items():
            try:
                await self._together.tell(agent, found, moment)
            except Later:
                continue
            except SlackError as error:
                self.failed(error)
                return
            except (StoreError, ActionError) as error:
                logger.warning("a lead is told one by one", error=type(error).__name__)

    def _ready(self, now: datetime) -> list[str]:
        """Take out what is due, the earliest first."""
        found: list[str] = []
        while self._order and self._order[0][0] <= now and len(found) < BATCH:
            at, one = heapq.heappop(self._order)
            if self._due.get(one) == at:  # else an earlier time was given since, and this one is void
                del self._due[one]
                found.append(one)
        if len(found) == BATCH:
            self._wake.set()
        return found

    async def _agents(self, now: datetime) -> dict[str, Agent]:
        if self._known is None or now - self._known[0] >= AGENTS:
            self._known = now, await self._office.store.agents()
        return self._known[1]

    async def _look(self, one: Conversation, moment: Moment, turn: asyncio.Semaphore) -> None:
        soon = soon_at(one, self._office.book())
        if soon is not None and soon > moment.now:
            self.notice([one.id], soon)
        if one.id not in self.live and not wants(one, Sheet(), self._office, moment):
            return
        async with turn:
            try:
                await self._bring(one, moment)
            except Later as later:
                self.notice([one.id], later.at)
            except SlackError as error:
                self._failed(one, error)
            except (StoreError, ActionError) as error:
                logger.warning("Slack is told later", reference=one.reference, error=type(error).__name__)
                self.notice([one.id], moment.now + AGAIN)

    async def _bring(self, one: Conversation, moment: Moment) -> None:
        if self._pace.paused_until is not None and self._pace.paused():
            raise Later(self._pace.paused_until)
        self.live.add(one.id)
        looked = await self._delivery.look(one, moment)
        if not looked.live:
            self.live.discard(one.id)
        if looked.spoke:
            self.well()
        if looked.again is not None:
            self.notice([one.id], looked.again)

    def _failed(self, one: Conversation, error: SlackError) -> None:
        """Put the conversation off for as long as the failure asks for; it is looked at again by itself."""
        self.failed(error)
        if isinstance(error, Refused):
            self.notice([one.id], self._clock.now() + REFUSED)
        else:
            self.notice([one.id], self._pace.paused_until or self._clock.now())

    def failed(self, error: SlackError) -> None:
        """Leave Slack alone for a while where that is called for, and tell admins."""
        if isinstance(error, Throttled):
            self._pace.pause(error.after_s)
            return
        if isinstance(error, Revoked):
            self._pace.pause(REVOKED_S)
        elif not isinstance(error, Refused | Unreached):
            self._pace.pause()
        self._condition.failed(error)

    def well(self) -> None:
        """Note that Slack works."""
        self._pace.well()
        self._condition.well()
