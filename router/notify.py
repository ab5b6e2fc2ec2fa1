"""The sender: every note and answer leaves once, or somebody is told why not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from time import perf_counter
from typing import TypeAlias

from msgspec.structs import replace

from channels.message import Outgoing
from channels.port import Channel, Clock
from router import log, metrics
from router.accounts.carry import Job, carry, job_of
from router.accounts.gates import Gates
from router.conversation import Conversation, Item, SendState
from router.errors import StoreError
from router.failing import Failing
from router.faults import reach
from router.house import House
from router.journal import changed, hint_of
from router.keeping.leaving import weighed
from router.keeping.unsaid import instead
from router.ports import Commit, Events, Hint, Ids, Store
from router.sending import outbox
from router.sending.outbox import Result
from router.sending.permits import Permits, read
from router.sending.results import recorded
from router.steps import amend, item_of
from router.tasks import beside

logger = log.get(__name__)

#: Most conversations looked at in one pass.
BATCH = 100
#: How long it waits for a hint before it looks by itself.
POLL_S = 0.5
STORE_PAUSE_S = 1.0
IMPACT = "What is to be said in these conversations does not leave; everything else does."
#: How long a stop waits for sends under way.
SETTLE_S = 6.0

#: A conversation as it is to be written, and what may then leave.
Draft: TypeAlias = tuple[Conversation, list[tuple[Item, Outgoing]]]


class Notifier:
    """Sends what the outboxes hold through the accounts' channels."""

    def __init__(
        self,
        store: Store,
        events: Events,
        ids: Ids,
        clock: Clock,
        house: Callable[[], House],
        channels: Mapping[tuple[str, str], Channel],
    ) -> None:
        """Take the parts; `channels` by (channel, account)."""
        self._store, self._events, self._clock, self._house = store, events, clock, house
        self._channels = channels
        self._holder = ids.new("sender")
        self._wake = asyncio.Event()
        #: Limits and breakers of the accounts.
        self.gates = Gates()
        #: What fails by itself, and is left alone for a while.
        self.failing = Failing("sending", IMPACT)
        self._results: list[Result] = []
        self._finished = asyncio.Event()

    async def run(self) -> None:
        """Send until cancelled; what is under way is then finished and recorded, up to the lease."""
        sends: set[asyncio.Task[None]] = set()
        async with (
            self._events.subscribe() as hints,
            beside() as group,
            beside(self._listen(hints), self._record()),
        ):
            try:
                await self._loop(group, sends)
            finally:
                await self._settle(sends)

    async def _settle(self, sends: set[asyncio.Task[None]]) -> None:
        """Wait for what is under way; what takes too long is given up as in doubt, by its lease."""
        if sends:
            _, late = await asyncio.wait(sends, timeout=SETTLE_S)
            for task in late:
                task.cancel()
        await self.record()

    async def _listen(self, hints: AsyncIterator[Hint]) -> None:
        async for hint in hints:
            if hint.kind == "outbox":
                self._wake.set()

    async def _loop(self, group: asyncio.TaskGroup, sends: set[asyncio.Task[None]]) -> None:
        while True:
            try:
                jobs, more = await self.claim()
            except StoreError as error:
                logger.warning("outbox not read", error=type(error).__name__)
                await self._clock.sleep(STORE_PAUSE_S)
                continue
            for job in jobs:
                task = group.create_task(self.perform(job))
                sends.add(task)
                task.add_done_callback(sends.discard)
            if not more:
                await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    # --- claim: pending → sending, before the network

    async def claim(self) -> tuple[list[Job], bool]:
        """Mark what is due as being sent; return what we won, and whether there may be more."""
        now = self._clock.now()
        await self.failing.say(self._store, now)
        known = await self._store.to_send(now, self.failing.past(BATCH))
        found = [one for one in known if not self.failing.rests(one.id, now, one.version)][:BATCH]
        reach("ob.got")
        if not found:
            return [], False
        permits = await read(self._store, self._house(), found, now)
        tried = [(one, self._tried(one, permits, now)) for one in found]
        drafts = [draft for _, draft in tried if draft is not None]
        try:
            changes = [changed(one, draft[0]) for one, draft in tried if draft is not None]
            outcome = await self._store.commit(Commit(changes=changes))
        except BaseException:
            self._give_back(out for _, wanted in drafts for _, out in wanted)
            raise
        reach("ob.sending")
        jobs: list[Job] = []
        for change, (_, wanted), won in zip(changes, drafts, outcome.changes, strict=True):
            if won:
                jobs += [job_of(change.conversation, item, out) for item, out in wanted]
            else:
                self._give_back(out for _, out in wanted)
        return jobs, len(found) >= BATCH

    def _give_back(self, unsent: Iterable[Outgoing]) -> None:
        """Take back the permissions of what does not leave now after all."""
        for out in unsent:
            self.gates.give_back((out.channel, out.account))

    def _tried(self, one: Conversation, permits: Permits, now: datetime) -> Draft | None:
        """Return what is to be written and sent; None where that fails: then it is left alone for a while."""
        wanted: list[tuple[Item, Outgoing]] = []
        try:
            draft = self._prepare(one, wanted, permits), wanted
        except Exception as error:  # noqa: BLE001  # whatever it was, the others go on
            self._give_back(out for _, out in wanted)
            self.failing.failed(one.id, error, now, name=one.reference, version=one.version)
            return None
        self.failing.well(one.id)
        return draft

    def _prepare(
        self,
        conversation: Conversation,
        wanted: list[tuple[Item, Outgoing]],
        permits: Permits,
    ) -> Conversation:
        now, house, before = self._clock.now(), self._house(), conversation
        for item in outbox.due(conversation, now):
            conversation, leaves = weighed(
                house,
                conversation,
                item,
                allowed=permits.notes.get(item.id, True),
                seen=permits.seen.get(conversation.id, 0),
                now=now,
            )
            if not leaves:
                continue
            conversation, out = self._ready(house, conversation, item)
            if out is not None:
                wanted.append((item, out))
        return instead(house, before, conversation, now)

    def _ready(
        self, house: House, conversation: Conversation, item: Item
    ) -> tuple[Conversation, Outgoing | None]:
        now = self._clock.now()
        conversation = outbox.try_refresh(house, conversation, item, now)
        fresh = item_of(conversation, item.id) or item
        if fresh.state is SendState.CANCELLED:
            return conversation, None
        out = outbox.outgoing(house, conversation, fresh)
        address = (out.channel, out.account) if out is not None else None
        if out is None or address not in self._channels:
            stuck = outbox.sending(conversation, fresh, self._holder, now)
            reason = f"no account is set up that reaches {fresh.to.kind} addresses"
            failed = Result(conversation=stuck, item=fresh.id, state=SendState.FAILED, reason=reason)
            return outbox.recorded(stuck, failed, now), None
        limit = house.account(out.channel, out.account).sends_per_minute
        later = self.gates.ask((out.channel, out.account), limit, now)
        if later is not None:
            return amend(conversation, fresh.id, next_at=later), None
        return outbox.sending(conversation, fresh, self._holder, now), out

    # --- send, then write down what became of it

    async def perform(self, job: Job) -> None:
        """Send one thing; owned by us, so that no lost connection to the broker can cut it short."""
        out = job.outgoing
        address = (out.channel, out.account)
        started = perf_counter()
        try:
            result = await carry(self._channels[address], job)
        except BaseException:
            self.gates.give_back(address)
            raise
        reach("ob.sent")
        seconds = perf_counter() - started
        if job.read_back and result.state is SendState.UNKNOWN:
            self.gates.give_back(address)  # that the provider cannot tell is no failure
        else:
            self.gates.done(address, result, self._clock.now(), seconds)
        metrics.sent(out.channel, result.state.value, automatic=out.automatic, seconds=seconds)
        logger.debug("sent", reference=out.reference, item=out.id, state=result.state.value)
        self._results.append(result)
        self._finished.set()

    async def _record(self) -> None:
        while True:
            await self._finished.wait()
            self._finished.clear()
            try:
                await self.record()
            except StoreError as error:
                logger.warning("results not written yet", error=type(error).__name__)
                await self._clock.sleep(STORE_PAUSE_S)
                self._finished.set()

    async def record(self) -> None:
        """Write the results that have come in; those that lose a race are applied to the newer state."""
        results, self._results = self._results, []
        try:
            while results:
                results = await self._write(results)
        except StoreError:
            self._results = [*results, *self._results]
            raise

    async def _write(self, results: Sequence[Result]) -> list[Result]:
        """Write one result for each conversation; return what is still to be written, on fresh states."""
        now = self._clock.now()
        first: dict[str, Result] = {}
        rest = [one for one in results if first.setdefault(one.conversation.id, one) is not one]
        house = self._house()
        changes = [recorded(house, one, now) for one in first.values()]
        outcome = await self._store.commit(Commit(changes=changes))
        reach("ob.recorded")
        won = [one.conversation for one, ok in zip(changes, outcome.changes, strict=True) if ok]
        self._events.publish([hint_of(one) for one in won])
        lost = [one for one, ok in zip(first.values(), outcome.changes, strict=True) if not ok]
        return await self._on_fresh([*lost, *rest])

    async def _on_fresh(self, results: Sequence[Result]) -> list[Result]:
        if not results:
            return []
        found = await self._store.conversations(list({one.conversation.id for one in results}))
        fresh = {one.id: one for one in found}
        return [
            replace(one, conversation=fresh[one.conversation.id])
            for one in results
            if one.conversation.id in fresh
        ]
