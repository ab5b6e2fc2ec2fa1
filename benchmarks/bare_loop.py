"""The baseline: a bare aio-pika loop that consumes, publishes with confirm and acknowledges, message by message.

It is what one writes with the library's own calls: durable quorum queues, manual acknowledgement,
as many messages at work as the prefetch allows. Its messages are those of our doorbell (a key in a
header, no body). Beside it the same work through our broker.

    python -m benchmarks.bare_loop --count 5000 --prefetch 64
"""

import argparse
import asyncio
import resource
import time

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from router.brokers.rabbit import RabbitBroker
from tests.support.rabbit import RabbitNode

FROM, TO = "bare.from", "bare.to"
OURS = ["inbound.email", "inbound.webchat"]
#: Seconds after which a run counts as hung.
PATIENCE_S = 300.0
IN_FLIGHT = 500

Figures = dict[str, float]


async def bare_loop(url: str, count: int, prefetch: int = 64) -> Figures:
    """Move `count` messages from one queue to another; return rate (1/s) and CPU (µs a message)."""
    connection = await aio_pika.connect_robust(url)
    async with connection, asyncio.timeout(PATIENCE_S):
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.set_qos(prefetch_count=prefetch)
        queues = [await _fresh(channel, name) for name in (FROM, TO)]
        for start in range(0, count, IN_FLIGHT):
            numbers = range(start, min(start + IN_FLIGHT, count))
            await asyncio.gather(*(_publish(channel, FROM, f"smtp:bench{number}") for number in numbers))
        done = asyncio.Event()
        moved = 0

        async def handle(message: AbstractIncomingMessage) -> None:
            nonlocal moved
            await _publish(channel, TO, str(message.headers["key"]))
            await message.ack()
            moved += 1
            if moved == count:
                done.set()

        began, cpu = time.perf_counter(), _cpu()
        tag = await queues[0].consume(handle)
        await done.wait()
        figures = _figures(count, began, cpu)
        await queues[0].cancel(tag)
        for queue in queues:
            await queue.delete(if_unused=False, if_empty=False)
        return figures


async def our_loop(url: str, count: int, batch: int = 64) -> Figures:
    """Do the same work through our broker, batch by batch."""
    broker = RabbitBroker(url)
    await broker.open(OURS)
    source, target = OURS
    for start in range(0, count, IN_FLIGHT):
        numbers = range(start, min(start + IN_FLIGHT, count))
        await broker.publish([(source, f"smtp:bench{number}") for number in numbers])
    moved, began, cpu = 0, time.perf_counter(), _cpu()
    async with asyncio.timeout(PATIENCE_S):
        while moved < count:
            taken = await broker.take(source, limit=batch, wait_s=5.0, gather_s=0.002)
            await broker.publish([(target, delivery.key) for delivery in taken])
            await broker.ack(taken)
            moved += len(taken)
    figures = _figures(count, began, cpu)
    while taken := await broker.take(target, limit=IN_FLIGHT, wait_s=0.5, gather_s=0.01):
        await broker.ack(taken)
    await broker.close()
    return figures


async def _fresh(channel: aio_pika.abc.AbstractChannel, name: str) -> aio_pika.abc.AbstractQueue:
    await channel.queue_delete(name)
    return await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})


async def _publish(channel: aio_pika.abc.AbstractChannel, queue: str, key: str) -> None:
    message = aio_pika.Message(b"", headers={"key": key}, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, routing_key=queue)


def _figures(count: int, began: float, cpu: float) -> Figures:
    return {"rate": count / (time.perf_counter() - began), "cpu_us": (_cpu() - cpu) / count * 1e6}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure both on a private node and print them."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--count", type=int, default=5000)
    given.add_argument("--prefetch", type=int, default=64)
    wanted = given.parse_args()
    with RabbitNode.started() as node:
        for name, loop in (("bare aio-pika loop", bare_loop), ("the same by our broker", our_loop)):
            found = asyncio.run(loop(node.url, wanted.count, wanted.prefetch))
            print(f"{name:24} {found['rate']:8.0f} messages/s {found['cpu_us']:8.0f} µs CPU a message")


if __name__ == "__main__":
    main()
