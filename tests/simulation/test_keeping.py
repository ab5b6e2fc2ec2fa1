"""A promise is looked after until it is kept: warned of, handed on, renewed before it is missed, never twice."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from channels.errors import Refused
from router.answer import Answer
from router.conversation import Conversation, NoteKind, PromiseState, SendState, Status, Why
from router.keeping.laid import Laid
from tests.support.keeping import RULES, account, lines, notes, to, told, world_of
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a service at noon on a Monday, with answers due within four hours."""
    return world_of(tmp_path)


async def owned(world: World, who: str = "maria") -> Conversation:
    """Return a mail that somebody present owns, promised and told."""
    await world.here(who)
    one = await told(world)
    assert one.owner == who
    return one


def promised(one: Conversation) -> tuple[str, bool]:
    """Return who promises, and whether as the owner."""
    assert one.promise is not None
    return one.promise.by, one.promise.owner


# --- warned


async def test_the_owner_is_warned_then_the_lead_each_once(world: World) -> None:
    """At 70 % of the time the owner, at 85 % the lead; a restart in between repeats nothing."""
    one = await owned(world)
    made = one.promise
    assert made is not None
    await to(world, made.warn_at - timedelta(seconds=1))
    assert (await world.fresh(one)).warned == ""
    await to(world, made.warn_at)
    assert (await world.fresh(one)).warned == "owner"
    world.restart()
    await to(world, made.lead_at)
    late = await world.fresh(one)
    assert (late.warned, late.pressing) == ("lead", True)
    stages = [event.data["stage"] for event in await lines(world, "warned")]
    assert stages == ["owner", "lead"]
    length = made.at - made.made_at
    assert (made.warn_at - made.made_at) / length == pytest.approx(0.7, abs=0.01)
    assert (made.lead_at - made.made_at) / length == pytest.approx(0.85, abs=0.01)


async def test_the_shares_are_the_channels_own(tmp_path: Path) -> None:
    """`warn_at` and `lead_at` of the rules say when."""
    world = world_of(tmp_path, RULES.replace("target: 4h,", "target: 4h, warn_at: 50%, lead_at: 60%,"))
    made = (await owned(world)).promise
    assert made is not None
    assert (made.warn_at - made.made_at) / (made.at - made.made_at) == pytest.approx(0.5, abs=0.01)
    assert (made.lead_at - made.made_at) / (made.at - made.made_at) == pytest.approx(0.6, abs=0.01)


# --- renewed


async def test_the_customer_hears_before_the_time_passes(world: World) -> None:
    """One note, before X, in the first person, with an apology, the old time and a new honest one."""
    one = await owned(world)
    made = one.promise
    await to(world, made.renew_at)
    after = await world.fresh(one)
    assert world.clock.now() < made.at
    [text] = notes(after, NoteKind.RENEWAL)
    assert "sorry" in text
    assert "I " in text
    assert f"{made.at.astimezone(world.book.calendar('office').zone):%H:%M}" in text
    [ended] = after.promises
    assert (ended.state, ended.reason) == (PromiseState.RENEWED, Why.HELD_LONG)
    assert after.promise.at >= made.at + timedelta(minutes=15)
    assert (after.promise.renewals, after.misses, after.warned) == (1, 1, "")
    assert after.promise.at.astimezone(world.book.calendar("office").zone).minute % 5 == 0


async def test_a_renewed_promise_can_be_kept(world: World) -> None:
    """The answer by the new time keeps it; the wait ends with nothing left over."""
    one = await owned(world)
    await to(world, one.promise.renew_at)
    await world.actions.reply(one.id, Answer(text="It is on its way."), agent="maria")
    await world.send()
    after = await world.fresh(one)
    assert [each.state for each in after.promises] == [PromiseState.RENEWED, PromiseState.KEPT]
    assert (after.misses, after.warned, after.pressing, after.prepared) == (0, "", False, None)


async def test_an_answer_on_its_way_needs_no_renewal(world: World) -> None:
    """What a person wrote and the provider has not taken yet is no reason to write about time."""
    one = await owned(world)
    await to(world, one.promise.renew_at - timedelta(seconds=1))
    await world.actions.reply(one.id, Answer(text="It is on its way."), agent="maria")
    world.clock.set(one.promise.renew_at)
    await world.timers.tick(slow=True)
    await world.send()
    after = await world.fresh(one)
    assert notes(after, NoteKind.RENEWAL) == []
    assert after.promises[-1].state is PromiseState.KEPT


async def test_an_answer_written_before_the_renewal_left_keeps_the_first_time(world: World) -> None:
    """A renewal that nobody heard never was: the promise runs on as it was told, and is kept."""
    one = await owned(world)
    world.clock.set(one.promise.renew_at)
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).promise.renewals == 1
    await world.actions.reply(one.id, Answer(text="Here it is."), agent="maria")
    await world.send()
    after = await world.fresh(one)
    assert [(each.state, each.at) for each in after.promises] == [(PromiseState.KEPT, one.promise.at)]
    assert notes(after, NoteKind.RENEWAL) == []
    assert [event.kind for event in await lines(world, "renewed", "kept")] == ["kept"]


async def test_a_second_miss_goes_to_the_lead(world: World) -> None:
    """No second renewal: the lead is named, and answers for work that nobody owns."""
    one = await told(world)
    await to(world, one.promise.renew_at)
    second = (await world.fresh(one)).promise
    assert second.renewals == 1
    await to(world, second.renew_at)
    after = await world.fresh(one)
    assert after.accountable == "ines"
    assert "Ines Costa: please write to Ana yourself." in after.flags[-1]
    await to(world, second.at + timedelta(minutes=30))
    last = await world.fresh(one)
    assert last.accountable == "ines"
    assert len(notes(last, NoteKind.RENEWAL)) == 1
    assert [each.state for each in last.promises] == [PromiseState.RENEWED, PromiseState.BROKEN]
    assert last.promise.state is PromiseState.BROKEN


async def test_a_second_miss_of_owned_work_asks_the_lead_by_name(world: World) -> None:
    """Maria keeps the work, Ines is asked once to write, and does; the line names the wait's time."""
    one = await owned(world)
    await to(world, one.promise.renew_at)
    second = (await world.fresh(one)).promise
    await to(world, second.renew_at)
    world.restart()
    await to(world, second.at + timedelta(minutes=1))
    after = await world.fresh(one)
    assert (after.owner, after.accountable, after.misses, after.pressing) == ("maria", "maria", 2, True)
    [asked] = [flag for flag in after.flags if flag.startswith("Ines Costa: please write to Ana yourself.")]
    local = second.at.astimezone(world.book.calendar("office").zone)
    assert f"the last on Monday 23 November {local:%H:%M}" in asked
    await world.actions.reply(one.id, Answer(text="Ines here."), agent="ines")
    await world.send()
    assert (await world.fresh(one)).waiting_since is None


async def test_a_chat_is_told_a_minute_ahead(world: World) -> None:
    """Times in minutes leave a minute to read the new one, which lies at least minutes later."""
    (one,) = await world.take(world.chat_from())
    await world.send()
    one = await world.fresh(one)
    made = one.promise
    assert made.at - made.renew_at >= min(timedelta(minutes=1), (made.at - made.made_at) / 2)
    await to(world, made.renew_at, 5)
    after = await world.fresh(one)
    assert len(notes(after, NoteKind.RENEWAL)) == 1
    assert after.promise.at > made.at
    assert world.clock.now() < made.at


# --- where software may not write


def laid(world: World) -> Laid:
    """Return what people do with prepared words."""
    return Laid(world.store, world.events, world.clock, lambda: world.house)


async def prepared(world: World, one: Conversation) -> Conversation:
    """Let the time of the renewal come; return the conversation with words laid before a person."""
    await to(world, one.promise.renew_at)
    after = await world.fresh(one)
    assert notes(after, NoteKind.RENEWAL) == []
    assert after.prepared is not None
    assert after.promise == one.promise
    return after


async def test_one_automatic_message_is_all_a_platform_allows(world: World) -> None:
    """The words are laid before the owner, who sends them as their own: an update, and no answer."""
    account(world, "email", one_automatic_reply=True)
    one = await prepared(world, await owned(world))
    assert one.prepared.by == "maria"
    assert "no second automatic message" in one.prepared.reason
    done = await laid(world).send(one.id, agent="maria")
    await world.send()
    after = await world.fresh(done)
    assert world.mail.sent[-1].text == one.prepared.text
    assert not world.mail.sent[-1].automatic
    assert (after.status, after.waiting_since, after.prepared) == (Status.OPEN, one.waiting_since, None)
    assert (after.promise.at, after.promise.by) == (one.prepared.promise_at, "maria")
    assert [each.state for each in after.promises] == [PromiseState.RENEWED]
    assert await lines(world, "answered") == []
    await world.actions.reply(one.id, Answer(text="Found it."), agent="maria")
    await world.send()
    assert (await world.fresh(one)).promise.state is PromiseState.KEPT


async def test_a_person_may_change_the_words(world: World) -> None:
    """What is sent is what they wrote; pressing twice sends once."""
    account(world, "email", one_automatic_reply=True)
    one = await prepared(world, await owned(world))
    for _ in range(2):
        await laid(world).send(one.id, agent="maria", text="Sorry, Ana. Five o'clock.")
    await world.send()
    assert [out.text for out in world.mail.sent].count("Sorry, Ana. Five o'clock.") == 1


async def test_words_that_are_set_aside_promise_nothing(world: World) -> None:
    """Whoever writes themselves lets the prepared words go; the time said before stays."""
    account(world, "email", one_automatic_reply=True)
    one = await prepared(world, await owned(world))
    after = await laid(world).drop(one.id, agent="maria")
    assert (after.prepared, after.promise) == (None, one.promise)


async def test_prepared_words_not_sent_in_time_break_the_promise(world: World) -> None:
    """The time passes: the promise is broken, and the words say so now."""
    account(world, "email", one_automatic_reply=True)
    one = await prepared(world, await owned(world))
    await to(world, one.promise.at)
    after = await world.fresh(one)
    assert after.promise.state is PromiseState.BROKEN
    assert after.misses == 1
    assert "missed it" in after.prepared.text or "wasn't there" in after.prepared.text


async def test_at_night_the_words_wait_for_a_person(tmp_path: Path) -> None:
    """Nobody is written to unasked after nine in the evening; a promise that ends before eight is a person's."""
    world = world_of(tmp_path, RULES.replace('mon-fri: ["08:00-18:00"]', 'mon-sun: ["00:00-24:00"]'))
    world.clock.move(7 * 3600)  # 19:00 in Copenhagen; X is at 23:00
    one = await prepared(world, await owned(world))
    assert "night" in one.prepared.reason


async def test_paused_notes_are_prepared(world: World) -> None:
    """While notes are paused a person is shown what would have been said."""
    one = await owned(world)
    world.house = replace(world.house, paused=True)
    assert "paused" in (await prepared(world, one)).prepared.reason


# --- handed on


async def test_an_owner_who_is_gone_at_the_last_is_relieved(world: World) -> None:
    """In their shift, but not at their desk when it runs short: somebody present gets it, ahead of the rest."""
    one = await owned(world)
    await world.actions.presence("maria", said="")
    await world.here("tom")
    await to(world, one.promise.lead_at)
    after = await world.fresh(one)
    assert after.owner == "tom"
    assert "Maria Jensen is not here" in " ".join(after.flags)
    assert await world.claims("maria") == 0
    assert await world.claims("tom") == 1


async def test_it_stays_where_nobody_else_could_take_it(world: World) -> None:
    """Work that only moves helps nobody."""
    one = await owned(world)
    await world.actions.presence("maria", said="")
    await to(world, one.promise.lead_at)
    assert (await world.fresh(one)).owner == "maria"


async def test_an_owner_with_more_urgent_work_than_time_is_relieved(world: World) -> None:
    """What lies before it takes longer than the time left: somebody else keeps the promise."""
    await world.here("maria")
    cases = []
    for number in range(5):
        cases.append(await told(world, world.mail_from(f"c{number}@example.org")))
        world.clock.move(1)
    await world.here("tom")
    last = cases[-1]
    assert {case.owner for case in cases} == {"maria"}
    await to(world, last.promise.lead_at)
    owners = [(await world.fresh(case)).owner for case in cases]
    assert "tom" in owners
    moved = await world.fresh(cases[owners.index("tom")])
    assert "has more urgent work than time" in " ".join(moved.flags)
    assert await world.claims("maria") == owners.count("maria")


async def test_late_from_birth_opens_the_queue_to_those_who_help_out(tmp_path: Path) -> None:
    """A promise beyond its target is open to the overflow queue at once; one in time is not."""
    world = world_of(tmp_path)
    await world.here("ines")
    in_time = await told(world)
    await world.timers.tick(slow=False)
    assert (await world.fresh(in_time)).owner == ""
    tight = RULES.replace("email: {target: 4h,", "email: {target: 10m,")
    world = world_of(tmp_path, tight)
    world.clock.move(17 * 3600)  # 05:00, closed: nobody can keep ten minutes
    one = await told(world)
    assert one.promise.late
    await world.here("ines")
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).owner == "ines"


# --- a new owner


async def test_a_new_owner_introduces_themselves_and_keeps_the_time(world: World) -> None:
    """After a minute the customer hears who has it now, in place of whom, by the same time."""
    one = await owned(world)
    await world.actions.release(one.id, agent="maria")
    await world.actions.take(one.id, agent="tom")
    await to(world, world.clock.now() + timedelta(seconds=59), 10)
    assert notes(await world.fresh(one), NoteKind.INTRODUCTION) == []
    await to(world, world.clock.now() + timedelta(seconds=1), 1)
    after = await world.fresh(one)
    [text] = notes(after, NoteKind.INTRODUCTION)
    assert "Tom Berg" in text
    assert "Maria Jensen" in text
    assert f"{one.promise.at.astimezone(world.book.calendar('office').zone):%H:%M}" in text
    assert promised(after) == ("tom", True)
    assert (after.promise.at, after.promises) == (one.promise.at, ())
    assert [event.agent for event in await lines(world, "taken over")] == ["tom"]
    await to(world, world.clock.now() + timedelta(minutes=5))
    assert len(notes(await world.fresh(one), NoteKind.INTRODUCTION)) == 1


async def test_an_introduction_at_night_waits_for_the_customers_morning(world: World) -> None:
    """At six in New York it is laid out for eight, where the promised time still lies well ahead."""
    await world.here("maria")
    one = await told(world, world.mail_from(zone="America/New_York"))
    assert one.owner == "maria"
    await world.actions.release(one.id, agent="maria")
    await world.actions.take(one.id, agent="tom")
    await to(world, world.clock.now() + timedelta(minutes=2), 10)
    [item] = [each for each in (await world.fresh(one)).outbox if each.note is NoteKind.INTRODUCTION]
    assert (item.state, item.next_at) == (
        SendState.PENDING,
        world.clock.now().replace(hour=13, minute=0, second=0),
    )


async def test_whoever_answers_at_once_needs_no_introduction(world: World) -> None:
    """The answer introduces them."""
    one = await owned(world)
    await world.actions.release(one.id, agent="maria")
    await world.actions.take(one.id, agent="tom")
    await world.actions.reply(one.id, Answer(text="Tom here."), agent="tom")
    await to(world, world.clock.now() + timedelta(minutes=5))
    after = await world.fresh(one)
    assert notes(after, NoteKind.INTRODUCTION) == []
    assert after.promise.state is PromiseState.KEPT


async def test_a_colleague_who_was_announced_needs_none(world: World) -> None:
    """The note said "from me or Tom": when Tom takes it, the customer knows."""
    one = await told(world)
    assert promised(one) == ("maria", False)
    await world.actions.take(one.id, agent="tom")
    await to(world, world.clock.now() + timedelta(minutes=5))
    after = await world.fresh(one)
    assert notes(after, NoteKind.INTRODUCTION) == []
    assert promised(after) == ("maria", False)


async def test_where_a_second_note_may_not_go_only_the_promise_moves(world: World) -> None:
    """On a platform that allows one automatic message nobody introduces themselves by software."""
    account(world, "email", one_automatic_reply=True)
    one = await owned(world)
    await world.actions.release(one.id, agent="maria")
    await world.actions.take(one.id, agent="tom")
    await to(world, world.clock.now() + timedelta(minutes=2))
    after = await world.fresh(one)
    assert notes(after, NoteKind.INTRODUCTION) == []
    assert promised(after) == ("tom", True)


# --- absences


async def test_an_absence_is_acted_on_within_a_tick(world: World) -> None:
    """Sick until tomorrow: what was promised for today goes to somebody present at once, who keeps the time."""
    one = await owned(world)
    await world.here("tom")
    await world.timers.tick(slow=False)
    await world.actions.presence("maria", said="away", until=world.clock.now() + timedelta(days=1))
    await world.timers.tick(slow=False)
    after = await world.fresh(one)
    assert after.owner == "tom"
    assert await world.claims("maria") == 0
    await to(world, world.clock.now() + timedelta(seconds=61), 5)
    after = await world.fresh(one)
    assert len(notes(after, NoteKind.INTRODUCTION)) == 1
    assert (after.promise.by, after.promise.at) == ("tom", one.promise.at)


async def test_what_can_wait_for_its_owner_waits(world: World) -> None:
    """Away for an hour, promised for later: it stays."""
    one = await owned(world)
    await world.here("tom")
    await world.actions.presence("maria", said="away", until=world.clock.now() + timedelta(hours=1))
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).owner == "maria"


async def test_another_duty_person_takes_over_what_nobody_owns(world: World) -> None:
    """The one who said that they see to it is away past the time: a colleague sees to it, and says so."""
    one = await told(world)
    assert promised(one) == ("maria", False)
    await world.actions.presence("maria", said="away", until=world.clock.now() + timedelta(days=1))
    await world.timers.tick(slow=False)
    await world.send()
    after = await world.fresh(one)
    assert after.accountable == "tom"
    assert promised(after) == ("tom", False)
    assert after.promise.at == one.promise.at
    [text] = notes(after, NoteKind.INTRODUCTION)
    assert "Tom" in text
    await to(world, world.clock.now() + timedelta(minutes=3))
    assert len(notes(await world.fresh(one), NoteKind.INTRODUCTION)) == 1


async def test_when_everybody_is_away_the_customer_hears_early(world: World) -> None:
    """Nobody will be there before the time: it is renewed when that becomes known, not at the last minute."""
    one = await owned(world)
    tomorrow = world.clock.now() + timedelta(hours=21)
    for who in ("maria", "tom", "ines"):
        await world.actions.presence(who, said="away", until=tomorrow)
    await to(world, world.clock.now() + timedelta(seconds=10), 1)
    after = await world.fresh(one)
    assert len(notes(after, NoteKind.RENEWAL)) == 1
    assert after.promise.at > tomorrow
    assert after.promises[-1].reason == Why.AWAY


async def test_nobody_is_promised_what_nobody_is_there_for(world: World) -> None:
    """Everybody is away until tomorrow already: the first note says a time after that, and stands."""
    tomorrow = world.clock.now() + timedelta(hours=21)
    for who in ("maria", "tom", "ines"):
        await world.actions.presence(who, said="away", until=tomorrow)
    one = await told(world)
    assert one.promise.at > tomorrow
    assert one.promise.late
    assert "Nobody who may answer is there before" in one.promise.explanation[0]
    await to(world, world.clock.now() + timedelta(minutes=2), 10)
    assert notes(await world.fresh(one), NoteKind.RENEWAL) == []


async def test_the_end_of_a_shift_hands_on_what_falls_due_before_the_next(tmp_path: Path) -> None:
    """At the end of the shift what was promised for the evening goes to whoever is on."""
    rules = RULES.replace(
        'office: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-18:00"]}}',
        'office: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-18:00"]}}\n'
        '  evening: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-22:00"]}}',
    )
    head, middle = rules.split("  tom:", 1)
    world = world_of(tmp_path, head + "  tom:" + middle.replace("hours: office", "hours: evening", 1))
    world.clock.move(4 * 3600)  # 16:00
    await world.actions.heartbeat("maria")
    one = await told(world)
    await world.actions.take(one.id, agent="maria")
    await world.here("tom")
    await to(world, world.clock.now().replace(hour=17, minute=0), 300)
    after = await world.fresh(one)
    assert after.owner == "tom"


# --- after a stop


async def test_a_time_that_passed_while_we_were_down_is_owned_up_to(world: World) -> None:
    """The promise is broken, and the note says that it was missed."""
    one = await owned(world)
    world.clock.set(one.promise.at + timedelta(hours=1))
    world.restart()
    await world.timers.tick(slow=True)
    await world.send()
    after = await world.fresh(one)
    assert [each.state for each in after.promises] == [PromiseState.BROKEN]
    [text] = notes(after, NoteKind.RENEWAL)
    assert "missed it" in text or "wasn't there" in text or "didn't" in text
    assert after.promise.state is PromiseState.MADE
    assert after.misses == 1


async def test_after_too_long_nothing_automatic_is_said(world: World) -> None:
    """Beyond what a note is of use for, a person writes."""
    one = await owned(world)
    world.clock.set(one.promise.at + timedelta(hours=16))
    await world.timers.tick(slow=True)
    await world.send()
    after = await world.fresh(one)
    assert notes(after, NoteKind.RENEWAL) == []
    assert after.promise.state is PromiseState.BROKEN


async def test_what_was_set_aside_too_long_comes_back(world: World) -> None:
    """Snoozed until the promised time itself: it is on the desk again when the lead is told."""
    one = await owned(world)
    await world.actions.snooze(one.id, agent="maria", until=one.promise.at)
    await to(world, one.promise.lead_at - timedelta(minutes=1))
    assert (await world.fresh(one)).status is Status.SNOOZED
    await to(world, one.promise.lead_at)
    assert (await world.fresh(one)).status is Status.OPEN


async def test_who_no_longer_agrees_sends_the_words_themselves(world: World) -> None:
    """Consent was taken back after the first note: the words are laid before the owner."""
    one = await owned(world)
    world.house = replace(world.house, voices={})
    assert "has not agreed" in (await prepared(world, one)).prepared.reason


async def test_a_renewal_that_the_provider_refuses_is_laid_before_a_person(world: World) -> None:
    """Nobody heard it: the first time goes on, and its words wait for the owner."""
    one = await owned(world)
    world.mail.outcomes.append(Refused("mailbox full"))
    await to(world, one.promise.renew_at + timedelta(minutes=2))
    after = await world.fresh(one)
    assert notes(after, NoteKind.RENEWAL) == []
    assert after.promise.at == one.promise.at
    assert after.prepared is not None
    assert await lines(world, "renewed") == []


async def test_enough_notes_a_day_are_enough(world: World) -> None:
    """After three automatic mails in a day the new time is a person's to tell."""
    await world.here("maria")
    cases = [await told(world, world.mail_from(subject=f"Question {number}")) for number in range(3)]
    one = cases[-1]
    await to(world, one.promise.renew_at + timedelta(minutes=2))
    after = await world.fresh(one)
    assert len(world.mail.sent) == 3
    assert after.prepared is not None
    assert after.promise.at == one.promise.at


async def test_in_a_chat_the_new_owner_is_there_at_once(world: World) -> None:
    """The customer looks on: half a minute is enough to see whether an answer comes."""
    await world.here("maria")
    (one,) = await world.take(world.chat_from())
    await to(world, world.clock.now() + timedelta(seconds=61), 1)
    one = await world.fresh(one)
    assert promised(one) == ("maria", True)
    late = world.clock.now()
    await world.here("tom")
    await world.actions.release(one.id, agent="maria")
    await world.actions.take(one.id, agent="tom")
    await to(world, late + timedelta(seconds=32), 1)
    after = await world.fresh(one)
    assert after.promise.by == "tom"
