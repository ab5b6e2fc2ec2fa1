"""Work is ordered by promises: wherever it is listed or handed out, what was promised comes before what was not."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from channels.message import Message
from router.conversation import Conversation, urgency
from tests.support.world import RULES, World

#: Maria takes as much as there is.
ROOMY = RULES.replace("capacity: {webchat: 1, default: 2}", "capacity: {webchat: 1, default: 30}")
HEADS = 20


@pytest.fixture
def world(tmp_path) -> World:
    """Return a service on twins in which people take many mails."""
    found = World(tmp_path, ROOMY)
    found.house = replace(found.house, detect=lambda text: "da" if "pakke" in text else "en")
    return found


def danish(world: World, number: int) -> Message:
    """Return a mail of another lane, which nobody answers automatically."""
    return world.mail_from(f"d{number}@example.org", text="Hvor er min pakke?", no_note="a list")


async def owned(world: World, found: list[Conversation]) -> int:
    """Return how many of them somebody has."""
    now = [await world.fresh(one) for one in found]
    return sum(1 for one in now if one.owner)


async def test_what_was_promised_is_not_overtaken(world) -> None:
    """On the queue's list, in what somebody watches and in what they own, it stands before what came later."""
    (promised,) = await world.take(world.mail_from("ana@example.org"))
    world.clock.move(60)
    (bare,) = await world.take(danish(world, 1))
    assert promised.promise is not None
    assert bare.promise is None
    wanted = [promised.id, bare.id]
    listed = await world.store.listed(status="open", queue="general", limit=9, after="")
    watched = await world.store.watched(promised.accountable, 9)
    assert [[one.id for one in found] for found in (listed, watched)] == [wanted, wanted]
    await world.here("maria")
    await world.consumer.rematch()
    assert [one.id for one in await world.store.mine("maria", 9)] == wanted


async def test_what_is_promised_for_today_comes_before_what_is_only_due_tomorrow(world) -> None:
    """The promised time counts where it comes before the due time, also before what came first without a promise."""
    (bare,) = await world.take(danish(world, 1))
    world.clock.move(60)
    (late,) = await world.take(world.mail_from("ana@example.org"))
    assert late.promise is not None
    soon = replace(late, promise=replace(late.promise, at=world.clock.now() + timedelta(hours=2)))
    assert urgency(soon) < bare.urgency < late.urgency


async def test_a_long_lane_is_not_overtaken_by_a_short_one(world) -> None:
    """Who becomes free gets the rest of a lane that was not read to its end before what is less urgent elsewhere."""
    promised = await world.take(*(world.mail_from(f"c{number}@example.org") for number in range(HEADS + 15)))
    world.clock.move(3600)
    bare = await world.take(*(danish(world, number) for number in range(5)))
    await world.here("maria")
    await world.consumer.rematch()
    assert (await owned(world, promised), await owned(world, bare)) == (HEADS, 0)
    await world.consumer.rematch()
    assert (await owned(world, promised), await owned(world, bare)) == (30, 0)


async def test_a_lane_that_cannot_move_holds_up_no_other(world) -> None:
    """Where nothing of a long lane can be handed out, whoever is free still gets the less urgent work of another."""
    await world.here("maria")
    promised = await world.take(*(world.mail_from(f"c{number}@example.org") for number in range(HEADS + 1)))
    await world.consumer.rematch()
    for one in promised:
        await world.actions.release(one.id, agent="maria")
    assert await owned(world, promised) == 0
    bare = await world.take(*(danish(world, number) for number in range(3)))
    assert await owned(world, bare) == 3
