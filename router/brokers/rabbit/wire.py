"""AMQP as the doorbell needs it, on plain aio-pika connections; nothing else imports aio-pika.

Connections are plain, not robust ones: what has to be restored after a loss is little, and our
own loops (`link`, `inbox`, `events`) do it where it can be seen. That rules out by construction
what is known of robust objects: passive declares answered from a cache, consumers that are
restored twice or not at all, objects forgotten because nobody held them, channels that leak.

Every call is bounded by a timeout here, because aio-pika's own timeouts do not cover waiting for
a connection or for a broker that is out of memory. AMQP message ids are unique per attempt:
aiormq matches returned messages by them, and would take an unroutable message for a confirmed
one if two in flight had the same.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, DeliveryError, PublishError
from aiormq import spec
from aiormq.abc import AbstractChannel as Underlay
from aiormq.abc import DeliveredMessage

from router.brokers.rabbit.values import Arrival, Gone, Parcel, Refused, Silent, Unroutable, WireError

# while the broker is away these would say twice a second what `link` says once
for name in ("aiormq.connection", "aio_pika"):
    logging.getLogger(name).setLevel(logging.CRITICAL)

#: Seconds after which a silent peer is given up; the broker and we send at half of it.
HEARTBEAT_S = 10
#: Seconds for any one exchange with the broker that is not a publish.
REPLY_S = 5.0
CLOSE_S = 3.0


@asynccontextmanager
async def _plain(seconds: float) -> AsyncIterator[None]:
    """Bound the block and turn whatever the library raises into a WireError."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as silence:
        raise Silent(f"the broker did not answer within {seconds:g} s") from silence
    except CONNECTION_EXCEPTIONS as loss:
        raise Gone(str(loss) or type(loss).__name__) from loss
    except asyncio.CancelledError as end:
        if _cancelled():
            raise
        raise Gone("the channel was closed") from end


def _cancelled() -> bool:
    """Tell whether this task was cancelled.

    If not, aiormq ended what waited on a closing channel with a CancelledError of its own.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _arrival(message: DeliveredMessage) -> Arrival:
    delivery = message.delivery
    tag = getattr(delivery, "delivery_tag", None)
    return Arrival(int(tag or 0), message.header.properties.headers or {}, message.body)


class Line:
    """One AMQP channel."""

    def __init__(self, channel: AbstractChannel, underlay: Underlay) -> None:
        self._channel = channel
        self._underlay = underlay
        self._tags: list[str] = []
        self._lost = False
        #: Set whenever somebody who looks after the line should look: it may be lost.
        self.stirred = asyncio.Event()
        channel.close_callbacks.add(lambda *_: self.lose())
        # the broker ends a consumer when its queue is deleted
        underlay.on_consumer_cancel_callbacks.add(lambda _: self.lose())

    @property
    def alive(self) -> bool:
        """Tell whether it may still be used."""
        return not (self._lost or self._channel.is_closed)

    def lose(self) -> None:
        """Use it no more."""
        self._lost = True
        self.stirred.set()

    async def declare(self, queue: str, arguments: Mapping[str, Any]) -> None:
        """Declare a durable queue; raises Gone naming the difference when it exists otherwise."""
        async with _plain(REPLY_S):
            await self._underlay.queue_declare(queue, durable=True, arguments=dict(arguments))

    async def declare_fanout(self, exchange: str) -> None:
        """Declare a durable fanout exchange."""
        async with _plain(REPLY_S):
            await self._underlay.exchange_declare(exchange, exchange_type="fanout", durable=True)

    async def declare_private(self) -> str:
        """Declare a queue of our own that ends with the connection; returns the name the broker gave."""
        async with _plain(REPLY_S):
            ok = await self._underlay.queue_declare("", exclusive=True, auto_delete=True)
            return str(ok.queue)

    async def bind(self, queue: str, exchange: str) -> None:
        """Let the queue get what is published to the exchange."""
        async with _plain(REPLY_S):
            await self._underlay.queue_bind(queue, exchange)

    async def delete(self, queue: str, *, within_s: float = REPLY_S) -> None:
        """Delete a queue with all that is in it, if it exists."""
        async with _plain(within_s):
            await self._underlay.queue_delete(queue)

    async def count(self, queue: str, *, within_s: float = REPLY_S) -> tuple[int, int]:
        """Return how many messages are ready and how many consumers there are, asked anew each time."""
        async with _plain(within_s):
            ok = await self._underlay.queue_declare(queue, passive=True)
            return ok.message_count or 0, ok.consumer_count or 0

    async def publish(self, parcels: Sequence[Parcel], within_s: float) -> list[WireError | None]:
        """Publish durably, all in flight at once; returns for each None once confirmed, else what happened.

        NotTaken was certainly not taken; Gone and Silent may have been.
        """
        silence = Silent(f"the broker did not confirm within {within_s:g} s")
        outcomes: list[WireError | None] = [silence] * len(parcels)

        async def send(place: int, parcel: Parcel) -> None:
            outcomes[place] = await self._sent(parcel)

        try:
            async with asyncio.timeout(within_s), asyncio.TaskGroup() as group:
                for place, parcel in enumerate(parcels):
                    group.create_task(send(place, parcel))
        except TimeoutError:
            return outcomes
        return outcomes

    async def _sent(self, parcel: Parcel) -> WireError | None:
        try:
            await self._publish(parcel)
        except PublishError:
            return Unroutable("the queue does not exist")
        except DeliveryError:
            return Refused("the queue refuses messages; it is full, or its process does not run")
        except CONNECTION_EXCEPTIONS as loss:
            return Gone(str(loss) or type(loss).__name__)
        except asyncio.CancelledError:
            if _cancelled():
                raise
            return Gone("the channel was closed")
        return None

    async def _publish(self, parcel: Parcel) -> None:
        expires = None if parcel.expires_s is None else str(max(0, round(parcel.expires_s * 1000)))
        properties = spec.Basic.Properties(
            delivery_mode=2, message_id=uuid.uuid4().hex, headers=dict(parcel.headers), expiration=expires
        )
        await self._underlay.basic_publish(
            b"",
            exchange=parcel.exchange,
            routing_key=parcel.queue,
            properties=properties,
            mandatory=True,
        )

    async def scatter(self, exchange: str, body: bytes, sender: str) -> None:
        """Publish to everybody who listens now, without waiting for anything but the socket."""
        async with _plain(REPLY_S):
            properties = spec.Basic.Properties(delivery_mode=1, headers={"sender": sender})
            await self._underlay.basic_publish(body, exchange=exchange, properties=properties)

    async def get(self, queue: str) -> Arrival | None:
        """Return the first message of the queue, unacknowledged; None when it is empty."""
        async with _plain(REPLY_S):
            message = await self._underlay.basic_get(queue)
        return _arrival(message) if isinstance(message.delivery, spec.Basic.GetOk) else None

    async def consume(
        self, queue: str, arrived: Callable[[Arrival], None], *, prefetch: int = 0, no_ack: bool = False
    ) -> None:
        """Let `arrived` see every message that comes; it must be quick and must not raise."""

        async def received(message: DeliveredMessage) -> None:
            arrived(_arrival(message))

        async with _plain(REPLY_S):
            if prefetch:
                await self._underlay.basic_qos(prefetch_count=prefetch, global_=False)
            ok = await self._underlay.basic_consume(queue, received, no_ack=no_ack)
            self._tags.append(str(ok.consumer_tag))

    async def cancel(self) -> None:
        """Get no more messages; what has come may still be acknowledged."""
        async with _plain(REPLY_S):
            while self._tags:
                await self._underlay.basic_cancel(self._tags.pop())

    async def ack(self, tag: int, *, multiple: bool = False, flush: bool = True) -> None:
        """Acknowledge one message, or all up to this one."""
        async with _plain(REPLY_S):
            await self._underlay.basic_ack(tag, multiple=multiple, wait=flush)

    async def give_back(self, tag: int) -> None:
        """Let the broker hand the message out again."""
        async with _plain(REPLY_S):
            await self._underlay.basic_nack(tag, requeue=True, wait=True)

    async def close(self) -> None:
        """Close the channel; what is unacknowledged goes back to its queue."""
        self.lose()
        try:
            async with _plain(CLOSE_S):
                await self._channel.close()
        except WireError:
            return


class Wire:
    """One AMQP connection."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        #: Set once the connection is lost.
        self.lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: self.lost.set())

    @classmethod
    async def connect(cls, url: str, name: str) -> "Wire":
        """Connect under a name that the broker's own pages show; raises Gone."""
        async with _plain(REPLY_S):
            return cls(
                await aio_pika.connect(
                    url, client_properties={"connection_name": name}, heartbeat=HEARTBEAT_S, timeout=REPLY_S
                )
            )

    async def blocked(self) -> bool:
        """Tell whether the broker takes nothing from us now, being out of memory or disk."""
        transport = self._connection.transport
        if transport is None:
            return False
        try:
            async with asyncio.timeout(0.01):
                await transport.ready()
        except TimeoutError:
            return True
        return False

    async def line(self, *, confirms: bool = True) -> Line:
        """Open a channel; raises Gone."""
        async with _plain(REPLY_S):
            channel = self._connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
            await channel.initialize()
            return Line(channel, await channel.get_underlay_channel())

    async def close(self) -> None:
        """Disconnect at once; drain first."""
        self.lost.set()
        try:
            async with _plain(CLOSE_S):
                await self._connection.close()
        except WireError:
            return
