"""Queue to committed decision with a note: messages per second, and CPU per message."""

import asyncio
import resource
import time
from pathlib import Path

from channels.message import Identity, Message
from router.accept import queue_of
from router.clock import SystemClock
from router.consume import Consumer
from router.house import Account, House
from router.ids import RandomIds
from router.language import detect, warm
from router.ports import Broker, Events, Store
from rules.load import load
from rules.wording import Wording

LANGUAGES = ("en", "da", "ru", "de", "fr", "es")
TEXT = "Hello, I ordered a lamp last week and it has not come yet. Could you tell me where it is? Thank you, Ana"


def house() -> House:
    """Return the shipped rules, sample team and wording, with one mail account."""
    book = load(None, channels=("email", "webchat", "twitter", "facebook", "phone", "forum"))
    return House(
        book=book,
        wording=Wording.load(),
        accounts={
            ("email", "support"): Account(
                channel="email", name="support", identity="email", style="mail", zone="Europe/Copenhagen"
            )
        },
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


async def route(store: Store, broker: Broker, events: Events, count: int) -> dict[str, float]:
    """Queue `count` accepted messages, then decide them all; return rate (1/s) and CPU (µs a message)."""
    clock = SystemClock()
    home = house()
    warm(LANGUAGES)
    queue = queue_of("email")
    await store.open()
    await broker.open([queue])
    for start in range(0, count, 200):
        batch = [message(number, clock) for number in range(start, min(start + 200, count))]
        await store.accept([(one, one.received_at) for one in batch])
        await broker.publish([(queue, one.key) for one in batch])
    consumer = Consumer(store, broker, events, RandomIds(), clock, lambda: home)
    began, cpu = time.perf_counter(), _cpu()
    task = asyncio.create_task(consumer.run(queue))
    while (await broker.depth(queue)).ready or (await broker.depth(queue)).in_flight:
        await asyncio.sleep(0.02)
    while await store.unrouted(clock.now(), 1):
        await asyncio.sleep(0.005)
    took, spent = time.perf_counter() - began, _cpu() - cpu
    consumer.stop()
    await task
    noted = sum(1 for one in await store.to_send(clock.now(), count + 1) if one.outbox)
    assert noted == count, f"{noted} of {count} have a note"
    await broker.close()
    await store.close()
    return {"rate": count / took, "cpu_us": spent / count * 1e6}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def files(folder: Path) -> tuple[Path, Path]:
    """Return where store and queue lie."""
    return folder / "handleby.db", folder / "queue.db"
