"""Taking a message in: store it once under its key, ring the router, and only then say "received"."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeAlias

from channels.errors import Unavailable
from channels.message import Message
from channels.port import Clock, Receipt
from router import log, metrics
from router.errors import BrokerError, StoreError
from router.faults import reach
from router.house import House
from router.ports import Broker, Store
from router.tasks import beside

logger = log.get(__name__)

#: Most messages written in one trip.
BATCH = 200
#: How long a sender waits for the broker; the store has the message, and a sweep rings again.
RING_WAIT_S = 1.0

#: What senders are told who come too late.
STOPPING = "the service is stopping"

Waiter: TypeAlias = asyncio.Future[bool]
Batch: TypeAlias = Sequence[tuple[Message, Waiter]]


def queue_of(channel: str) -> str:
    """Return the broker's queue for a channel: a flood on one never delays another."""
    return f"inbound.{channel}"


class Acceptor:
    """Collects what arrives at the same time into one trip to the store and one to the broker."""

    def __init__(self, store: Store, broker: Broker, clock: Clock, house: Callable[[], House]) -> None:
        """Take the parts; `house` gives the rules in force, for the first due time."""
        self._store, self._broker, self._clock, self._house = store, broker, clock, house
        self._waiting: list[tuple[Message, Waiter]] = []
        self._wake = asyncio.Event()
        self._stopped = False

    async def run(self) -> None:
        """Write what arrives until cancelled; whoever still waits then is told to try again."""
        try:
            async with beside() as rings:
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    while self._waiting:
                        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                        await self._accept(batch, rings)
        finally:
            self._stopped = True
            _refuse(self._waiting, STOPPING)

    async def deliver(self, message: Message) -> Receipt:
        """Return once the message is on disk and the router was rung, or the ring was given up for now.

        Raises Unavailable when the store cannot take it: the sender must keep it.
        """
        reach("in.read")
        if self._stopped:
            raise Unavailable(STOPPING)
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting.append((message, waiter))
        self._wake.set()
        new = await waiter
        reach("in.accepted")
        return Receipt(key=message.key, duplicate=not new)

    async def _accept(self, batch: Batch, rings: asyncio.TaskGroup) -> None:
        """Write one batch; every one of its senders gets an answer, whatever happens."""
        try:
            await self._write(batch, rings)
        except StoreError as error:
            logger.warning("not accepted", messages=len(batch), error=type(error).__name__)
            _refuse(batch, str(error))
        except Exception as error:
            logger.exception("not accepted", messages=len(batch), error=type(error).__name__)
            if len(batch) > 1:
                await self._accept_singly(batch, rings)
            else:
                _refuse(batch, f"the message could not be stored ({type(error).__name__})")
        except BaseException:
            _refuse(batch, STOPPING)
            raise

    async def _accept_singly(self, batch: Batch, rings: asyncio.TaskGroup) -> None:
        """Write the messages one by one, so that a bad one harms no neighbour."""
        try:
            for one in batch:
                await self._accept([one], rings)
        except BaseException:
            _refuse(batch, STOPPING)
            raise

    async def _write(self, batch: Batch, rings: asyncio.TaskGroup) -> None:
        new = await self._store.accept([(message, self._due(message)) for message, _ in batch])
        reach("in.stored")
        rings.create_task(self._ring(batch, new))

    async def _ring(self, batch: Batch, new: Sequence[bool]) -> None:
        """Ring for the batch, then answer the senders; a failed ring is made good by the sweep."""
        rings = [(queue_of(message.channel), message.key) for message, _ in batch]
        try:
            with suppress(BrokerError, TimeoutError):
                async with asyncio.timeout(RING_WAIT_S):
                    await self._broker.publish(rings)
            reach("in.published")
        except Exception as error:
            logger.exception("not rung", messages=len(batch), error=type(error).__name__)
        finally:
            _answer(batch, new)

    def _due(self, message: Message) -> datetime:
        """Return the due time that a message has from its first moment, before any rule has spoken."""
        target_s = self._house().book.policy(message.channel).target_s
        return message.received_at + timedelta(seconds=target_s)


def _answer(batch: Batch, new: Sequence[bool]) -> None:
    """Tell the senders that their messages are stored."""
    for (message, waiter), fresh in zip(batch, new, strict=True):
        if fresh:
            metrics.accepted(message.channel)
            logger.debug("accepted", correlation=log.correlation(message.key), channel=message.channel)
        if not waiter.done():
            waiter.set_result(fresh)


def _refuse(batch: Batch, reason: str) -> None:
    """Tell those who still wait to try again."""
    for _, waiter in batch:
        if not waiter.done():
            waiter.set_exception(Unavailable(reason))
