"""A tap and a note about another time cross: the customer is left with one time, and the record with the truth."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from router import steps
from router.conversation import Conversation, NoteKind, PromiseState, SendState, promise_told
from router.desk import tapview
from router.errors import Conflict
from router.journal import changed
from router.ports import Commit
from router.taps import suits
from router.taps.behind import Stand
from router.taps.tapped import HELD, HELD_S, Choice, Taps
from router.testing import settle
from router.voice.until import Asker, Wanted
from tests.support.taps import linked, noted, said
from tests.support.world import RULES, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a world in which mail is answered within two hours, and Maria is here."""
    return World(tmp_path, RULES.replace("email: {target: 24h", "email: {target: 2h"))


@pytest.fixture
def taps(world: World) -> Taps:
    """Let its notes carry links."""
    return linked(world)


async def postponed(world: World) -> tuple[Conversation, str, datetime]:
    """Return a conversation whose second note has not left yet, the first one's token, and the first time."""
    await world.here("maria")
    one, token = await noted(world)
    assert one.promise is not None
    world.clock.move(60)
    asker = Asker(world.store, world.events, world.clock, lambda: world.house)
    await asker.ask(one.id, Wanted(agent="maria", until=one.promise.at + timedelta(hours=1)))
    return await world.fresh(one), token, one.promise.at


async def broken(world: World, one: Conversation) -> Conversation:
    """Let the promised time pass, with nothing said about another."""
    assert one.promise is not None
    world.clock.set(one.promise.at + timedelta(minutes=1))
    late = steps.break_promise(one, world.clock.now(), "surge")
    await world.store.commit(Commit(changes=[changed(one, late)]))
    return await world.fresh(one)


async def test_a_tap_waits_for_a_note_that_is_just_leaving(world: World, taps: Taps) -> None:
    """The note arrives with its time, then the tap counts: what the page says comes last."""
    one, token, _ = await postponed(world)
    jobs, _more = await world.notifier.claim()
    tapping = asyncio.create_task(taps.act(token, Choice(kind="later")))
    await settle()
    assert not tapping.done()
    for job in jobs:
        await world.notifier.perform(job)
    await world.notifier.record()
    await world.clock.advance(HELD_S)
    assert (await tapping).stand is Stand.SAID
    after = await world.fresh(one)
    assert after.promise is not None
    assert after.outbox[-1].state is SendState.SENT
    assert [each.state for each in after.promises] == [PromiseState.RENEWED, PromiseState.WITHDRAWN]
    assert (after.promise.shown, after.wish.kind if after.wish else "") == (True, "later")


async def test_a_note_that_does_not_leave_is_not_waited_for_for_ever(world: World, taps: Taps) -> None:
    """After some seconds the customer is asked to try again, and nothing has changed."""
    one, token, _ = await postponed(world)
    await world.notifier.claim()
    leaving = await world.fresh(one)
    tapping = asyncio.create_task(taps.act(token, Choice(kind="solved")))
    await settle()
    await world.clock.advance(HELD * HELD_S)
    with pytest.raises(Conflict):
        await tapping
    assert await world.fresh(one) == leaving


@pytest.mark.parametrize("kind", ["later", "solved"])
async def test_a_time_that_nobody_heard_is_not_on_record_as_told(world: World, taps: Taps, kind: str) -> None:
    """The note is cancelled by the tap, so the promise that ends is the one that the customer had heard."""
    _, token, first = await postponed(world)
    after = await said(taps, token, kind)
    assert [(each.at, each.state) for each in after.promises] == [(first, PromiseState.WITHDRAWN)]
    assert (after.misses, len(after.outbox)) == (0, 1)


async def test_after_the_tap_the_customer_can_still_be_told_of_another_time(world: World, taps: Taps) -> None:
    """The first note about one never left, so software tells them once, and nobody has to write it by hand."""
    one, token, _ = await postponed(world)
    later = (await said(taps, token, "later")).promise
    assert later is not None
    world.clock.set(later.at - timedelta(hours=1))
    asker = Asker(world.store, world.events, world.clock, lambda: world.house)
    await asker.ask(one.id, Wanted(agent="maria", until=later.at + timedelta(hours=1)))
    await world.send()
    after = await world.fresh(one)
    assert [item.note for item in after.outbox] == [NoteKind.FIRST, NoteKind.RENEWAL]
    assert (after.outbox[-1].state, after.prepared) == (SendState.SENT, None)
    assert len(world.mail.sent) == 2


async def test_a_heard_time_that_has_passed_is_broken_whatever_note_was_on_its_way(
    world: World, taps: Taps
) -> None:
    """The second note never left: a tap after the first time does not make up for it."""
    _, token, first = await postponed(world)
    world.clock.set(first + timedelta(minutes=5))
    after = await said(taps, token, "solved")
    assert [(each.at, each.state) for each in after.promises] == [(first, PromiseState.BROKEN)]


async def test_taken_back_a_picked_time_does_not_stand(world: World, taps: Taps) -> None:
    """No time ran before the pick, as the first one was missed: so none runs after it was taken back."""
    one, token = await noted(world)
    late = await broken(world, one)
    times = suits.times(world.house, late, world.clock.now())
    await said(taps, token, "picked", times[2])
    after = await said(taps, token, "undone")
    assert [each.state for each in after.promises] == [PromiseState.BROKEN, PromiseState.WITHDRAWN]
    assert not promise_told(after)
    assert after.due_at == late.due_at


async def test_the_page_names_no_time_that_has_passed(world: World, taps: Taps) -> None:
    """The picked time was missed and nothing else promised: the page does not say that the answer comes by then."""
    one, token = await noted(world)
    later = await said(taps, token, "later")
    assert later.promise is not None
    for moved in (timedelta(0), timedelta(minutes=2)):
        world.clock.set(later.promise.at + moved)
        shown = tapview.view(world.house, await taps.look(token), world.clock.now())
        assert (shown.said, shown.more) == (shown.words.title, "")
    await broken(world, await world.fresh(one))
    shown = tapview.view(world.house, await taps.look(token), world.clock.now())
    assert (shown.said, shown.more) == (shown.words.title, "")


async def test_a_note_in_doubt_is_not_waited_for(world: World, taps: Taps) -> None:
    """Whether it left is unknown and may stay so: the tap counts at once."""
    one, token, _ = await postponed(world)
    unknown = steps.amend(one, one.outbox[-1].id, state=SendState.UNKNOWN)
    await world.store.commit(Commit(changes=[changed(one, replace(unknown, updated_at=world.clock.now()))]))
    assert (await said(taps, token, "urgent")).priority == "high"
