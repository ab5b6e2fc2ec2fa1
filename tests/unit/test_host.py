"""What an account's channel asks of its host: leases, health, the thread's lines and its news."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from channels.errors import LeaseLost
from channels.message import Attachment
from router.accounts.host import AGENTS_S, LEASE_POLL_S, LEASE_S, TRANSCRIPT, AccountHost
from router.accounts.reports import Report, worst
from router.conversation import Agent, Conversation
from router.ports import Hint
from router.testing import ManualClock, MemoryStore
from router.testing.time import settle
from tests.support.hosting import Hosting
from tests.support.world import World


def shown(host: AccountHost) -> Report | None:
    """Return how the account is, as far as this process knows."""
    return worst([host.reports.parts()])


def state(host: AccountHost) -> str:
    """Return the state alone; "" while nothing is known."""
    found = shown(host)
    return found.state if found is not None else ""


async def lose(world: World, host: AccountHost) -> None:
    """Report trouble under the account's lease, and lose it to another process."""
    async with host.cursor() as cursor:
        await settle()
        host.report("down", "receive: no route", part="receive")
        assert state(host) == "down"
        world.clock.move(LEASE_S + 1)
        assert await world.store.lease("cursor:email:support:", "other", LEASE_S) is not None
        await cursor.save("7")


async def test_who_waits_for_a_lease_knows_nothing(tmp_path: Path) -> None:
    """A poller that lost its lease, and then waits for it, leaves the telling to its successor."""
    world = World(tmp_path)
    ours, theirs = (Hosting(world).host("email", "support") for _ in range(2))
    ours.report("ok", part="send")
    with pytest.raises(LeaseLost):
        await lose(world, ours)
    assert state(ours) == "ok"

    world.clock.move(LEASE_S + 1)
    released = asyncio.Event()

    async def hold(host: AccountHost) -> None:
        async with host.cursor():
            host.report("ok", part="receive")
            await settle()
            await released.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(hold(theirs))
        await settle()
        ours.report("down", "RuntimeError", part="run")
        group.create_task(hold(ours))
        await settle()
        assert list(ours.reports.parts().parts) == ["send"]
        assert list(theirs.reports.parts().parts) == ["receive"]
        released.set()
        await settle()
        await world.clock.advance(LEASE_POLL_S)
    assert state(ours) == "ok"


async def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    """A new account is neither well nor ill until its channel says so."""
    host = Hosting(World(tmp_path)).host("email", "support")
    assert shown(host) is None
    host.report("ok")
    assert state(host) == "ok"


class CountingStore(MemoryStore):
    """Counts what idle pages ask."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.asked: Counter[str] = Counter()

    async def by_link(self, link: str) -> Conversation | None:
        """Count, and look."""
        self.asked["by_link"] += 1
        return await super().by_link(link)

    async def agents(self) -> dict[str, Agent]:
        """Count, and look."""
        self.asked["agents"] += 1
        return await super().agents()


class Page:
    """An open chat page: reads the thread's state whenever the host says that it may have changed."""

    def __init__(self, host: AccountHost, thread: str) -> None:
        self.wakes = 0
        self.lines: list[str] = []
        self._host, self._thread = host, thread

    async def stay(self) -> None:
        """Read until cancelled."""
        async for _ in self._host.watch(self._thread):
            self.wakes += 1
            self.lines = [line.text for line in await self._host.transcript(self._thread)]
            await self._host.standing(self._thread)
            await self._host.present()


@asynccontextmanager
async def open_pages(*pages: Page) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Keep the pages open inside the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(page.stay()) for page in pages]
        await settle()
        yield tasks
        for task in tasks:
            task.cancel()


async def test_idle_pages_ask_nothing(tmp_path: Path) -> None:
    """What happens elsewhere wakes no page, with or without a conversation, and costs no query."""
    world = World(tmp_path)
    store = CountingStore(world.clock)
    host = Hosting(world, store).host("webchat", "site")
    pages = [Page(host, f"visitor-{number}") for number in range(100)]
    async with open_pages(*pages):
        assert {page.wakes for page in pages} == {1}
        assert store.asked["agents"] == 1
        before = store.asked.total()
        for number in range(50):
            world.events.publish([Hint(kind="conversation", id=f"cv_{number}")])
            await settle()
        assert store.asked.total() == before
        assert {page.wakes for page in pages} == {1}


async def test_presence_is_read_again(tmp_path: Path) -> None:
    """Who comes is seen a second later."""
    world = World(tmp_path)
    host = Hosting(world).host("webchat", "site")
    assert not await host.present()
    await world.here("maria")
    assert not await host.present()
    world.clock.move(AGENTS_S)
    assert await host.present()


async def test_the_first_note_of_a_chat_comes_at_once(tmp_path: Path) -> None:
    """A page that had no conversation shows its own as soon as it is decided, and nobody else's."""
    world = World(tmp_path)
    host = Hosting(world).host("webchat", "site")
    mine, other, second = Page(host, "visitor-1"), Page(host, "visitor-2"), Page(host, "visitor-1")
    async with open_pages(other, mine, second):
        await world.take(world.chat_from("visitor-1", "Hello?"))
        await settle()
        assert mine.lines[0] == second.lines[0] == "Hello?"
        await world.take(world.chat_from("visitor-1", "Anybody?"))
        await settle()
        assert "Anybody?" in mine.lines
        assert (other.wakes, other.lines) == (1, [])


async def test_one_page_reads_for_all(tmp_path: Path) -> None:
    """The page that reads the hints for the others may leave; another goes on."""
    world = World(tmp_path)
    host = Hosting(world).host("webchat", "site")
    pages = [Page(host, f"visitor-{number}") for number in range(3)]
    async with open_pages(*pages) as tasks:
        for gone in (0, 1):
            tasks[gone].cancel()
            with suppress(asyncio.CancelledError):
                await tasks[gone]
            await world.take(world.chat_from("visitor-2", f"message {gone}"))
            await settle()
            assert f"message {gone}" in pages[2].lines


async def test_a_long_transcript_comes_in_pieces(tmp_path: Path) -> None:
    """Asked again after the last line, the host gives all of a conversation, however long."""
    world = World(tmp_path)
    host = Hosting(world).host("webchat", "site")
    count = TRANSCRIPT + 20
    old = Attachment(name="old.txt", content_type="text/plain", size=1, blob="0" * 64)
    said = [world.chat_from("visitor-1", f"line {number}", attachments=(old,)) for number in range(count)]
    for start in range(0, count, 100):
        await world.take(*said[start : start + 100])
    seen: list[str] = []
    after = 0
    while lines := await host.transcript("visitor-1", after):
        seen += [line.text for line in lines if not line.ours]
        after = lines[-1].seq
    assert sorted(seen) == sorted(f"line {number}" for number in range(count))


async def test_who_lost_the_lease_stops_at_once(tmp_path: Path) -> None:
    """After a long pause two would poll one account: the older one ends, also while it saves nothing."""
    world = World(tmp_path)
    host = Hosting(world).host("email", "support")
    held = asyncio.Event()

    async def poll() -> None:
        async with host.cursor():
            held.set()
            await asyncio.Event().wait()

    poller = asyncio.ensure_future(poll())
    await held.wait()
    await settle()
    world.clock.move(LEASE_S + 1)
    assert await world.store.lease("cursor:email:support:", "other", LEASE_S) is not None
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(poller, 10)
