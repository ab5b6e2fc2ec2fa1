"""RabbitMQ as the broker of a fleet: a doorbell that may ring twice, or be rung again by the store.

Decision 0004 tells what was measured and what each rule here is for.
"""

import asyncio
from collections.abc import Sequence

from router import log
from router.brokers.crew import Crew
from router.brokers.policy import LIMIT, PARKED
from router.brokers.rabbit.doctor import Doctor
from router.brokers.rabbit.gauge import Gauge
from router.brokers.rabbit.inbox import Inbox
from router.brokers.rabbit.link import Link
from router.brokers.rabbit.publisher import Publisher
from router.brokers.rabbit.setup import Setup
from router.brokers.rabbit.topology import retry_route
from router.brokers.rabbit.values import Gone, Parcel, WireError
from router.errors import BrokerDown, PublishUnknown
from router.ports import Delivery, Depth

CONNECT_S = 10.0
DRAIN_S = 20.0
#: How long `open` waits for queues that do not answer while the broker does.
HEAL_S = 40.0
#: Deliveries a reader may hold; a few batches, far below the broker's own bound of 2,000.
PREFETCH = 256

logger = log.get(__name__)


class RabbitBroker:
    """A Broker on RabbitMQ 3.10 or later; quorum queues, confirms, one connection each way.

    A failed `open` leaves it trying in the background, so a process may start while the broker is
    down, and may call `open` again; `trouble` tells, and `close` ends it either way.
    """

    def __init__(
        self, url: str, *, prefetch: int = PREFETCH, patience_s: float = CONNECT_S, heal_s: float = HEAL_S
    ) -> None:
        """Take the address, how many deliveries a reader may hold, and how long `open` tries.

        That is `patience_s` seconds for a connection, then `heal_s` for queues that do not answer.
        """
        self._prefetch, self._patience_s, self._heal_s = prefetch, patience_s, heal_s
        self._out = Link(url, "handleby publish")
        self._in = Link(url, "handleby consume")
        self._doctor = Doctor(Setup(url), self._in)
        self._publisher = Publisher(self._out, self._doctor)
        self._gauge = Gauge(self._in)
        self._inboxes: dict[str, Inbox] = {}
        self._crew = Crew()
        self._started = self._closing = False

    async def open(self, queues: Sequence[str]) -> None:
        """Connect, declare, and prove with a canary that each queue works; raises BrokerDown naming it."""
        self._doctor.know(queues)
        await self._start()
        try:
            async with asyncio.timeout(self._patience_s):
                await self._out.ready()
                await self._in.ready()
            wrong = await self._doctor.admit(self._heal_s)
        except (TimeoutError, WireError) as failure:
            raise BrokerDown(f"RabbitMQ cannot be reached: {self._out.error or failure}") from failure
        if wrong:
            said = "; ".join(f"queue {queue}: {error}" for queue, error in wrong.items())
            raise BrokerDown(f"RabbitMQ answers, but not all queues work. {said}")

    async def _start(self) -> None:
        if self._started:
            return
        self._started = True
        await self._crew.start()
        self._crew.spawn(self._out.run(), "publish link")
        self._crew.spawn(self._in.run(), "consume link")
        self._crew.spawn(self._publisher.watch(), "publisher")
        self._crew.spawn(self._doctor.run(), "queue doctor")

    async def close(self) -> None:
        """Stop handing out, wait for what is in flight (up to 20 s), then disconnect."""
        self._closing = True
        await asyncio.gather(*(inbox.stop(DRAIN_S) for inbox in self._inboxes.values()))
        await self._crew.stop()

    async def publish(self, rings: Sequence[tuple[str, str]]) -> None:
        """Publish all at once, and return once all are confirmed."""
        outcomes = await self._publisher.publish([_ring(queue, key) for queue, key in rings])
        failed = [outcome for outcome in outcomes if outcome is not None]
        if any(isinstance(failure, Gone) for failure in failed):
            raise PublishUnknown(f"RabbitMQ did not confirm {len(failed)} of {len(rings)} rings: {failed[0]}")
        if failed:
            raise BrokerDown(f"RabbitMQ did not take {len(failed)} of {len(rings)} rings: {failed[0]}")

    async def take(self, queue: str, *, limit: int, wait_s: float, gather_s: float) -> list[Delivery]:
        """Wait for a first delivery, then gather a little; the first take of a queue begins to read it."""
        if self._closing:
            return []
        taken = await self._inbox(queue).take(limit, wait_s, gather_s)
        if queue == PARKED:
            return taken
        worn = [delivery for delivery in taken if delivery.attempts > LIMIT]
        if worn:
            await self.park(worn, reason=f"handed out {LIMIT + 1} times without being acknowledged")
        return [delivery for delivery in taken if delivery.attempts <= LIMIT]

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Settle them; a lost connection does not matter, as they then come again."""
        for queue, group in _by_queue(deliveries).items():
            await self._inbox(queue).ack(group)

    async def retry(self, deliveries: Sequence[Delivery], *, delay_s: float) -> None:
        """Publish each again with one attempt more, to come after the delay (600 s at most), then settle it."""
        worn = [d for d in deliveries if d.attempts >= LIMIT and d.queue != PARKED]
        if worn:
            await self.park(worn, reason=f"tried {LIMIT + 1} times without success")
        rest = [d for d in deliveries if d.attempts < LIMIT or d.queue == PARKED]
        await self._move(rest, [_again(delivery, delay_s) for delivery in rest])

    async def park(self, deliveries: Sequence[Delivery], *, reason: str) -> None:
        """Publish each to `parked` with the reason, then settle it."""
        await self._move(
            deliveries,
            [Parcel(queue=PARKED, headers={"key": d.key, "reason": reason[:500]}) for d in deliveries],
        )

    async def depth(self, queue: str) -> Depth:
        """Return what is ready in the broker, and what this process holds; raises BrokerDown when unknown.

        AMQP tells neither what other processes hold nor how old the oldest is.
        """
        inbox = self._inboxes.get(queue)
        try:
            ready, _ = await self._gauge.count(queue)
        except WireError as failure:
            raise BrokerDown(f"the depth of {queue} cannot be told: {failure}") from failure
        return Depth(ready=ready, in_flight=inbox.in_flight if inbox else 0)

    def trouble(self) -> str:
        """Return what is wrong now, the connection first, then queue by queue."""
        if self._closing:
            return "closed"
        if error := self._out.error or self._in.error or self._publisher.error:
            return f"RabbitMQ: {error}"
        ill = dict(self._doctor.doubts)
        ill.update({queue: inbox.error for queue, inbox in self._inboxes.items() if inbox.error})
        return "; ".join(f"queue {queue}: {error}" for queue, error in ill.items())

    async def _move(self, deliveries: Sequence[Delivery], parcels: Sequence[Parcel]) -> None:
        """Publish, then settle; what was not confirmed is handed out again, perhaps twice."""
        if not deliveries:
            return
        outcomes = await self._publisher.publish(parcels)
        moved = [d for d, outcome in zip(deliveries, outcomes, strict=True) if outcome is None]
        stuck = [d for d, outcome in zip(deliveries, outcomes, strict=True) if outcome is not None]
        await self.ack(moved)
        for queue, group in _by_queue(stuck).items():
            await self._inbox(queue).give_back(group)

    def _inbox(self, queue: str) -> Inbox:
        inbox = self._inboxes.get(queue)
        if inbox is None:
            # one at a time, so that a message that kills the process takes no innocent neighbour with it
            prefetch = 1 if queue == PARKED else self._prefetch
            inbox = self._inboxes[queue] = Inbox(queue, self._in, self._gauge, self._doctor, prefetch)
            self._crew.spawn(inbox.run(), f"inbox {queue}")
        return inbox


def _ring(queue: str, key: str) -> Parcel:
    return Parcel(queue=queue, headers={"key": key})


def _again(delivery: Delivery, delay_s: float) -> Parcel:
    headers = {"key": delivery.key, "attempts": delivery.attempts + 1}
    if delivery.reason:
        headers["reason"] = delivery.reason
    if delay_s <= 0:
        return Parcel(queue=delivery.queue, headers=headers)
    exchange, stay_s = retry_route(delay_s)
    return Parcel(queue=delivery.queue, headers=headers, exchange=exchange, expires_s=stay_s)


def _by_queue(deliveries: Sequence[Delivery]) -> dict[str, list[Delivery]]:
    groups: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        groups.setdefault(delivery.queue, []).append(delivery)
    return groups
