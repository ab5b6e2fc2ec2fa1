"""What every broker promises, shown on the twin, the embedded queue and RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from router.brokers.local import LocalBroker
from router.brokers.policy import LIMIT, PARKED
from router.brokers.rabbit import RabbitBroker
from router.errors import BrokerDown
from router.ports import Broker, Delivery
from router.testing import MemoryBroker
from tests.support.ports import free_port

MAIL, CHAT = "inbound.email", "inbound.webchat"
QUEUES = [MAIL, CHAT]
LEASE_S = 0.5


class Bench:
    """Makes brokers on one backing store, as the processes of a fleet do."""

    def __init__(self, make: Callable[[], Broker]) -> None:
        self._make = make
        self._stack = AsyncExitStack()

    async def process(self) -> Broker:
        """Start one more process."""
        broker = self._make()
        await broker.open(QUEUES)
        self._stack.push_async_callback(broker.close)
        return broker

    async def end(self) -> None:
        """Close all that was opened."""
        await self._stack.aclose()


@pytest.fixture(params=["memory", "local", pytest.param("rabbit", marks=pytest.mark.rabbit)])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """Run the test on each implementation."""
    if request.param == "memory":
        shared = MemoryBroker()
        found = Bench(lambda: shared)
    elif request.param == "local":
        found = Bench(lambda: LocalBroker(tmp_path / "broker.db", lease_s=LEASE_S))
    else:
        url = request.getfixturevalue("rabbit_url")
        found = Bench(lambda: RabbitBroker(url))
    yield found
    await found.end()


@pytest.fixture
async def broker(bench: Bench) -> Broker:
    """Return one opened broker."""
    return await bench.process()


async def some(broker: Broker, queue: str = MAIL, limit: int = 10, wait_s: float = 10.0) -> list[Delivery]:
    """Take, patiently: slow is not wrong."""
    return await broker.take(queue, limit=limit, wait_s=wait_s, gather_s=0.05)


async def die(broker: Broker) -> None:
    """End the process without any goodbye."""
    match broker:
        case MemoryBroker():
            broker.crash()
        case LocalBroker():
            await broker._crew.stop()
            broker._held.clear()
        case RabbitBroker():
            await broker._crew.stop()


async def test_ring_arrives(broker: Broker) -> None:
    """What is published to a queue is handed out there, for the first time."""
    await broker.publish([(MAIL, "smtp:1 ✉")])
    [delivery] = await some(broker)
    assert (delivery.queue, delivery.key, delivery.attempts) == (MAIL, "smtp:1 ✉", 0)
    await broker.ack([delivery])


async def test_order(broker: Broker) -> None:
    """With one reader and no faults, rings come in the order in which they were published."""
    keys = [f"k{number}" for number in range(300)]
    await broker.publish([(MAIL, key) for key in keys])
    found: list[str] = []
    while len(found) < len(keys):
        batch = await some(broker, limit=50)
        assert 0 < len(batch) <= 50
        found += [delivery.key for delivery in batch]
        await broker.ack(batch)
    assert found == keys


async def test_nothing_waits(broker: Broker) -> None:
    """A take from an empty queue returns an empty list; the canaries of the start are not seen."""
    assert await some(broker, wait_s=0.1) == []
    assert await some(broker, wait_s=0) == []
    assert await some(broker, PARKED, wait_s=0.1) == []


async def test_take_wakes(broker: Broker) -> None:
    """A take that waits is woken by a ring that comes later."""
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(some(broker))
        await asyncio.sleep(0.05)
        await broker.publish([(MAIL, "late")])
    assert [delivery.key for delivery in waiting.result()] == ["late"]
    await broker.ack(waiting.result())


async def test_gather(broker: Broker) -> None:
    """After the first delivery a take gathers more for a while, but not above its limit."""
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(broker.take(MAIL, limit=3, wait_s=10.0, gather_s=10.0))
        for number in range(4):
            await broker.publish([(MAIL, f"k{number}")])
    assert [delivery.key for delivery in waiting.result()] == ["k0", "k1", "k2"]
    last = await some(broker)
    assert [delivery.key for delivery in last] == ["k3"]
    await broker.ack([*waiting.result(), *last])


async def test_queues_apart(broker: Broker) -> None:
    """A flood in one queue is not seen in another."""
    await broker.publish([*((MAIL, f"m{number}") for number in range(50)), (CHAT, "c")])
    [chat] = await some(broker, CHAT)
    assert chat.key == "c"
    mails = await some(broker, limit=50)
    await broker.ack([chat, *mails])
    assert len(mails) == 50


async def test_taken_is_invisible(broker: Broker) -> None:
    """What is taken is not handed out again while it is neither settled nor its taker gone."""
    await broker.publish([(MAIL, "k")])
    taken = await some(broker)
    assert await some(broker, wait_s=LEASE_S * 3) == []
    await broker.ack(taken)


async def test_acked_is_gone(bench: Bench) -> None:
    """What is acknowledged never comes again, not to a new process either."""
    first = await bench.process()
    await first.publish([(MAIL, f"k{number}") for number in range(5)])
    taken = await some(first, limit=5)
    await first.ack([taken[4], taken[0], taken[2]])
    await first.ack([taken[1], taken[3]])
    await first.ack(taken)
    await asyncio.sleep(0.2)
    await die(first)
    assert await some(await bench.process(), wait_s=LEASE_S * 3) == []


async def test_crash(bench: Bench) -> None:
    """What a dead process had taken comes to another, counted, and its late ack does no harm."""
    first = await bench.process()
    await first.publish([(MAIL, "a"), (MAIL, "b")])
    taken = await some(first, limit=2)
    await first.ack(taken[:1])
    await asyncio.sleep(0.2)
    await die(first)
    second = await bench.process()
    [again] = await some(second)
    assert (again.key, again.attempts) == ("b", 1)
    await second.ack([again])


async def test_crash_loop(bench: Bench) -> None:
    """What brings down every process that takes it is parked by the broker after six hand-outs."""
    broker = await bench.process()
    await broker.publish([(MAIL, "poison")])
    for attempt in range(LIMIT + 1):
        [delivery] = await some(broker)
        assert (delivery.key, delivery.attempts) == ("poison", attempt)
        await die(broker)
        broker = await bench.process()
    [parked] = await some(broker, PARKED)
    assert (parked.key, parked.queue) == ("poison", PARKED)
    assert "without being acknowledged" in parked.reason
    await broker.ack([parked])
    assert await some(broker, wait_s=0.1) == []


async def test_retry(broker: Broker) -> None:
    """A retry comes again after its delay and not before, with one attempt more."""
    await broker.publish([(MAIL, "k")])
    await broker.retry(await some(broker), delay_s=0.6)
    assert await some(broker, wait_s=0.2) == []
    [again] = await some(broker)
    assert (again.key, again.attempts) == ("k", 1)
    await broker.retry([again], delay_s=0)
    [again] = await some(broker)
    assert (again.key, again.attempts) == ("k", 2)
    await broker.ack([again])


async def test_retry_does_not_block(broker: Broker) -> None:
    """A ring that waits for its retry holds up no other."""
    await broker.publish([(MAIL, "slow")])
    slow = await some(broker)
    await broker.retry(slow, delay_s=300)
    await broker.publish([(MAIL, "quick")])
    [quick] = await some(broker)
    assert quick.key == "quick"
    await broker.ack([quick])


async def test_retry_limit(broker: Broker) -> None:
    """A ring that is retried again and again is parked after six hand-outs."""
    await broker.publish([(MAIL, "k")])
    for attempt in range(LIMIT + 1):
        [delivery] = await some(broker)
        assert delivery.attempts == attempt
        await broker.retry([delivery], delay_s=0)
    [parked] = await some(broker, PARKED)
    assert parked.key == "k"
    assert parked.reason
    await broker.ack([parked])


async def test_park(broker: Broker) -> None:
    """A parked delivery lies in the parked queue under its key, with the reason."""
    await broker.publish([(MAIL, "k"), (MAIL, "fine")])
    bad, fine = await some(broker, limit=2)
    await broker.park([bad], reason="no such conversation")
    await broker.ack([fine])
    [parked] = await some(broker, PARKED)
    assert (parked.key, parked.reason) == ("k", "no such conversation")
    await broker.retry([parked], delay_s=0)
    [again] = await some(broker, PARKED)
    assert (again.key, again.reason) == ("k", "no such conversation")
    await broker.ack([again])


async def test_parked_is_patient(broker: Broker) -> None:
    """The parked queue never gives up on a delivery, however often it is retried; retries do not count."""
    await broker.publish([(MAIL, "k")])
    await broker.park(await some(broker), reason="why")
    for _ in range(LIMIT + 3):
        [parked] = await some(broker, PARKED)
        assert parked.attempts == 0
        await broker.retry([parked], delay_s=0)
    [parked] = await some(broker, PARKED)
    assert parked.key == "k"
    await broker.ack([parked])


async def test_parked_crash(bench: Bench) -> None:
    """A process that dies over a parked delivery is counted, and its parked neighbours are not."""
    first = await bench.process()
    await first.publish([(MAIL, "poison"), (MAIL, "innocent")])
    await first.park(await some(first, limit=2), reason="why")
    await some(first, PARKED, limit=1)
    await die(first)
    second = await bench.process()
    counted: dict[str, int] = {}
    while len(counted) < 2:
        [parked] = await some(second, PARKED, limit=1)
        counted[parked.key] = parked.attempts
        await second.ack([parked])
    assert counted == {"poison": 1, "innocent": 0}


async def test_shared_work(bench: Bench) -> None:
    """Two processes share a queue: each ring goes to exactly one of them."""
    one, two = await bench.process(), await bench.process()
    keys = {f"k{number}" for number in range(600)}
    await one.publish([(MAIL, key) for key in sorted(keys)])
    found: list[str] = []

    async def work(broker: Broker) -> None:
        while batch := await some(broker, wait_s=1.0, limit=20):
            found.extend(delivery.key for delivery in batch)
            await broker.ack(batch)

    await asyncio.gather(work(one), work(one), work(two))
    assert sorted(found) == sorted(keys)


async def test_depth(broker: Broker) -> None:
    """The depth tells what waits and what is in flight."""
    await broker.publish([(MAIL, f"k{number}") for number in range(4)])
    await until_depth(broker, MAIL, 4)
    taken = await some(broker, limit=4)
    await until_depth(broker, MAIL, 0)
    assert (await broker.depth(MAIL)).in_flight == 4
    await broker.park(taken[:1], reason="why")
    await until_depth(broker, PARKED, 1)
    await broker.ack(taken[1:])
    assert (await broker.depth(MAIL)).in_flight == 0
    assert (await broker.depth(CHAT)).ready == 0


async def until_depth(broker: Broker, queue: str, ready: int) -> None:
    """Wait until so many are ready; the broker may count a little late."""
    async with asyncio.timeout(20):
        while (await broker.depth(queue)).ready != ready:  # the broker has no event for it
            await asyncio.sleep(0.05)


async def test_cancelled_take(broker: Broker) -> None:
    """A take that is cancelled loses nothing, at whatever moment."""
    keys = {f"k{number}" for number in range(40)}
    found: set[str] = set()
    for key in sorted(keys):
        take = asyncio.create_task(broker.take(MAIL, limit=2, wait_s=5, gather_s=0.001))
        await broker.publish([(MAIL, key)])
        await asyncio.sleep(0.0005 * (int(key[1:]) % 5))
        take.cancel()
        await asyncio.wait([take])
        batch = [] if take.cancelled() else take.result()
        found |= {delivery.key for delivery in batch}
        await broker.ack(batch)
    while batch := await some(broker, wait_s=1.0):
        found |= {delivery.key for delivery in batch}
        await broker.ack(batch)
    assert found == keys


async def test_many_publishers(broker: Broker) -> None:
    """Publishes from many tasks at once are all confirmed and all arrive."""
    keys = {f"k{number}" for number in range(200)}
    await asyncio.gather(*(broker.publish([(MAIL, key)]) for key in keys))
    found: list[str] = []
    while batch := await some(broker, limit=200, wait_s=1.0):
        found += [delivery.key for delivery in batch]
        await broker.ack(batch)
    assert sorted(found) == sorted(keys)


async def test_close_drains(bench: Bench) -> None:
    """Closing waits for what is in flight, hands nothing out meanwhile, and leaves the rest waiting."""
    first = await bench.process()
    await first.publish([(MAIL, f"k{number}") for number in range(20)])
    taken = await some(first, limit=5)
    closing = asyncio.create_task(first.close())
    await asyncio.sleep(0.1)
    assert not closing.done()
    assert await some(first, wait_s=0.1) == []
    await first.ack(taken)
    async with asyncio.timeout(15):
        await closing
    second = await bench.process()
    left: list[Delivery] = []
    while batch := await some(second, limit=20, wait_s=1.0):
        left += batch
        await second.ack(batch)
    assert {delivery.key for delivery in left} == {f"k{number}" for number in range(5, 20)}


async def test_trouble(broker: Broker) -> None:
    """All is well after the start, and a closed broker says so."""
    assert broker.trouble() == ""
    await broker.close()
    assert broker.trouble() == "closed"


@pytest.mark.parametrize("kind", ["memory", "local", "rabbit"])
async def test_cannot_open(kind: str, tmp_path: Path) -> None:
    """A broker that cannot work says so at once, in a sentence, and can be closed all the same."""
    broker: Broker
    if kind == "memory":
        broker = MemoryBroker()
        broker.down = "the disk is full"
    elif kind == "local":
        (tmp_path / "broker.db").mkdir()
        broker = LocalBroker(tmp_path / "broker.db")
    else:
        broker = RabbitBroker(f"amqp://127.0.0.1:{free_port()}/", patience_s=0.5)
    with pytest.raises(BrokerDown, match=r"\w+ \w+ \w+"):
        await broker.open(QUEUES)
    assert broker.trouble()
    with pytest.raises(BrokerDown):
        await broker.publish([(MAIL, "k")])
    await broker.close()
