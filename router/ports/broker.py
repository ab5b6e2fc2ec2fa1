"""The broker: it hands out the work."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct


class Delivery(Struct, frozen=True, kw_only=True):
    """One ring of the doorbell: a message key in a queue. It may come twice."""

    queue: str
    key: str
    #: How many times it was handed out before; 0 the first time.
    attempts: int
    #: The broker's own handle for ack, retry and park.
    tag: Any
    #: For deliveries of the queue `parked`: why they are there.
    reason: str = ""


class Depth(Struct, frozen=True, kw_only=True):
    """How full a queue of the broker is."""

    ready: int
    in_flight: int
    #: Seconds since the oldest ready one was published; None when nothing waits or it cannot be told.
    oldest_age_s: float | None = None


class Broker(Protocol):
    """Hands out the work; the store is the truth, so a lost or repeated ring does no harm."""

    async def open(self, queues: Sequence[str]) -> None:
        """Connect, declare, and prove with a canary that each queue works. Raises BrokerDown."""
        ...

    async def close(self) -> None:
        """Stop handing out, wait for what is in flight (up to 20 s), then disconnect."""
        ...

    async def publish(self, rings: Sequence[tuple[str, str]]) -> None:
        """Publish (queue, key) pairs durably, all in one trip.

        Returns once all are confirmed. Raises BrokerDown (none or some were published) or
        PublishUnknown; publishing again with the same key is always safe.
        """
        ...

    async def take(self, queue: str, *, limit: int, wait_s: float, gather_s: float) -> list[Delivery]:
        """Wait up to `wait_s` for a first delivery, then gather up to `limit` or for `gather_s` seconds.

        Returns an empty list when nothing came. What is taken stays invisible to others until
        ack, retry or park, or until this process is gone.
        """
        ...

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Done. Never raises for a lost connection: the delivery will come again, which is harmless."""
        ...

    async def retry(self, deliveries: Sequence[Delivery], *, delay_s: float) -> None:
        """Hand them out again after about `delay_s`, with `attempts` one higher."""
        ...

    async def park(self, deliveries: Sequence[Delivery], *, reason: str) -> None:
        """Move them to the queue `parked`. A delivery handed out too often is parked by the broker itself."""
        ...

    async def depth(self, queue: str) -> Depth:
        """Return how full a queue is (also `parked`)."""
        ...

    def trouble(self) -> str:
        """Return what is wrong with the connection now; "" when all is well."""
        ...
