"""From the broker to a committed decision: a batch of deliveries → ack, retry or park."""

import random
from collections.abc import Callable, Sequence
from time import perf_counter

from msgspec.structs import replace

from channels.port import Clock
from router import handle, log, metrics
from router.acknowledge import acknowledge
from router.claims import free
from router.conversation import Conversation
from router.customers.joiner import Joiner
from router.draft import Draft
from router.errors import Poison, StoreError
from router.faults import reach
from router.house import House
from router.ports import Broker, Commit, Delivery, Events, Hint, Ids, Outcome, Store
from router.tasks import beside
from router.voice import turning

logger = log.get(__name__)

#: Most deliveries decided in one batch, and how long a batch gathers once it has one.
BATCH = 64
GATHER_S = 0.002
#: How long one take waits before the loop looks whether it should stop.
WAIT_S = 0.5
#: A message that loses so many races is parked for a person to look at.
ROUNDS = 10
#: After so many of them it is left waiting in its queue, and only what others write to its own conversation counts.
CLAIMING = 3
#: The first pause after a lost race is at most so long, and each next one twice: others are busy with the same people.
APART_S = 0.01
#: Pause after the store failed.
PAUSE_S = 1.0
#: Most waiting conversations looked at in each lane when somebody is free.
HEADS = 20


class _Stopped(Exception):
    """The service stops while the store is down: the deliveries come again."""


class Consumer:
    """Decides the messages of one queue after another batch."""

    def __init__(
        self, store: Store, broker: Broker, events: Events, ids: Ids, clock: Clock, house: Callable[[], House]
    ) -> None:
        """Take the parts; `house` gives the rules in force."""
        self._store, self._broker, self._events = store, broker, events
        self._ids, self._clock, self._house = ids, clock, house
        self._joiner = Joiner(store, events, clock)
        self._stopping = False

    def stop(self) -> None:
        """Let every `run` return once the batch in hand is done."""
        self._stopping = True

    async def run(self, queue: str) -> None:
        """Work on the queue until `stop`; a batch cut off by cancelling comes again."""
        while not self._stopping:
            batch = await self._broker.take(queue, limit=BATCH, wait_s=WAIT_S, gather_s=GATHER_S)
            if batch:
                reach("rt.got")
                await self.work(batch)

    async def work(self, batch: Sequence[Delivery]) -> None:
        """Decide a batch and acknowledge it; what fails alone is tried again or parked alone."""
        started = perf_counter()
        keys = [one.key for one in batch]
        try:
            lost = set(await self._decided(keys))
        except _Stopped:
            return
        except Exception:
            logger.exception("batch failed; its messages go round singly", size=len(batch))
            lost = set(keys)
        await self._broker.ack([one for one in batch if one.key not in lost])
        reach("rt.acked")
        channel = batch[0].queue.removeprefix("inbound.")
        metrics.decided(channel, sum(one.key not in lost for one in batch), perf_counter() - started)
        await self._singly([one for one in batch if one.key in lost])

    async def _decided(self, keys: Sequence[str], *, hand_out: bool = True) -> list[str]:
        """Decide, waiting for the store where it fails: the broker would count a hand-back as a try."""
        while True:
            try:
                return await self.decide(keys, hand_out=hand_out)
            except StoreError as error:
                logger.warning("store failed; deciding again", error=type(error).__name__, size=len(keys))
            if self._stopping:
                raise _Stopped
            await self._clock.sleep(PAUSE_S)

    async def _singly(self, deliveries: Sequence[Delivery]) -> None:
        for one in deliveries:
            try:
                await self._until_won(one.key)
            except _Stopped:
                return
            except Exception as error:
                logger.exception("parked", key=log.correlation(one.key))
                await self._park(one, error)
                continue
            await self._broker.ack([one])

    async def _until_won(self, key: str) -> None:
        for turn in range(ROUNDS):
            if not await self._decided([key], hand_out=turn < CLAIMING):
                return
            await self._clock.sleep(random.uniform(0.0, APART_S * 2**turn))
        raise Poison(f"lost {ROUNDS} races in a row")

    async def _park(self, delivery: Delivery, error: Exception) -> None:
        """Set one message aside with the reason; it keeps its queue and its due time."""
        try:
            await self._store.park(
                delivery.key, reason=f"{type(error).__name__}: {error}"[:500], at=self._clock.now()
            )
        except StoreError:
            await self._broker.retry([delivery], delay_s=PAUSE_S)
            return
        metrics.parked(delivery.queue.removeprefix("inbound."))
        await self._broker.ack([delivery])

    async def decide(self, keys: Sequence[str], *, hand_out: bool = True) -> list[str]:
        """Decide these messages in one pass; return the keys whose conversations somebody else changed first.

        Without `hand_out` they wait in their queues, and races for people are not run.
        """
        async with beside() as group:
            group.create_task(turning.read(self._house().turns, self._store))
            loaded = await self._store.load(keys)
        reach("rt.loaded")
        draft = Draft(loaded, self._house(), self._ids, self._clock.now())
        unknown = handle.receive(draft, keys)
        if unknown:
            logger.warning("rings for messages that the store does not know", count=len(unknown))
        wanted = hand_out and handle.anyone_free(draft)
        heads = await self._store.waiting(None, HEADS) if wanted else []
        try:
            handle.place(draft, heads, HEADS, hand_out=hand_out)
            lost = _lost(*await self._write(draft), keys)
        except BaseException:
            _uncount(draft)
            raise
        await self._joiner.join_proved(draft.joins)
        return lost

    async def _write(self, draft: Draft) -> tuple[Commit, Outcome]:
        """Commit a draft, tell the others, and settle the claims: of losers those taken, of winners those let go."""
        commit = draft.commit()
        reach("rt.decided")
        if not commit.changes:
            return commit, Outcome(changes=(), agents=())
        async with beside() as group:  # one trip to the disk for both
            group.create_task(turning.write(draft.house.turns, self._store))
            outcome = await self._store.commit(commit)
        reach("rt.committed")
        _count(draft, commit, outcome)
        self._tell(commit, outcome)
        gone: dict[str, set[str]] = {}
        for change, won in zip(commit.changes, outcome.changes, strict=True):
            settled = (draft.released if won else draft.taken).get(change.conversation.id)
            if settled is not None:
                gone.setdefault(settled[0], set()).add(settled[1])
        await free(self._store, gone, draft.now)
        return commit, outcome

    async def acknowledge_late(self, found: Sequence[Conversation]) -> None:
        """Send the notes that were held back because an answer was expected at once and did not come."""
        keys = [one.waiting_on for one in found]
        draft = Draft(await self._store.load(keys), self._house(), self._ids, self._clock.now())
        for one in found:
            stored = draft.loaded.messages.get(one.waiting_on)
            if one.id not in draft.loaded.conversations:
                continue
            known = draft.get(one.id)
            if stored is None:
                draft.put(replace(known, note_at=None))
            else:
                draft.put(acknowledge(draft, known, stored.message, expected=False))
        await self._write(draft)

    async def rematch(self) -> int:
        """Hand waiting work to whoever is free now; returns how many conversations found an owner."""
        draft = Draft(await self._store.load([]), self._house(), self._ids, self._clock.now())
        if not handle.anyone_free(draft):
            return 0
        handle.place(draft, await self._store.waiting(None, HEADS), HEADS)
        _, outcome = await self._write(draft)
        return sum(outcome.changes)

    def _tell(self, commit: Commit, outcome: Outcome) -> None:
        hints = []
        for change, won in zip(commit.changes, outcome.changes, strict=True):
            if won:
                one = change.conversation
                for entry in change.applied:
                    logger.debug("decided", correlation=log.correlation(entry.key), reference=one.reference)
                kind = "outbox" if one.send_at is not None else "conversation"
                hints.append(Hint(kind=kind, id=one.id, version=one.version))
        self._events.publish(hints)


def _count(draft: Draft, commit: Commit, outcome: Outcome) -> None:
    """Tell the forecast what of a draft was written, and what was not."""
    if draft.house.forecast is None:
        return
    since = draft.house.forecast.since
    for change, won in zip(commit.changes, outcome.changes, strict=True):
        (since.settle if won else since.drop)(change.conversation.id)


def _uncount(draft: Draft) -> None:
    """Take back what the forecast counts of a draft that was not written, as far as anybody knows."""
    if draft.house.forecast is not None:
        for conversation in draft.triggers:
            draft.house.forecast.since.drop(conversation)


def _lost(commit: Commit, outcome: Outcome, keys: Sequence[str]) -> list[str]:
    lost = {
        entry.key
        for change, won in zip(commit.changes, outcome.changes, strict=True)
        if not won
        for entry in change.applied
    }
    return [key for key in keys if key in lost]


async def drain_parked(consumer: Consumer, broker: Broker, store: Store, clock: Clock) -> None:
    """Bring what the broker gave up on into the store, where people see it; until cancelled.

    The first time it is tried once more, alone: it may have been an innocent neighbour of the message
    that brought the process down.
    """
    while True:
        for one in await broker.take("parked", limit=1, wait_s=WAIT_S, gather_s=0.0):
            try:
                if one.attempts or not await _settled_alone(consumer, one.key):
                    await store.park(
                        one.key, reason=one.reason or "handed out too often without an end", at=clock.now()
                    )
            except StoreError:
                await broker.retry([one], delay_s=PAUSE_S)
                await clock.sleep(PAUSE_S)
                continue
            await broker.ack([one])


async def _settled_alone(consumer: Consumer, key: str) -> bool:
    try:
        return not await consumer.decide([key])
    except StoreError:
        raise
    except Exception:
        logger.exception("failed alone too", key=log.correlation(key))
        return False
