"""Whoever was ignored too long hears an apology first, and nobody else does."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from channels.errors import NotSent
from channels.message import Kind, Message
from router.answer import Answer
from tests.support.world import RULES, World

USEFUL = RULES.replace("email: {target: 24h,", "email: {target: 24h, note_useful_for: 3d,")
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a service whose notes are of use for three days."""
    return World(tmp_path, USEFUL)


async def first_note(world: World, message: Message) -> str:
    """Return the words of the first note that goes out for the message."""
    before = len(world.mail.sent)
    await world.take(message)
    await world.send()
    notes = [out for out in world.mail.sent[before:] if out.automatic]
    assert len(notes) == 1
    return notes[0].text


def sorry(text: str) -> bool:
    """Tell whether the first line says sorry for the wait."""
    return "sorry" in text.split(".", maxsplit=1)[0].casefold() or "sorry" in text.splitlines()[0].casefold()


async def test_who_hears_at_once_hears_no_apology(world: World) -> None:
    """A note within the time needs none, nor does one that is some hours late but before it is due."""
    assert not sorry(await first_note(world, world.mail_from()))
    message = world.mail_from(who="ben@example.org")
    world.clock.move(5 * HOUR_S)
    assert not sorry(await first_note(world, message))


async def test_who_is_past_due_hears_one(world: World) -> None:
    """After downtime a note that is still of use, but later than the answer should have been, says sorry first."""
    message = world.mail_from(text="I want a refund.")
    world.clock.move(4 * HOUR_S + 600)
    assert sorry(await first_note(world, message))


async def test_after_a_day_of_silence_everybody_hears_one(tmp_path: Path) -> None:
    """A day without a word is too long, whatever the target allows."""
    world = World(tmp_path, USEFUL.replace("target: 24h", "target: 5d"))
    message = world.mail_from()
    world.clock.move(DAY_S + 600)
    assert sorry(await first_note(world, message))


async def test_a_note_that_could_not_leave_says_sorry_when_it_does(world: World) -> None:
    """The provider was down until the promised time had passed: time and words are made anew, with an apology."""
    world.mail.outcomes += [NotSent("down")]
    (one,) = await world.take(world.mail_from())
    await world.send()
    assert one.promise is not None
    world.clock.set(one.promise.at + timedelta(minutes=5))
    await world.send()
    [out] = world.mail.sent
    assert sorry(out.text)


async def test_a_wait_that_was_closed_unanswered_is_owned_up_to(world: World) -> None:
    """Somebody closed it without a word, and the customer writes again days later."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.send()
    sent = f"sent-{world.mail.sent[0].id}@email.invalid"
    world.clock.move(HOUR_S)
    await world.actions.resolve(one.id, agent="maria")
    world.clock.move(3 * DAY_S)
    assert sorry(await first_note(world, world.mail_from(subject="Re: Parcel", references=(sent,))))


async def test_a_broken_promise_that_nobody_made_good_is_owned_up_to(world: World) -> None:
    """The time passed, nobody answered, it was closed: the next first note begins with that."""
    world.house = replace(world.house, paused=False)
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.send()
    sent = f"sent-{world.mail.sent[0].id}@email.invalid"
    world.clock.move(DAY_S + HOUR_S)
    world.house = replace(world.house, paused=True)
    await world.timers.tick(slow=False)
    world.house = replace(world.house, paused=False)
    await world.actions.resolve(one.id, agent="maria")
    world.clock.move(HOUR_S)
    assert sorry(await first_note(world, world.mail_from(subject="Re: Parcel", references=(sent,))))


async def test_a_wait_that_was_answered_is_no_debt(world: World) -> None:
    """Late or not, a person answered and said what there was to say: the next matter begins plainly."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.send()
    world.clock.move(3 * DAY_S)
    await world.timers.tick(slow=False)
    await world.actions.reply(one.id, Answer(text="Sorry, it took me long.", resolve=True), agent="maria")
    await world.send()
    answer = f"sent-{world.mail.sent[-1].id}@email.invalid"
    world.clock.move(9 * DAY_S)
    assert not sorry(await first_note(world, world.mail_from(subject="Re: Parcel", references=(answer,))))


async def test_an_answer_from_elsewhere_counts_as_one(world: World) -> None:
    """A colleague answered from their mail program: nobody was ignored."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.send()
    sent = f"sent-{world.mail.sent[0].id}@email.invalid"
    world.clock.move(HOUR_S)
    await world.take(world.mail_from(kind=Kind.AGENT, who="maria@example.com", references=(sent,)))
    world.clock.move(3 * DAY_S)
    again = world.mail_from(subject="Re: Parcel", references=(sent,))
    assert not sorry(await first_note(world, again))
    assert (await world.conversation(again)).id == one.id


async def test_a_chat_note_after_its_pause_needs_none(world: World) -> None:
    """The note that waited a minute for a person to answer is no late word."""
    await world.here("maria")
    await world.take(world.chat_from())
    world.clock.move(61)
    await world.timers.tick(slow=False)
    await world.send()
    [out] = world.chat.sent
    assert not sorry(out.text)
