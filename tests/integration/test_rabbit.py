"""The known ways in which RabbitMQ and its client lose, repeat or hang, tried on a real node."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from router.brokers.events import RabbitEvents
from router.brokers.rabbit import RabbitBroker
from router.brokers.rabbit.values import Parcel, Unroutable
from router.brokers.rabbit.wire import Wire
from router.errors import BrokerDown, BrokerError, PublishUnknown
from router.ports import Delivery, Hint
from tests.support.rabbit import RabbitNode

pytestmark = [pytest.mark.rabbit, pytest.mark.timeout(240)]

MAIL, CHAT = "inbound.email", "inbound.webchat"
PATIENCE_S = 90.0


@asynccontextmanager
async def opened(url: str, **settings: int) -> AsyncIterator[RabbitBroker]:
    """Return an opened broker, closed at the end."""
    broker = RabbitBroker(url, **settings)
    await broker.open([MAIL, CHAT])
    try:
        yield broker
    finally:
        await broker.close()


async def some(
    broker: RabbitBroker, queue: str = MAIL, limit: int = 200, wait_s: float = 30.0
) -> list[Delivery]:
    """Take, patiently."""
    return await broker.take(queue, limit=limit, wait_s=wait_s, gather_s=0.05)


async def published(broker: RabbitBroker, queue: str, key: str) -> None:
    """Publish until it succeeds, as the store's sweep does."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await broker.publish([(queue, key)])
            except BrokerError:
                await asyncio.sleep(0.2)
            else:
                return


@pytest.fixture(scope="module")
def mortal() -> Iterator[RabbitNode]:
    """Return a node that tests may kill; each leaves it running."""
    with RabbitNode.started() as node:
        yield node


@pytest.fixture
def newborn() -> Iterator[RabbitNode]:
    """Return a node of the test's own: one killed with young queues on it stays wounded."""
    with RabbitNode.started() as node:
        yield node


async def test_same_key_unroutable(rabbit_url: str) -> None:
    """Rings of one key to a queue that does not exist all fail: none passes for confirmed."""
    wire = await Wire.connect(rabbit_url, "test")
    line = await wire.line()
    outcomes = await line.publish([Parcel(queue="nowhere", headers={"key": "k"})] * 5, 10.0)
    await wire.close()
    assert [type(outcome) for outcome in outcomes] == [Unroutable] * 5


async def test_undeclared_queue(rabbit_url: str) -> None:
    """A ring for a queue that was not declared is refused, and so are those beside it; the others arrive."""
    async with opened(rabbit_url) as broker:
        with pytest.raises(BrokerDown, match="1 of 2"):
            await broker.publish([("inbound.forum", "k"), (MAIL, "m")])
        [delivery] = await some(broker)
        await broker.ack([delivery])
        assert delivery.key == "m"


async def test_deleted_queue(rabbit_url: str) -> None:
    """A queue that an operator deletes under a reader is declared again and read again."""
    async with opened(rabbit_url) as broker:
        await broker.publish([(MAIL, "before")])
        await broker.ack(await some(broker))
        wire = await Wire.connect(rabbit_url, "test")
        await (await wire.line()).delete(MAIL)
        await wire.close()
        await published(broker, MAIL, "after")
        [delivery] = await some(broker)
        assert delivery.key == "after"
        await broker.ack([delivery])


async def test_prefetch(rabbit_url: str) -> None:
    """A reader holds no more than its prefetch, however much waits."""
    async with opened(rabbit_url, prefetch=30) as broker:
        await broker.publish([(MAIL, f"k{number}") for number in range(200)])
        taken = await broker.take(MAIL, limit=100, wait_s=10, gather_s=0.5)
        assert len(taken) == 30
        assert (await broker.depth(MAIL)).in_flight == 30
        await broker.ack(taken)


async def test_ack_in_pieces(rabbit_url: str) -> None:
    """Acknowledging out of order settles exactly what was named."""
    async with opened(rabbit_url) as broker:
        await broker.publish([(MAIL, f"k{number}") for number in range(10)])
        taken = await broker.take(MAIL, limit=10, wait_s=10, gather_s=5)
        await broker.ack([taken[number] for number in (1, 2, 5)])
        await broker.ack([taken[number] for number in (0, 3)])
        await asyncio.sleep(0.3)
        await broker._crew.stop()
    async with opened(rabbit_url) as broker:
        left = await broker.take(MAIL, limit=10, wait_s=10, gather_s=1)
        assert sorted(delivery.key for delivery in left) == ["k4", "k6", "k7", "k8", "k9"]
        await broker.ack(left)


async def test_foreign_message(rabbit_url: str) -> None:
    """A message that is not a ring is dropped and holds up nothing."""
    async with opened(rabbit_url) as broker:
        wire = await Wire.connect(rabbit_url, "test")
        line = await wire.line()
        await line.publish([Parcel(queue=MAIL, headers={"key": 5}), Parcel(queue=MAIL, headers={})], 10.0)
        await wire.close()
        await broker.publish([(MAIL, "k")])
        [delivery] = await some(broker)
        assert delivery.key == "k"
        await broker.ack([delivery])


async def test_one_channel_a_destination(rabbit: RabbitNode, rabbit_url: str) -> None:
    """Thousands of publishes, retries and takes open no more channels than there are destinations."""
    async with opened(rabbit_url) as broker:
        for number in range(20):
            await broker.publish([(MAIL, f"{number}.{part}") for part in range(20)])
            taken = await some(broker, limit=20)
            await broker.retry(taken, delay_s=0.01)
            await broker.ack(await some(broker, limit=20))
        listed = await asyncio.to_thread(rabbit.ctl, "list_channels", "pid", "number")
        assert len([line for line in listed.splitlines() if "<" in line]) <= 6


async def test_out_of_memory(mortal: RabbitNode) -> None:
    """A broker out of memory is noticed, publishes then fail at once, and what was confirmed arrives later."""
    async with opened(mortal.url) as broker:
        async with alarmed(mortal):
            accepted = await publish_until_refused(broker)
            for number in range(20):
                with pytest.raises(BrokerDown):
                    await broker.publish([(MAIL, f"no{number}")])
            assert "out of memory" in broker.trouble()
            assert (await broker.depth(CHAT)).ready == 0
        await published(broker, MAIL, "last")
        keys = await drain(broker)
        assert accepted | {"last"} <= keys
        assert not any(key.startswith("no") for key in keys)
        await recovered(broker)


async def recovered(broker: RabbitBroker) -> None:
    """Wait until the broker has nothing to complain of."""
    async with asyncio.timeout(PATIENCE_S):
        while broker.trouble():  # there is no event for it
            await asyncio.sleep(0.1)


async def publish_until_refused(broker: RabbitBroker) -> set[str]:
    """Return the keys that were confirmed before the alarm was noticed."""
    confirmed: set[str] = set()
    for number in range(1000):
        try:
            await broker.publish([(MAIL, f"k{number}")])
        except BrokerError:
            return confirmed
        confirmed.add(f"k{number}")
        await asyncio.sleep(0.05)
    raise AssertionError("the broker never ran out of memory")


@asynccontextmanager
async def alarmed(node: RabbitNode) -> AsyncIterator[None]:
    """Let the node believe that it is out of memory."""
    await asyncio.to_thread(node.ctl, "set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        yield
    finally:
        await asyncio.to_thread(node.ctl, "set_vm_memory_high_watermark", "absolute", "2GiB")


async def test_leaderless_queue(mortal: RabbitNode) -> None:
    """A queue without a leader is named at the start and later, harms no other, and is used again once well."""
    async with opened(mortal.url) as broker:
        async with mute(mortal, MAIL):
            with pytest.raises(PublishUnknown):
                await broker.publish([(MAIL, "k")])
            with pytest.raises(BrokerDown, match="did not take 1 of 1"):
                await broker.publish([(MAIL, "k")])
            await broker.publish([(CHAT, "c")])
            [chat] = await some(broker, CHAT)
            await broker.ack([chat])
            assert MAIL in broker.trouble()
            second = RabbitBroker(mortal.url, heal_s=0)
            with pytest.raises(BrokerDown, match=MAIL):
                await second.open([MAIL, CHAT])
            await second.publish([(CHAT, "c2")])
            await second.close()
        await published(broker, MAIL, "well")
        assert "well" in await drain(broker)
        await recovered(broker)


async def test_stopped_queue(rabbit: RabbitNode, rabbit_url: str) -> None:
    """A queue that exists while its process does not run is replaced before the start is given up."""
    async with opened(rabbit_url):
        pass
    stop = f"ra:stop_server(quorum_queues, {{'%2F_{MAIL}', node()}})."
    await asyncio.to_thread(rabbit.ctl, "eval", stop)
    async with opened(rabbit_url) as broker:
        await broker.publish([(MAIL, "k")])
        [delivery] = await some(broker)
        await broker.ack([delivery])
        assert delivery.key == "k"


@asynccontextmanager
async def mute(node: RabbitNode, queue: str) -> AsyncIterator[None]:
    """Let the queue exist and answer nothing, as one without a leader does."""
    process = f"whereis('%2F_{queue}')"
    await asyncio.to_thread(node.ctl, "eval", f"sys:suspend({process}).")
    try:
        yield
    finally:
        await asyncio.to_thread(node.ctl, "eval", f"sys:resume({process}).")


async def test_young_queues(newborn: RabbitNode) -> None:
    """Queues that were declared just before kill -9 may be broken for ever; they are replaced and used again."""
    async with opened(newborn.url) as broker:
        newborn.kill()
        await asyncio.to_thread(newborn.start)
        async with asyncio.timeout(PATIENCE_S):
            while broker._doctor._proven_on < 2:
                await asyncio.sleep(0.1)
        await recovered(broker)
        for queue in (MAIL, CHAT):
            await published(broker, queue, "k")
            [first] = await some(broker, queue)
            await broker.retry([first], delay_s=0.1)
            [again] = await some(broker, queue)
            await broker.park([again], reason="why")
            [parked] = await some(broker, "parked")
            await broker.ack([parked])


async def test_kill_under_load(mortal: RabbitNode) -> None:
    """After kill -9 of the node work in hand goes on, and every confirmed ring arrives."""
    async with opened(mortal.url) as broker, opened(mortal.url) as sender:
        await drain(broker)
        confirmed: set[str] = set()
        stop = asyncio.Event()

        async def publish(worker: int) -> None:
            number = 0
            while not stop.is_set():
                key, number = f"{worker}.{number}", number + 1
                try:
                    await sender.publish([(MAIL, key)])
                except BrokerError:
                    await asyncio.sleep(0.1)
                else:
                    confirmed.add(key)

        async with asyncio.TaskGroup() as group:
            for worker in range(20):
                group.create_task(publish(worker))
            in_hand = await some(broker, limit=10)
            assert in_hand
            await asyncio.sleep(2.0)
            mortal.kill()
            with pytest.raises(BrokerError):
                await broker.publish([(CHAT, "down")])
            assert broker.trouble()
            await broker.ack(in_hand)
            await broker.retry(in_hand, delay_s=0.01)
            await asyncio.to_thread(mortal.start)
            await published(sender, MAIL, "back")
            confirmed.add("back")
            stop.set()
        found = await drain(broker)
        assert confirmed <= found
        await recovered(broker)


async def drain(broker: RabbitBroker) -> set[str]:
    """Take and acknowledge until nothing comes for a while."""
    keys: set[str] = set()
    while batch := await broker.take(MAIL, limit=200, wait_s=3.0, gather_s=0.01):
        keys |= {delivery.key for delivery in batch}
        await broker.ack(batch)
    return keys


async def test_start_without_broker(mortal: RabbitNode) -> None:
    """A process that starts while the node is down says so, and works once the node is up."""
    await asyncio.to_thread(mortal.stop)
    broker, events = RabbitBroker(mortal.url, patience_s=0.5), RabbitEvents(mortal.url)
    await events.open()
    with pytest.raises(BrokerDown, match="cannot be reached"):
        await broker.open([MAIL, CHAT])
    await asyncio.to_thread(mortal.start)
    await published(broker, MAIL, "k")
    assert "k" in await drain(broker)
    async with asyncio.timeout(PATIENCE_S):
        await events.listening.wait()
    other = RabbitEvents(mortal.url)
    await other.open()
    async with events.subscribe() as mailbox, asyncio.timeout(PATIENCE_S):
        await other.listening.wait()
        other.publish([Hint(kind="rules", id="r")])
        assert (await anext(mailbox)).id == "r"
    await other.close()
    await events.close()
    await broker.close()


async def test_events_after_restart(mortal: RabbitNode) -> None:
    """Hints flow again after the node was killed: the private queue is declared anew."""
    one, two = RabbitEvents(mortal.url), RabbitEvents(mortal.url)
    await one.open()
    await two.open()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(one.listening.wait(), two.listening.wait())
        mortal.kill()
        await asyncio.to_thread(mortal.start)
        async with two.subscribe() as mailbox:
            heard = asyncio.create_task(anext(mailbox))  # type: ignore[arg-type]
            while not heard.done():
                one.publish([Hint(kind="conversation", id="c")])
                await asyncio.wait([heard], timeout=0.2)
    assert heard.result().id == "c"
    await one.close()
    await two.close()
