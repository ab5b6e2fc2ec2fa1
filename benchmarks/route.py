"""Queue to committed decision with a note: messages per second, and CPU per message."""

import asyncio
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.figures import Sample
from channels.message import Identity, Message
from router.accept import queue_of
from router.brokers.hints import LocalEvents
from router.clock import SystemClock
from router.consume import Consumer
from router.house import Account, House
from router.ids import RandomIds
from router.ports import Broker, Hint
from router.reading.language import detect, warm
from router.stores.sqlite import SqliteStore
from rules.load import load
from rules.wording import Wording

LANGUAGES = ("en", "da", "ru", "de", "fr", "es")
TEXT = (
    "Hello, I ordered a lamp last week and it has not come yet. Could you tell me where it is? Thank you, Ana"
)
QUEUE = queue_of("email")
#: Messages accepted in one trip before the measurement.
FILL = 200
PATIENCE_S = 600.0


class Tally(LocalEvents):
    """Counts conversations that were committed with something to send."""

    def __init__(self, wanted: int) -> None:
        """Take how many are awaited."""
        super().__init__()
        self._left = wanted
        self.then: Callable[[], None] = lambda: None

    def publish(self, hints: Sequence[Hint]) -> None:
        """Count, and say when all are there."""
        super().publish(hints)
        self._left -= sum(1 for hint in hints if hint.kind == "outbox")
        if self._left <= 0:
            self.then()


def house() -> House:
    """Return the shipped rules, sample team and wording, with one mail account."""
    book = load(None, channels=("email", "webchat", "twitter", "facebook", "phone", "forum"))
    account = Account(
        channel="email", name="support", identity="email", style="mail", zone="Europe/Copenhagen"
    )
    return House(
        book=book,
        wording=Wording.load(),
        accounts={("email", "support"): account},
        ours=frozenset({"email:help@example.com"}),
        staff={},
        secret=b"benchmark" * 4,
        detect=lambda text: detect(text, among=LANGUAGES),
    )


def message(number: int, clock: SystemClock) -> Message:
    """Return a first mail of a customer of its own, about 1 kB."""
    return Message(
        key=f"smtp:bench{number}",
        channel="email",
        account="support",
        received_at=clock.now(),
        sender=Identity(kind="email", address=f"customer{number}@example.org", name="Ana"),
        to=("help@example.com",),
        subject=f"Order {number}",
        text=TEXT,
        full_text=TEXT * 6,
        message_id=f"<{number}@example.org>",
    )


async def route(broker: Callable[[Path], Broker], count: int) -> Sample:
    """Queue `count` accepted messages, then decide them all; return rate (1/s) and CPU (µs a message)."""
    with tempfile.TemporaryDirectory(prefix="handleby-bench-") as folder:
        store = SqliteStore(Path(folder) / "handleby.db", clock=SystemClock())
        bell = broker(Path(folder) / "queue.db")
        await store.open()
        await bell.open([QUEUE])
        try:
            return await _route(store, bell, count)
        finally:
            await bell.close()
            await store.close()


async def _route(store: SqliteStore, broker: Broker, count: int) -> Sample:
    clock, home, tally = SystemClock(), house(), Tally(count)
    warm(LANGUAGES)
    for start in range(0, count, FILL):
        batch = [message(number, clock) for number in range(start, min(start + FILL, count))]
        await store.accept([(one, one.received_at) for one in batch])
        await broker.publish([(QUEUE, one.key) for one in batch])
    consumer = Consumer(store, broker, tally, RandomIds(), clock, lambda: home)
    tally.then = consumer.stop
    began, cpu = time.perf_counter(), _cpu()
    async with asyncio.timeout(PATIENCE_S):
        await consumer.run(QUEUE)  # returns when the batch with the last note is acknowledged
    took, spent = time.perf_counter() - began, _cpu() - cpu
    noted = await store.to_send(clock.now(), count + 1)
    assert len(noted) == count, f"{len(noted)} of {count} have a note"
    return {"rate": count / took, "cpu_us": spent / count * 1e6}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
