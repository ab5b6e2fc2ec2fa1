"""I need until…, while a note about another time has not left yet, or everybody was warned already."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from router.conversation import Conversation, NoteKind, Promise, PromiseState, SendState
from router.journal import changed
from router.ports import Commit
from router.voice.until import EARLIER, REWORDED, STANDS, WARNED, Answered, Asker, Wanted
from tests.support.world import RULES, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a service on twins; everybody agreed to notes in their name."""
    return World(tmp_path, RULES.replace("email: {target: 24h", "email: {target: 2h"))


async def ask(world: World, one: Conversation, until: datetime) -> Answered:
    """Let Maria say another time."""
    asker = Asker(world.store, world.events, world.clock, lambda: world.house)
    return await asker.ask(one.id, Wanted(agent="maria", until=until))


async def told(world: World) -> Conversation:
    """Return a conversation of Maria's whose note has left a minute ago."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    await world.send()
    world.clock.move(60)
    return await world.fresh(one)


def running(one: Conversation) -> Promise:
    """Return the promise that runs."""
    assert one.promise is not None
    assert one.promise.state is PromiseState.MADE
    return one.promise


@pytest.mark.parametrize(("sooner_by", "says"), [(0, STANDS), (30, EARLIER)])
async def test_nobody_is_told_an_earlier_time_with_an_apology(
    world: World, sooner_by: int, says: str
) -> None:
    """The note about a later time is not sent: the one that the customer heard goes on, and nothing was missed."""
    one = await told(world)
    first = running(one).at
    await ask(world, one, first + timedelta(hours=1))
    done = await ask(world, one, first - timedelta(minutes=sooner_by))
    assert done.says == says
    await world.send()
    after = await world.fresh(one)
    assert (running(after).at, after.misses, after.promises) == (first, 0, ())
    assert after.outbox[-1].state is SendState.CANCELLED
    assert len(world.mail.sent) == 1


async def test_between_the_two_the_note_names_the_nearer_time(world: World) -> None:
    """It is later than what the customer heard, so they hear it, once."""
    one = await told(world)
    first = running(one).at
    await ask(world, one, first + timedelta(hours=2))
    assert (await ask(world, one, first + timedelta(hours=1))).says == REWORDED
    await world.send()
    after = await world.fresh(one)
    assert running(after).at == first + timedelta(hours=1)
    assert [item.note for item in after.outbox] == [NoteKind.FIRST, NoteKind.RENEWAL]


async def test_a_note_that_names_a_later_time_is_of_use_until_then(world: World) -> None:
    """Held up beyond the first of two later times, it still leaves with the second."""
    one = await told(world)
    first = running(one).at
    await ask(world, one, first + timedelta(hours=1))
    await ask(world, one, first + timedelta(hours=3))
    world.clock.set(first + timedelta(hours=1, minutes=5))
    await world.send()
    assert (await world.fresh(one)).outbox[-1].state is SendState.SENT


async def test_who_takes_a_later_time_back_is_not_warned_of_it_again(world: World) -> None:
    """It was near when they said so: the customer is not told another time after all."""
    one = await told(world)
    first = running(one).at
    world.clock.set(first - timedelta(minutes=4))
    await ask(world, one, first + timedelta(hours=1))
    await ask(world, one, first)
    await world.timers.tick(slow=False)
    after = await world.fresh(one)
    assert running(after).at == first
    assert (after.warned, after.prepared) == ("renew", None)


async def test_nobody_is_warned_again_once_the_customer_was_to_be_told(world: World) -> None:
    """An earlier time said then changes nothing, and no words are laid out anew."""
    one = await told(world)
    late = replace(one, warned="renew")
    await world.store.commit(Commit(changes=[changed(one, late)]))
    done = await ask(world, one, running(one).at - timedelta(minutes=15))
    assert done.says == WARNED
    after = await world.fresh(one)
    assert (after.warned, after.promise) == ("renew", one.promise)


async def test_the_warnings_come_before_it_is_looked_at_what_to_tell(world: World) -> None:
    """A time just before the promised one does not put off the moment in which the customer must hear."""
    one = await told(world)
    world.clock.set(running(one).at - timedelta(minutes=30))
    near = running(one).at - timedelta(minutes=1)
    quick = replace(one, promise=replace(running(one), renew_at=world.clock.now() + timedelta(minutes=5)))
    await world.store.commit(Commit(changes=[changed(one, quick)]))
    assert (await ask(world, one, near - timedelta(minutes=14))).says == EARLIER
    made = running(await world.fresh(one))
    assert made.warn_at is not None
    assert made.lead_at is not None
    assert made.renew_at is not None
    assert made.warn_at <= made.lead_at <= made.renew_at
