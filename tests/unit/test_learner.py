"""What is learnt from the log: every line once, whoever learns and however often they fall over."""

from datetime import timedelta

import pytest

from router.answer import Answer
from router.conversation import Event
from router.errors import StoreDown
from router.foresight import Foresight
from router.learner import HANDS, KIND, Learner, learnt_of
from router.testing import MemoryStore
from tests.support.world import World


@pytest.fixture
def world(tmp_path) -> World:
    """Return a service on twins."""
    return World(tmp_path)


async def answered(world: World, count: int) -> None:
    """Let so many mails come in, be noted and be answered by Maria, ten minutes apart."""
    await world.here("maria")
    for number in range(count):
        message = world.mail_from(f"c{number}@example.org")
        await world.take(message)
        await world.send()
        world.clock.move(600)
        one = await world.conversation(message)
        await world.actions.reply(one.id, Answer(text="Here it is."), agent="maria")
        await world.send()


async def test_answers_are_learnt_from_the_log(world) -> None:
    """Handling time, answers and arrivals of a channel follow from what happened."""
    await answered(world, 5)
    await Learner(world.store, lambda: world.house).run()
    (email,) = (await learnt_of(world.store)).values()
    _, state = email
    assert (state.channel, state.answers, state.handled) == ("email", 5, 5)
    assert state.handle_s == pytest.approx(600.0)
    assert len(state.actuals) == 5


async def test_a_wait_that_ended_says_all_that_is_learnt_from_it(world) -> None:
    """The line names arrival, promise, answer and who gave it."""
    await answered(world, 1)
    lines = [line for _, line in await world.store.log(after=0, limit=100)]
    (waiting,) = [line for line in lines if line.kind == "waiting"]
    (waited,) = [line for line in lines if line.kind == "waited"]
    assert waiting.data["lane"].startswith("general|email|en|")
    assert (waited.agent, waited.data["how"], waited.data["renewals"]) == ("maria", "answered", 0)
    assert waited.at - timedelta(seconds=600) == waiting.at
    assert waited.data["first"] == waited.data["last"] != ""


async def test_pieces_and_restarts_teach_the_same_as_the_whole(world) -> None:
    """A learner made anew after every line ends where one that read all at once ends, as does one beside it."""
    await answered(world, 4)
    whole = list(await world.store.log(after=0, limit=1000))
    once = MemoryStore(world.clock)
    await once.append([line for _, line in whole])
    await Learner(once, lambda: world.house).run()

    bits = MemoryStore(world.clock)
    rival = Learner(bits, lambda: world.house)
    for _, line in whole:
        await bits.append([line])
        await Learner(bits, lambda: world.house).run()
        await rival.run()
        await rival.run()
    assert {name: state for name, (_, state) in (await learnt_of(bits)).items()} == {
        name: state for name, (_, state) in (await learnt_of(once)).items()
    }


@pytest.mark.parametrize("written", [0, 1, 2])
async def test_a_store_that_fails_while_it_learns_costs_no_line(world, monkeypatch, written) -> None:
    """Whichever document could not be written, the same learner teaches the whole once the store is back."""
    await answered(world, 2)
    line = Event(at=world.clock.now(), kind="waiting", channel="forum", data={"rank": 2})
    await world.store.append([line])
    whole = MemoryStore(world.clock)
    await whole.append([each for _, each in await world.store.log(after=0, limit=1000)])
    await Learner(whole, lambda: world.house).run()
    put, left = world.store.put_record, iter([True] * written)

    async def failing(record) -> bool:
        if next(left, False):
            return await put(record)
        raise StoreDown

    learner = Learner(world.store, lambda: world.house)
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "put_record", failing)
        with pytest.raises(StoreDown):
            await learner.run()
    await learner.run()
    assert {name: state for name, (_, state) in (await learnt_of(world.store)).items()} == {
        name: state for name, (_, state) in (await learnt_of(whole)).items()
    }


async def test_a_quiet_channel_does_not_make_a_restart_read_everything_again(world, monkeypatch) -> None:
    """A document that fell behind is written again, so that the next learner begins near the end."""
    monkeypatch.setattr("router.learner.LAG", 10)
    await answered(world, 1)
    await Learner(world.store, lambda: world.house).run()
    await world.store.append(
        [Event(at=world.clock.now(), kind="waiting", channel="forum", data={"rank": 2}) for _ in range(30)]
    )
    learner = Learner(world.store, lambda: world.house)
    await learner.run()
    last = (await world.store.log(after=0, limit=1000))[-1][0]
    kept = {one.id: one.value["after"] for one in await world.store.records(KIND, 10)}
    assert kept == {"email": last, "forum": last, HANDS: last}


async def test_a_day_on_which_all_were_away_teaches_nothing_about_how_work_drains(world) -> None:
    """Open time until the answer is that of the plan which the promise was made on, not that of the weekly hours."""
    foresight, back = Foresight(world.store, world.clock), world.clock.now() + timedelta(hours=22)
    for agent in ("maria", "tom"):
        await world.actions.presence(agent, said="away", until=back)
    mails = [world.mail_from(f"c{number}@example.org") for number in range(5)]
    for message in mails:
        world.house = await foresight.refreshed(world.house)
        await world.take(message)
        await world.send()
        world.clock.move(60)
    world.clock.move((back - world.clock.now()).total_seconds())
    for message in mails:
        world.clock.move(600)
        one = await world.conversation(message)
        await world.actions.reply(one.id, Answer(text="Here it is."), agent="maria")
        await world.send()
    await Learner(world.store, lambda: world.house).run()
    ((_, state),) = (await learnt_of(world.store)).values()
    assert len(state.scores) == 5
    assert max(state.scores) < 3.0
    assert max(state.actuals) < 3600.0
    assert state.drift_closed.ratio < 1.3
