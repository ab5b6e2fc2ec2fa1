"""A crash or a restart at any step fires nothing twice and forgets nothing; two timer processes are as good as one."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.answer import Answer
from router.consume import Consumer
from router.conversation import Conversation, NoteKind, PromiseState
from router.stores.sqlite import SqliteStore
from router.timers import Timers
from tests.support.keeping import Died, MortalStore, account, lines, notes, to, told, world_of
from tests.support.world import World


async def steps_of(world: World, one: Conversation, until: timedelta) -> None:
    """Let the time pass in the steps at which something happens; a process that dies is started anew."""
    end = world.clock.now() + until
    while world.clock.now() < end:
        known = await world.fresh(one)
        wakes = [at for at in (known.wake_at, known.send_at) if at is not None and at > world.clock.now()]
        world.clock.set(min([end, world.clock.now() + timedelta(minutes=5), *wakes]))
        for _ in range(3):
            try:
                await world.timers.tick(slow=True)
                await world.send()
            except Died:
                world.restart()


async def renewal(world: World) -> Conversation:
    """Return a mail that Maria owns and does not come to."""
    await world.here("maria")
    return await told(world)


async def relief(world: World) -> Conversation:
    """Return a mail whose owner falls ill while a colleague is here."""
    await world.here("maria")
    one = await told(world)
    await world.here("tom")
    await world.timers.tick(slow=False)
    until = world.clock.now() + timedelta(days=1)
    await world.actions.presence("maria", said="away", until=until)
    return one


async def handover(world: World) -> Conversation:
    """Return a mail that another has taken over, who introduces themselves."""
    one = await renewal(world)
    await world.actions.release(one.id, agent="maria")
    await world.actions.take(one.id, agent="tom")
    return one


async def night(world: World) -> Conversation:
    """Return a mail of somebody in New York who was promised the small hours there, and whom nobody answers."""
    world.clock.set(datetime(2026, 11, 24, 7, 30, tzinfo=UTC))
    await world.here("maria")
    return await told(world, world.mail_from(zone="America/New_York"))


#: What happens, and for how long it is looked at.
STORIES = {
    "renewal": (renewal, timedelta(hours=5, minutes=30)),
    "relief": (relief, timedelta(hours=5, minutes=30)),
    "handover": (handover, timedelta(hours=7)),
    "night": (night, timedelta(hours=8)),
}


async def outcome(world: World, one: Conversation) -> dict[str, object]:
    """Return what became of it, as the customer and the figures see it."""
    after = await world.fresh(one)
    return {
        "notes": [(out.id, out.text) for out in world.mail.sent],
        "promises": [(each.state, each.at, each.by) for each in after.promises],
        "running": (after.promise.state, after.promise.at, after.promise.by),
        "stands": (after.warned, after.misses, after.pressing, after.owner, after.accountable),
        "flags": after.flags,
        "log": [(event.kind, event.agent) for event in await lines(world, *LOGGED)],
        "claims": [await world.claims(who) for who in ("maria", "tom")],
    }


LOGGED = ("warned", "renewed", "broken", "kept", "withdrawn", "taken over", "let go", "claimed")


@pytest.mark.parametrize("story", list(STORIES))
async def test_a_crash_at_any_commit_changes_nothing(tmp_path: Path, story: str) -> None:
    """Whichever commit the process dies at, before or just after it is written: the same notes, and the same end."""
    begin, length = STORIES[story]
    world = world_of(tmp_path, store=MortalStore)
    one = await begin(world)
    begun = world.store.commits
    await steps_of(world, one, length)
    wanted, commits = await outcome(world, one), world.store.commits - begun
    assert commits >= 4
    for at in range(1, commits + 1):
        for written in (False, True):
            world = world_of(tmp_path, store=MortalStore)
            one = await begin(world)
            world.store.dies_at, world.store.written = world.store.commits + at, written
            await steps_of(world, one, length)
            found = await outcome(world, one)
            assert found == wanted, f"commit {at}, {'after' if written else 'before'} it was written"


async def test_a_note_sent_and_not_recorded_is_not_sent_again(tmp_path: Path) -> None:
    """The process dies between the provider and the store: the renewal is found there, and the promise is tracked."""
    world = world_of(tmp_path)
    one = await renewal(world)
    world.clock.set(one.promise.renew_at)
    await world.timers.tick(slow=False)
    jobs, _ = await world.notifier.claim()
    for job in jobs:
        await world.notifier.perform(job)
    world.restart()  # nothing was written down
    await to(world, one.promise.at + timedelta(minutes=5))
    after = await world.fresh(one)
    assert len([out for out in world.mail.sent if out.text == notes(after, NoteKind.RENEWAL)[0]]) == 1
    assert [each.state for each in after.promises] == [PromiseState.RENEWED]
    await to(world, after.promise.at)
    assert (await world.fresh(one)).promise.state is PromiseState.BROKEN


async def test_a_restart_between_all_ticks_changes_nothing(tmp_path: Path) -> None:
    """Nothing that keeps promises lives in memory only."""
    found = []
    for restarts in (False, True):
        world = world_of(tmp_path)
        one = await relief(world)
        for _ in range(65):
            world.clock.move(5)
            if restarts:
                world.restart()
            await world.timers.tick(slow=True)
            await world.send()
        found.append(await outcome(world, one))
    assert found[0] == found[1]
    assert [event.kind for event in await lines(world, "taken over")] == ["taken over"]


async def test_two_timer_processes_do_what_one_does(tmp_path: Path) -> None:
    """Both believe that they hold the lease, for the whole of a promise and its renewal."""
    world = world_of(tmp_path)
    one = await renewal(world)
    parts = (world.store, world.broker, world.events)
    kept = (world.ids, world.clock, lambda: world.house)
    other = Timers(*parts, Consumer(*parts, *kept), kept)
    end = one.promise.at + timedelta(minutes=1)
    while world.clock.now() < end:
        world.clock.move(60)
        await asyncio.gather(world.timers.tick(slow=True), other.tick(slow=True))
        await world.send()
    after = await world.fresh(one)
    assert len(notes(after, NoteKind.RENEWAL)) == 1
    assert [event.data["stage"] for event in await lines(world, "warned")] == ["owner", "lead", "renew"]
    assert [each.state for each in after.promises] == [PromiseState.RENEWED]
    assert after.misses == 1


async def test_the_same_on_sqlite(tmp_path: Path) -> None:
    """Warned, renewed, taken over and kept on the store of one machine, opened anew in between."""
    world = world_of(tmp_path)
    world.store = SqliteStore(tmp_path / "store.db", clock=world.clock)
    await world.store.open()
    try:
        world.restart()
        one = await renewal(world)
        await to(world, one.promise.renew_at, 600)
        await world.store.close()
        world.store = SqliteStore(tmp_path / "store.db", clock=world.clock)
        await world.store.open()
        world.restart()
        after = await world.fresh(one)
        assert len(notes(after, NoteKind.RENEWAL)) == 1
        await world.actions.release(one.id, agent="maria")
        await world.actions.take(one.id, agent="tom")
        await to(world, world.clock.now() + timedelta(minutes=2), 30)
        after = await world.fresh(one)
        assert (after.promise.by, len(notes(after, NoteKind.INTRODUCTION))) == ("tom", 1)
        await world.actions.reply(one.id, Answer(text="Here."), agent="tom")
        await world.send()
        after = await world.fresh(one)
        assert [each.state for each in after.promises] == [PromiseState.RENEWED, PromiseState.KEPT]
    finally:
        await world.store.close()


async def test_prepared_words_survive_a_restart(tmp_path: Path) -> None:
    """What lies before a person lies there after a restart, and is laid out once."""
    world = world_of(tmp_path)
    account(world, "email", one_automatic_reply=True)
    one = await renewal(world)
    await to(world, one.promise.renew_at)
    laid = (await world.fresh(one)).prepared
    world.restart()
    await to(world, one.promise.at - timedelta(minutes=1))
    assert (await world.fresh(one)).prepared == laid
