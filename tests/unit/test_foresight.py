"""What promises are computed from is kept up with the store: nothing is lost, and a look rests after its cost."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from channels.message import Message
from router.answer import Answer
from router.conversation import Conversation
from router.errors import StoreDown
from router.foresight import Foresight
from router.learner import Learner
from router.ports import Commit, Load, Outcome
from router.testing import MemoryStore
from tests.support.world import World


class SlowStore(MemoryStore):
    """A store in which something may happen while it counts the backlog, and which may fail to write."""

    looks = 0
    down = False
    #: Happens after the counting, before the answer is there.
    meanwhile: Callable[[], Awaitable[object]] | None = None
    #: Happens before the heads of the lanes are read.
    first: Callable[[], Awaitable[object]] | None = None

    async def backlog(self) -> list[Load]:
        """Count, then let it happen."""
        self.looks += 1
        found = await super().backlog()
        if self.meanwhile is not None:
            await self.meanwhile()
        return found

    async def waiting(self, lanes: Sequence[str] | None, limit: int) -> list[Conversation]:
        """Let it happen, then read."""
        if self.first is not None:
            await self.first()
        return await super().waiting(lanes, limit)

    async def commit(self, commit: Commit) -> Outcome:
        """Write, unless the store is down."""
        if self.down:
            raise StoreDown
        return await super().commit(commit)


class Watched(World):
    """A service whose house is looked at."""

    store: SlowStore

    def __init__(self, folder: Path) -> None:
        """Begin without a look."""
        super().__init__(folder, store=SlowStore)
        self.foresight = Foresight(self.store, self.clock)

    async def look(self) -> None:
        """Look into the store, as the service does about once a second."""
        self.house = await self.foresight.refreshed(self.house)

    def some(self, count: int) -> list[Message]:
        """Return so many mails of as many people."""
        return [self.mail_from(f"c{number}@example.org") for number in range(count)]

    async def ahead(self) -> float:
        """Return how many conversations lie before a mail that comes now."""
        (one,) = await self.take(self.mail_from("new@example.org"))
        assert one.promise is not None
        assert one.promise.parts is not None
        return one.promise.parts.items


@pytest.fixture
def world(tmp_path: Path) -> Watched:
    """Return a service on twins."""
    return Watched(tmp_path)


async def test_the_house_takes_over_what_was_learnt(world: Watched) -> None:
    """A promise made after a refresh says from what it was reckoned."""
    await world.look()
    await world.here("maria")
    for message in world.some(3):
        (one,) = await world.take(message)
        await world.send()
        world.clock.move(600)
        await world.actions.reply(one.id, Answer(text="Here it is."), agent="maria")
        await world.send()
    await Learner(world.store, lambda: world.house).run()
    await world.look()
    (one,) = await world.take(world.mail_from("new@example.org"))
    assert one.promise is not None
    assert one.promise.parts is not None
    assert one.promise.parts.handle_s == pytest.approx(600.0)


async def test_a_burst_leaves_nobody_free_for_more_than_one_piece(world: Watched) -> None:
    """Of a batch that comes while two people are idle, only as many as they are find somebody with nothing to do."""
    await world.here("maria", "tom")
    await world.look()
    found = await world.take(*world.some(20))
    parts = [one.promise.parts for one in found if one.promise is not None and one.promise.parts is not None]
    assert len(parts) == 20
    assert sum(1 for one in parts if one.work_s == 0) <= 2


async def test_while_the_target_is_promised_all_that_is_due_before_lies_ahead(world: Watched) -> None:
    """With nothing learnt yet people work in the order of the due times, and so it is reckoned and shown."""
    await world.take(*world.some(6))
    world.clock.move(600)
    await world.look()
    assert await world.ahead() == 6.0


async def test_what_is_decided_during_a_look_is_not_lost(world: Watched) -> None:
    """Work that came after the store had counted, but before the new view was in place, lies ahead all the same."""
    await world.look()
    world.store.meanwhile = lambda: world.take(*world.some(5))
    await world.look()
    world.store.meanwhile = None
    assert await world.ahead() == 5.0


async def test_a_batch_that_a_look_overtakes_is_not_lost(world: Watched) -> None:
    """A batch that began with the old view is counted in the one that took its place meanwhile."""
    await world.here("maria")
    await world.look()
    world.store.first = world.look
    await world.take(*world.some(7))
    world.store.first = None
    found = await world.ahead()
    assert found >= 5.0  # two of them are Maria's by now, who shares the rest with Tom


async def test_what_could_not_be_written_is_not_counted(world: Watched) -> None:
    """However often a batch goes round while the store is down, its work is counted once it is written, and once."""
    await world.look()
    batch = world.some(3)
    await world.store.accept([(one, one.received_at) for one in batch])
    world.store.down = True
    for _ in range(4):
        with pytest.raises(StoreDown):
            await world.consumer.decide([one.key for one in batch])
    world.store.down = False
    assert await world.ahead() == 0.0
    await world.consumer.decide([one.key for one in batch])
    assert await world.ahead() == 4.0


async def test_a_look_rests_ten_times_as_long_as_it_took(world: Watched) -> None:
    """A count that took two seconds holds for twenty more, and who is here is read all the same."""

    async def pass_(seconds: float) -> None:
        world.clock.move(seconds)

    world.store.meanwhile = lambda: pass_(2)
    await world.look()
    world.clock.move(19)
    await world.here("tom")
    await world.look()
    (one,) = await world.take(world.mail_from())
    assert world.store.looks == 1
    assert world.house.crew["tom"].said == "here"
    assert world.house.forecast is not None
    seen = world.house.forecast.outlook(one, world.clock.now())
    assert seen is not None
    assert seen.here
    await world.look()
    assert await world.ahead() >= 1.0
    world.clock.move(1)
    world.store.meanwhile = None
    for _ in range(3):
        await world.look()
    assert world.store.looks == 4


async def test_a_clock_that_jumps_does_not_stop_the_looks(world: Watched) -> None:
    """However long a look seems to have taken, a minute later there is another."""

    async def jump() -> None:
        world.clock.move(86400)

    world.store.meanwhile = jump
    await world.look()
    world.store.meanwhile = None
    world.clock.move(60)
    await world.look()
    assert world.store.looks == 2
