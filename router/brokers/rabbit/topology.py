"""What is declared on RabbitMQ, as data: names and arguments of queues and exchanges.

    inbound.<channel> ──(handed out too often)──► parked
          ▲
          └──(after its time)── retry.<seconds> ◄── exchange retry.<seconds> (fanout)

A retry is published to the exchange `retry.<seconds>` with the name of its queue as routing key.
The fanout puts it into the one queue of that waiting time whatever the key is, and the key
survives, so that the dead letter finds its way home through the default exchange.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from router.brokers.policy import LIMIT, PARKED

#: Waiting queues: no message in one waits longer than this many seconds, so that the one at the
#: head, which alone can expire, delays those behind it by no more than that.
WAITS_S = (1, 10, 60, 600)

#: Bytes; a doorbell message is a few hundred. Full queues refuse, and the store rings again.
INBOUND_BYTES = 512 * 1024 * 1024
PARKED_BYTES = 64 * 1024 * 1024

#: For queues where redelivery must never lose a message. Without a limit of our own RabbitMQ 4
#: would drop after 20; 3.x takes no negative number for "none".
UNLIMITED = 1_000_000

#: The dead letter is confirmed by its new queue before it leaves the old one.
SAFE_LETTERS = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}


def queue_arguments(queue: str) -> Mapping[str, Any]:
    """Return the arguments with which the queue is declared."""
    base: dict[str, Any] = {"x-queue-type": "quorum"}
    if queue == PARKED:
        return base | {
            "x-delivery-limit": UNLIMITED,
            "x-overflow": "reject-publish",
            "x-max-length-bytes": PARKED_BYTES,
        }
    letters = base | SAFE_LETTERS | {"x-dead-letter-exchange": "", "x-max-length-bytes": INBOUND_BYTES}
    if queue in RETRY_QUEUES:
        return letters | {"x-message-ttl": RETRY_QUEUES[queue] * 1000, "x-delivery-limit": UNLIMITED}
    return letters | {"x-delivery-limit": LIMIT, "x-dead-letter-routing-key": PARKED}


def retry_name(wait_s: int) -> str:
    """Return the name that the exchange and the queue of a waiting time share."""
    return f"retry.{wait_s}"


RETRY_QUEUES: Mapping[str, int] = {retry_name(wait): wait for wait in WAITS_S}


def retry_route(delay_s: float) -> tuple[str, float]:
    """Return the exchange to publish to and how long the message stays; the longest wait is the most."""
    wait = next((wait for wait in WAITS_S if delay_s <= wait), WAITS_S[-1])
    return retry_name(wait), min(delay_s, float(wait))


def everything(queues: Sequence[str]) -> list[str]:
    """Return the names of all queues that have to exist for these, parked first as others point to it."""
    return list(dict.fromkeys((PARKED, *RETRY_QUEUES, *queues)))
