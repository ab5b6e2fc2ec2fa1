"""What all tests may ask for: the private RabbitMQ node, started when the first test wants it."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from router.brokers.rabbit.topology import everything
from router.brokers.rabbit.wire import Wire
from tests.support.rabbit import RabbitNode

#: Queues that tests use; they are deleted before each test that asks for `rabbit_url`.
QUEUES = [f"inbound.{channel}" for channel in ("email", "webchat", "phone", "twitter", "facebook", "forum")]


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitNode]:
    """Return the node that this test process shares; do not kill it, start one of your own for that."""
    with RabbitNode.started() as node:
        yield node


@pytest.fixture
def rabbit_url(rabbit: RabbitNode) -> str:
    """Return the shared node's address, with none of our queues on it."""
    return wiped_url(rabbit)


def wiped_url(rabbit: RabbitNode) -> str:
    """Return the node's address after deleting the queues that tests use."""
    with ThreadPoolExecutor(1) as elsewhere:  # an async fixture may ask for this from inside its loop
        elsewhere.submit(lambda: asyncio.run(wiped(rabbit.url))).result()
    return rabbit.url


async def wiped(url: str) -> None:
    """Delete the queues that tests use."""
    wire = await Wire.connect(url, "handleby tests")
    line = await wire.line()
    for queue in everything(QUEUES):
        await line.delete(queue)
    await wire.close()
