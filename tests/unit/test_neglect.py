"""From the second day on somebody is told, each day once, that a customer has had no answer."""

from datetime import timedelta
from pathlib import Path

import pytest

from channels.message import Kind
from router.answer import Answer
from router.conversation import Conversation, Event, Status
from tests.support.world import RULES, World

LOW = """
  - name: Newsletters can wait
    when: {text: {contains_any: [newsletter]}}
    then: {priority: low}
"""
DAY_S = 86400.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a service with a rule for what can wait."""
    return World(tmp_path, RULES + LOW)


async def later(world: World, seconds: float) -> None:
    """Let time pass, and the timers look twice."""
    world.clock.move(seconds)
    await world.timers.tick(slow=False)
    await world.timers.tick(slow=False)


def told(one: Conversation) -> list[str]:
    """Return the warnings about the wait."""
    return [flag for flag in one.flags if "has waited" in flag]


async def lines(world: World) -> list[Event]:
    """Return what the log says about it."""
    return [line for _, line in await world.store.log(after=0, limit=500) if line.kind == "neglected"]


async def test_each_day_from_the_second_on_once(world: World) -> None:
    """Who waits since yesterday is named with the lead; a day later again; then the answer ends it."""
    (one,) = await world.take(world.mail_from())
    await later(world, DAY_S - 1)
    assert not told(await world.fresh(one))
    await later(world, 1)
    [first] = told(await world.fresh(one))
    assert "Ana has waited since yesterday" in first
    assert "since Monday 23 November 12:00" in first
    assert "Tom Berg" in first
    assert (await world.fresh(one)).alerted
    await later(world, DAY_S)
    [second] = told(await world.fresh(one))
    assert "Ana has waited for 2 days" in second
    assert [(line.data["days"], line.data["lead"]) for line in await lines(world)] == [(1, "tom"), (2, "tom")]
    await world.actions.reply(one.id, Answer(text="Sorry!"), agent="maria")
    await world.send()
    await later(world, DAY_S)
    done = await world.fresh(one)
    assert told(done) == [second]
    assert done.neglect_at is None
    assert not done.alerted


async def test_sundays_count_as_days(world: World) -> None:
    """The customer counts days, not opening hours."""
    world.clock.set(world.clock.now() + timedelta(days=5))
    (one,) = await world.take(world.mail_from())
    await later(world, DAY_S)
    assert "since Saturday 28 November" in told(await world.fresh(one))[0]


async def test_days_that_were_slept_through_are_told_at_once_and_as_one(world: World) -> None:
    """After a stop of three days one warning says so, and the next comes on the day after."""
    (one,) = await world.take(world.mail_from())
    await later(world, 3 * DAY_S + 3600)
    [only] = told(await world.fresh(one))
    assert "for 3 days" in only
    assert (await world.fresh(one)).neglect_at == one.neglect_at + timedelta(days=3)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [("newsletter", "low", "normal"), ("parcel", "normal", "high"), ("refund", "high", "high")],
)
async def test_it_moves_up_by_one_priority(world: World, text: str, before: str, after: str) -> None:
    """On the second day it comes before its like, and on the third no further; urgent stays the rules' word."""
    (one,) = await world.take(world.mail_from(text=text))
    assert one.priority == before
    await later(world, DAY_S)
    assert (await world.fresh(one)).priority == after
    await later(world, DAY_S)
    assert (await world.fresh(one)).priority == after


async def test_the_next_wait_begins_anew(world: World) -> None:
    """Who was answered and writes again waits from then on."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.actions.reply(one.id, Answer(text="Here."), agent="maria")
    await world.send()
    world.clock.move(5 * DAY_S)
    (again,) = await world.take(world.mail_from(subject="Re: Parcel"))
    assert again.id == one.id
    assert again.neglect_at == world.clock.now() + timedelta(days=1)
    await later(world, DAY_S)
    assert len(told(await world.fresh(one))) == 1


async def test_writing_again_does_not_set_the_clock_back(world: World) -> None:
    """The wait counts from its first message."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    world.clock.move(DAY_S / 2)
    (again,) = await world.take(world.mail_from(subject="Re: Parcel"))
    assert again.neglect_at == one.neglect_at


async def test_what_is_held_for_review_is_not_said_to_be_neglected(world: World) -> None:
    """Spam is nobody's customer; let in on the third day, it is told on the next."""
    (one,) = await world.take(world.mail_from(text="You won the lottery"))
    await later(world, 2 * DAY_S)
    assert not told(await world.fresh(one))
    await world.actions.unhold(one.id, agent="maria")
    await later(world, DAY_S)
    assert len(told(await world.fresh(one))) == 1


async def test_an_answer_on_its_way_is_an_answer(world: World) -> None:
    """A day of trying to send is the sender's trouble, told elsewhere."""
    (one,) = await world.take(world.mail_from())
    await world.actions.reply(one.id, Answer(text="Here."), agent="maria")
    await later(world, DAY_S)
    assert not told(await world.fresh(one))


async def test_a_time_the_customer_asked_for_is_no_delay(world: World) -> None:
    """Who wants to be called on Thursday has not waited since Monday."""
    thursday = world.clock.now() + timedelta(days=3)
    (one,) = await world.take(world.mail_from(not_before=thursday))
    assert one.neglect_at == thursday + timedelta(days=1)
    await later(world, 2 * DAY_S)
    assert not told(await world.fresh(one))


async def test_a_snoozed_customer_waits_all_the_same(world: World) -> None:
    """Setting it aside hides nothing."""
    (one,) = await world.take(world.mail_from())
    await world.send()
    world.clock.move(60)
    until = world.clock.now() + timedelta(hours=20)
    snoozed = await world.actions.snooze(one.id, agent="maria", until=until)
    assert snoozed.status is Status.SNOOZED
    await later(world, DAY_S)
    assert len(told(await world.fresh(one))) == 1


async def test_a_merged_wait_keeps_its_days(world: World) -> None:
    """The survivor waits since the earlier of the two."""
    (old,) = await world.take(world.mail_from(subject="Parcel"))
    world.clock.move(DAY_S / 2)
    (new,) = await world.take(world.mail_from(subject="Invoice"))
    done = await world.actions.merge(old.id, into=new.id, agent="maria")
    assert done.neglect_at == old.neglect_at
    (answered,) = await world.take(world.mail_from(who="ben@example.org", subject="Question"))
    await world.actions.reply(answered.id, Answer(text="Here."), agent="maria")
    await world.send()
    (waiting,) = await world.take(world.mail_from(who="ben@example.org", subject="Other"))
    done = await world.actions.merge(waiting.id, into=answered.id, agent="maria")
    assert done.neglect_at == waiting.neglect_at


async def test_what_we_opened_ourselves_counts_from_then(world: World) -> None:
    """An answer that bounced makes its customer wait again, and is not forgotten for days."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.actions.reply(one.id, Answer(text="Here."), agent="maria")
    await world.send()
    sent = f"sent-{world.mail.sent[-1].id}@email.invalid"
    await world.take(world.mail_from(kind=Kind.STATUS, about=sent, references=(sent,), reason="full"))
    assert (await world.fresh(one)).status is Status.OPEN
    await later(world, DAY_S)
    assert len(told(await world.fresh(one))) == 1


async def test_a_name_that_is_none_is_left_out(world: World) -> None:
    """What strangers call themselves is not repeated to colleagues unless it is a name."""
    message = world.mail_from(who="http://evil.example@example.org")
    (one,) = await world.take(message)
    await later(world, DAY_S)
    assert "This customer has waited" in told(await world.fresh(one))[0]
