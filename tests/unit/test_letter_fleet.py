"""Two processes on one store file that both send letters and count figures: everything happens once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from channels.message import Outgoing, Sent
from router.conversation import Event
from router.kept.figures import summed
from router.kept.post import KIND, Post, Readers, mailing_of
from router.kept.tally import Tally, read_weeks
from router.stores.sqlite import SqliteStore
from router.testing import RecordingChannel
from tests.support.world import World

SEVEN = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
READERS = Readers(
    to=tuple(f"lead{n}@example.com" for n in range(5)),
    zone="Europe/Copenhagen",
    organisation="Example",
    public_url="https://help.example.com",
)


class Slow(RecordingChannel):
    """A provider that lets others run while it takes a mail."""

    async def send(self, outgoing: Outgoing) -> Sent:
        """Take it after a while."""
        await asyncio.sleep(0.005)
        return await super().send(outgoing)


async def test_two_processes_at_once_send_and_count_once(tmp_path: Path) -> None:
    """At seven on Monday both look at the same time, over and over: each reader has one mail, each line counts once."""
    world, provider = World(tmp_path), Slow()
    stores = [SqliteStore(tmp_path / "store.db", clock=world.clock) for _ in range(2)]
    for store in stores:
        await store.open()
    at = world.clock.now() + timedelta(hours=1)
    promise: dict[str, Any] = {"channel": "email", "queue": "general", "agent": "maria"}
    await stores[0].append([Event(at=at, kind=kind, **promise) for kind in ["kept"] * 40 + ["broken"] * 10])

    async def process(store: SqliteStore) -> None:
        tally = Tally(store, world.ids, world.clock, lambda: world.house, ZoneInfo("Europe/Copenhagen"))
        post = Post(
            store, world.ids, world.clock, lambda: world.house, {("email", "support"): provider}, READERS
        )
        lease = await store.lease("figures", "shared by mistake", 600)
        assert lease is not None
        await tally.count(lease)
        world.clock.set(SEVEN)
        for _ in range(4):
            await post.round()

    await asyncio.gather(*(process(store) for store in stores))
    world.clock.move(200)
    await process(stores[0])
    assert sorted(one.to.address for one in provider.sent) == sorted(READERS.to)
    record = await stores[1].record(KIND, "2026-W48")
    assert record is not None
    assert {one.state for one in mailing_of(record).copies} == {"sent"}
    whole = summed(await read_weeks(stores[1], SEVEN.date() - timedelta(days=1), 1), "")[""]
    assert (whole.kept, whole.broken) == (40, 10)
    for store in stores:
        await store.close()
