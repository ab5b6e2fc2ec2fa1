"""The times that a customer may choose follow what people say of being away, not their hours alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from router import steps
from router.conversation import Conversation
from router.journal import changed
from router.ports import Commit
from router.taps import suits
from router.taps.tapped import Choice, NotThen, Taps
from tests.support.taps import linked, noted, said
from tests.support.world import MONDAY_NOON, World

WEDNESDAY = datetime(2026, 11, 25, 11, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a world on a Monday noon in Copenhagen; people work from 8 to 18."""
    return World(tmp_path)


@pytest.fixture
def taps(world: World) -> Taps:
    """Let its notes carry links."""
    return linked(world)


async def away(world: World, *agents: str, until: datetime | None) -> None:
    """Let these people be away, and the house know it; None = they left without saying until when."""
    for agent in agents:
        said = await world.actions.presence(agent, said="away", until=until)
        if until is None:
            endless = replace(said, said_until=None, version=said.version + 1)
            assert (await world.store.commit(Commit(agents=[endless]))).agents[0]
    world.house = replace(world.house, crew=await world.store.agents())


def offered(world: World, one: Conversation) -> list[datetime]:
    """Return every time that the page would offer."""
    now = world.clock.now()
    found = [*suits.times(world.house, one, now), suits.tomorrow(world.house, one, now)]
    return [at for at in found if at is not None]


async def test_who_is_away_until_wednesday_promises_nothing_before(world: World, taps: Taps) -> None:
    """An hour of theirs lies between their return and the first time; "tomorrow" is that day."""
    one, _ = await noted(world)
    await away(world, "maria", until=WEDNESDAY)
    assert min(offered(world, one)) == datetime(2026, 11, 25, 13, tzinfo=UTC)
    assert suits.tomorrow(world.house, one, MONDAY_NOON) == datetime(2026, 11, 25, 16, tzinfo=UTC)


async def test_who_left_without_saying_until_when_is_promised_for_no_day(world: World, taps: Taps) -> None:
    """No time is offered, and none is taken: not even one of a page that was opened before."""
    one, token = await noted(world)
    (first, *_) = suits.times(world.house, one, MONDAY_NOON)
    await away(world, "maria", until=None)
    assert offered(world, one) == []
    for choice in (Choice(kind="picked", at=first), Choice(kind="later")):
        with pytest.raises(NotThen):
            await taps.act(token, choice)
    assert await world.fresh(one) == one


async def test_what_somebody_says_counts_at_once(world: World, taps: Taps) -> None:
    """A tap is weighed by who is away now, be it that the house was looked at a moment before."""
    one, token = await noted(world)
    (first, *_) = suits.times(world.house, one, MONDAY_NOON)
    await world.actions.presence("maria", said="away", until=WEDNESDAY)
    with pytest.raises(NotThen):
        await taps.act(token, Choice(kind="picked", at=first))


async def test_a_colleague_who_answers_for_it_promises_instead(world: World, taps: Taps) -> None:
    """Maria promised and is away; Tom answers for it by now, so it is his time that can be chosen."""
    one, _ = await noted(world)
    await away(world, "maria", until=WEDNESDAY)
    toms = replace(one, accountable="tom")
    now = world.clock.now()
    assert suits.behind(world.house, toms) == world.book.people["maria"]
    assert suits.promiser(world.house, toms, now) == world.book.people["tom"]
    assert suits.tomorrow(world.house, toms, now) == datetime(2026, 11, 24, 16, tzinfo=UTC)


async def test_nobody_is_named_who_has_not_agreed_to_notes(world: World, taps: Taps) -> None:
    """Maria answers for it and did not agree; Tom is on duty too and did. Where nobody did no time is offered."""
    world.house = replace(world.house, voices={"tom": frozenset({"email"})})
    one, token = await noted(world)
    assert one.promise is not None
    assert (one.accountable, one.promise.by) == ("maria", "tom")
    world.clock.set(one.promise.at + timedelta(minutes=1))
    late = steps.break_promise(one, world.clock.now(), "surge")
    await world.store.commit(Commit(changes=[changed(one, late)]))
    after = await said(taps, token, "picked", suits.times(world.house, late, world.clock.now())[1])
    assert after.promise is not None
    assert (after.accountable, after.promise.by) == ("maria", "tom")
    world.house = replace(world.house, voices={})
    assert offered(world, after) == []


async def test_taken_back_while_all_are_away_it_is_promised_for_their_return(
    world: World, taps: Taps
) -> None:
    """The time of before cannot be kept any more, so the first honest one is promised."""
    _, token = await noted(world)
    await said(taps, token, "solved")
    await away(world, "maria", "tom", until=WEDNESDAY)
    after = await said(taps, token, "undone")
    assert after.promise is not None
    assert after.promise.at > WEDNESDAY


async def test_taking_it_back_moves_no_time_further_away(world: World, taps: Taps) -> None:
    """Who changed their mind about "tomorrow" gets no later time, whatever has come up since."""
    _, token = await noted(world)
    later = (await said(taps, token, "later")).promise
    await away(world, "maria", "tom", until=WEDNESDAY + timedelta(days=1))
    assert later is not None
    assert (await said(taps, token, "undone")).promise == later
