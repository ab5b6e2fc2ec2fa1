"""What goes wrong beside a promise: an answer that fails, a stand-in, one conversation that nothing can handle."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from channels.errors import ChannelError, NotSent, Refused
from router.answer import Answer
from router.conversation import Conversation, NoteKind, PromiseState, SendState, Status
from router.health.told import heard
from router.journal import changed
from router.keeping import renewal
from router.keeping.laid import Laid
from router.ports import Commit
from router.timers import BATCH
from router.voice.until import Asker, Wanted
from tests.support.keeping import RULES, account, lines, notes, to, told, world_of
from tests.support.world import World

#: A time with which nobody can reckon.
FAR = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
TWO_OFFICES = RULES.replace(
    "agents:", '  late: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-23:00"]}}\nagents:'
)


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


async def spoil(world: World, one: Conversation, **fields: object) -> None:
    """Write something into the conversation that no step can handle."""
    before = await world.fresh(one)
    outcome = await world.store.commit(Commit(changes=[changed(before, replace(before, **fields))]))
    assert all(outcome.changes)


# --- whose hours count


async def test_another_time_lies_in_the_hours_of_whoever_answers(tmp_path: Path) -> None:
    """Ines speaks for Maria and works until eleven at night; Maria, who answers, goes home at six."""
    ines = "ines: {name: Ines Costa, email: ines@example.com, queues: [desk], languages: [en],"
    assert ines in TWO_OFFICES
    head, _, rest = TWO_OFFICES.partition(ines)
    world = world_of(tmp_path, head + ines + rest.replace("hours: office", "hours: late", 1))
    world.house = replace(world.house, voices={"ines": frozenset({"email"})})
    world.clock.set(datetime(2026, 11, 23, 13, 0, tzinfo=UTC))
    one = await owned(world)
    assert one.promise.by == "ines"
    await to(world, one.promise.renew_at, 600)
    after = await world.fresh(one)
    assert after.promise.renewals == 1
    local = after.promise.at.astimezone(world.book.calendar("office").zone)
    assert (local.day, 8 <= local.hour < 18) == (24, True)


# --- an absence and something else in the same moment


async def test_an_owner_who_leaves_as_they_are_warned_has_colleagues(world: World) -> None:
    """Maria goes home sick in the very second of her warning; Tom is here: he keeps the time, nobody moves it."""
    one = await owned(world)
    await to(world, one.promise.warn_at - timedelta(seconds=1), 600)
    await world.here("tom")
    await world.actions.presence("maria", said="away", until=world.clock.now() + timedelta(days=2))
    await to(world, one.promise.warn_at + timedelta(minutes=5), 1)
    after = await world.fresh(one)
    assert (after.owner, after.promise.by, after.promise.at) == ("tom", "tom", one.promise.at)
    assert notes(after, NoteKind.RENEWAL) == []


# --- who said it


async def test_nobody_says_that_they_said_what_another_did(world: World) -> None:
    """Maria named the time, Tom has the work when it cannot be kept: he apologises, and does not say "I said"."""
    one = await owned(world)
    await to(world, one.promise.renew_at - timedelta(seconds=30), 300)
    await world.actions.release(one.id, agent="maria")
    await world.actions.take(one.id, agent="tom")
    await to(world, one.promise.renew_at + timedelta(seconds=5), 5)
    [text] = notes(await world.fresh(one), NoteKind.RENEWAL)
    assert "Tom Berg" in text
    assert "in place of Maria Jensen" in text
    assert "sorry" in text
    assert f"{one.promise.at.astimezone(world.book.calendar('office').zone):%H:%M}" in text
    assert "I said" not in text
    assert "I promised" not in text


async def test_who_introduced_themselves_with_the_time_said_it(world: World) -> None:
    """Tom told the customer the time when he took over: it is his."""
    one = await owned(world)
    await world.actions.release(one.id, agent="maria")
    await world.actions.take(one.id, agent="tom")
    await to(world, one.promise.renew_at + timedelta(seconds=5), 30)
    after = await world.fresh(one)
    assert len(notes(after, NoteKind.INTRODUCTION)) == 1
    [text] = notes(after, NoteKind.RENEWAL)
    assert "Maria" not in text


async def test_laid_words_do_not_claim_what_a_stand_in_said(world: World) -> None:
    """Ines spoke for Maria, who has not agreed to notes; the words laid before Maria do not say "I said"."""
    world.house = replace(world.house, voices={"ines": frozenset({"email"})})
    one = await owned(world)
    assert one.promise.by == "ines"
    world.house = replace(world.house, paused=True)
    await to(world, one.promise.renew_at, 600)
    after = await world.fresh(one)
    assert after.prepared.by == "maria"
    assert "I said" not in after.prepared.text
    assert "I promised" not in after.prepared.text
    assert "sorry" in after.prepared.text


# --- an answer that does not arrive


async def test_an_answer_that_fails_leaves_time_to_say_another(world: World) -> None:
    """It was on its way when the customer was to hear another time, and failed: they hear before the time passes."""
    one = await owned(world)
    await to(world, one.promise.renew_at - timedelta(seconds=5), 300)
    world.mail.outcomes = [NotSent("busy", after_s=20.0), Refused("no")]
    await world.actions.reply(one.id, Answer(text="It is on its way."), agent="maria")
    await to(world, one.promise.renew_at, 1)
    assert (await world.fresh(one)).warned == "lead"
    await to(world, one.promise.at - timedelta(seconds=30), 10)
    after = await world.fresh(one)
    assert len(notes(after, NoteKind.RENEWAL)) == 1
    assert (after.promise.renewals, after.promise.state) == (1, PromiseState.MADE)


async def test_an_answer_on_its_way_is_not_looked_at_each_second(world: World) -> None:
    """While it is being tried nothing is written, however long that takes."""
    one = await owned(world)
    await to(world, one.promise.renew_at - timedelta(seconds=5), 300)
    world.mail.outcomes = [NotSent("busy", after_s=60.0)]
    await world.actions.reply(one.id, Answer(text="It is on its way."), agent="maria")
    await world.send()
    before = (await world.fresh(one)).version
    for _ in range(10):
        world.clock.move(1)
        await world.timers.tick(slow=False)
    assert (await world.fresh(one)).version == before


async def test_an_answer_in_doubt_is_left_to_a_person(world: World) -> None:
    """Nobody can tell whether it arrived: no note goes out, its words are laid ready, and silence is told of."""
    one = await owned(world)
    world.mail.outcomes = [ChannelError("?")]
    await world.actions.reply(one.id, Answer(text="It is on its way."), agent="maria")
    await world.send()
    item = next(each for each in (await world.fresh(one)).outbox if each.answers)
    await spoil(
        world,
        one,
        outbox=tuple(
            replace(each, state=SendState.UNKNOWN, next_at=None) if each.id == item.id else each
            for each in (await world.fresh(one)).outbox
        ),
        status=Status.OPEN,
    )
    await to(world, one.promise.renew_at, 300)
    after = await world.fresh(one)
    assert notes(after, NoteKind.RENEWAL) == []
    assert "may have reached" in after.prepared.reason
    await to(world, one.promise.made_at + timedelta(hours=25), 1800)
    assert any("has waited" in flag for flag in (await world.fresh(one)).flags)


# --- a note about another time that does not leave


async def renewing(world: World) -> Conversation:
    """Return a mail whose customer is about to be told another time."""
    one = await owned(world)
    await to(world, one.promise.renew_at - timedelta(seconds=1), 300)
    world.clock.set(one.promise.renew_at)
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).promise.renewals == 1
    return one


async def test_nobody_is_warned_twice_of_one_time(world: World) -> None:
    """The note is held back as notes were paused just then: the first time goes on, and its words are laid ready."""
    one = await renewing(world)
    wanted = (await world.fresh(one)).promise.at
    world.house = replace(world.house, paused=True)
    await to(world, one.promise.renew_at + timedelta(seconds=30), 10)
    after = await world.fresh(one)
    assert [event.data["stage"] for event in await lines(world, "warned")] == ["owner", "lead", "renew"]
    assert (after.promise.at, after.promise.state, after.misses) == (one.promise.at, PromiseState.MADE, 0)
    assert (after.prepared.promise_at, after.prepared.reason) == (wanted, "notes are paused")


async def test_an_apology_that_does_not_leave_is_laid_before_a_person(world: World) -> None:
    """The time had passed already, and the note that owns up to it is held back, or refused."""
    one = await owned(world)
    world.clock.set(one.promise.at + timedelta(minutes=5))
    await world.timers.tick(slow=False)
    world.house = replace(world.house, paused=True)
    await world.send()
    after = await world.fresh(one)
    assert after.promise.state is PromiseState.BROKEN
    assert after.prepared.promise_at > world.clock.now()
    assert "missed it" in after.prepared.text


async def test_an_apology_that_is_refused_says_why_it_lies_there(world: World) -> None:
    """The words name what the provider said, and not that the customer was told."""
    one = await owned(world)
    world.clock.set(one.promise.at + timedelta(minutes=5))
    await world.timers.tick(slow=False)
    world.mail.outcomes = [Refused("no such mailbox")]
    await world.send()
    after = await world.fresh(one)
    assert after.promise.state is PromiseState.BROKEN
    assert after.prepared.reason == "the note did not go out: no such mailbox"


async def test_a_time_that_somebody_asked_for_is_not_lost_with_its_note(world: World) -> None:
    """Maria needs until half past four; the note about it is refused: the words that lie ready name her time."""
    one = await owned(world)
    world.clock.move(60)
    until = one.promise.at + timedelta(minutes=30)
    asker = Asker(world.store, world.events, world.clock, lambda: world.house)
    await asker.ask(one.id, Wanted(agent="maria", until=until))
    world.mail.outcomes = [Refused("no")]
    await world.send()
    after = await world.fresh(one)
    assert (after.promise.at, after.warned) == (one.promise.at, "")
    assert after.prepared.promise_at == until
    await to(world, one.promise.lead_at, 300)
    assert [event.data["stage"] for event in await lines(world, "warned")] == ["owner", "lead"]


async def test_an_answer_that_called_a_renewal_off_and_fails_leaves_its_words(world: World) -> None:
    """The renewal was called off for an answer, and the answer is refused: a person is given the words in time."""
    one = await renewing(world)
    world.mail.outcomes = [Refused("no")]
    await world.actions.reply(one.id, Answer(text="Here it is."), agent="maria")
    await world.send()
    await to(world, one.promise.renew_at + timedelta(seconds=5), 1)
    after = await world.fresh(one)
    assert after.promise.at == one.promise.at > world.clock.now()
    assert after.prepared is not None
    assert notes(after, NoteKind.RENEWAL) == []


# --- at night


async def night(tmp_path: Path) -> tuple[World, Conversation]:
    """Return a mail from New York whose time passed unmet at half past five there."""
    world = world_of(tmp_path, RULES.replace("{target: 4h,", "{target: 3h,"))
    world.clock.set(datetime(2026, 11, 24, 7, 30, tzinfo=UTC))
    await world.here("maria")
    one = await told(world, world.mail_from(zone="America/New_York"))
    assert one.promise.at == datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    await to(world, one.promise.at + timedelta(minutes=1))
    after = await world.fresh(one)
    assert after.promise.state is PromiseState.BROKEN
    assert "it is night where the customer is" in after.prepared.reason
    return world, one


async def test_who_could_not_be_told_at_night_hears_in_the_morning(tmp_path: Path) -> None:
    """Nobody sent the words: at eight in New York a note owns up and names a time that lies ahead, once."""
    world, one = await night(tmp_path)
    morning = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    await to(world, morning - timedelta(seconds=30), 300)
    assert notes(await world.fresh(one), NoteKind.RENEWAL) == []
    for _ in range(3):
        world.restart()
        await to(world, world.clock.now() + timedelta(minutes=1), 15)
    after = await world.fresh(one)
    [item] = [each for each in after.outbox if each.note is NoteKind.RENEWAL]
    assert item.sent_at == morning
    assert "05:30" in item.text
    assert after.promise.at > morning
    assert (after.prepared, after.misses) == (None, 1)


@pytest.mark.parametrize("how", ["sent", "put away", "answered", "closed for a day"])
async def test_nothing_is_said_in_the_morning_that_somebody_saw_to(tmp_path: Path, how: str) -> None:
    """Whoever sent the words, put them away or answered has seen to it; and after a long stop it is too late."""
    world, one = await night(tmp_path)
    laid = Laid(world.store, world.events, world.clock, lambda: world.house)
    if how == "sent":
        await laid.send(one.id, agent="maria")
    elif how == "put away":
        await laid.drop(one.id, agent="maria")
    elif how == "answered":
        await world.actions.reply(one.id, Answer(text="Here it is."), agent="maria")
    else:
        world.clock.move(86400)
    await world.send()
    await to(world, world.clock.now() + timedelta(hours=4), 300)
    after = await world.fresh(one)
    assert notes(after, NoteKind.RENEWAL) == []
    assert after.wake_at is None or after.wake_at > world.clock.now()
    assert after.prepared is None or after.prepared.reason == renewal.UNSAID


# --- another day


async def test_an_introduction_that_waited_for_the_morning_speaks_of_today(tmp_path: Path) -> None:
    """It was put by at half past nine at night, when eleven was tomorrow, and is read at eight."""
    hours = RULES.replace("hours: office}", "hours: always}").replace("{target: 4h,", "{target: 14h,")
    world = world_of(tmp_path, hours)
    account(world, "email", style="chat")
    world.clock.set(datetime(2026, 11, 23, 20, 30, tzinfo=UTC))
    one = await owned(world)
    await world.actions.release(one.id, agent="maria")
    await world.actions.take(one.id, agent="tom")
    await to(world, datetime(2026, 11, 24, 7, 1, tzinfo=UTC), 300)
    [text] = notes(await world.fresh(one), NoteKind.INTRODUCTION)
    assert "today" in text
    assert "tomorrow" not in text


# --- one that nothing can handle


async def test_one_bad_conversation_stops_no_other(world: World) -> None:
    """The others are warned at their time; health names the one by its reference, and says none of its words."""
    bad, good = await owned(world), await told(world)
    await spoil(world, bad, promise=replace(bad.promise, at=FAR, renew_at=world.clock.now()), warned="lead")
    world.clock.set(good.promise.warn_at)
    await world.timers.tick(slow=True)
    assert (await world.fresh(good)).warned == "owner"
    [one] = await heard(world.store)
    assert bad.reference in one.text
    assert "OverflowError" in one.text
    assert "parcel" not in one.text.lower()


async def test_many_bad_conversations_stop_no_other(world: World) -> None:
    """Nor do more of them than the timers take in one round, however long they have been due."""
    bad, good = await owned(world), await told(world)
    spoilt = replace(bad, promise=replace(bad.promise, at=FAR, renew_at=world.clock.now()), warned="lead")
    ill = [replace(spoilt, id=f"c_bad{n}", reference=f"HB-BAD{n}", links=()) for n in range(2 * BATCH + 50)]
    await world.store.commit(Commit(changes=[changed(None, one) for one in ill]))
    world.clock.set(good.promise.warn_at)
    for _ in range(4):
        await world.timers.tick(slow=False)
        world.clock.move(1)
    assert (await world.fresh(good)).warned == "owner"


async def test_a_bad_conversation_is_tried_again_after_growing_pauses(world: World) -> None:
    """After ten seconds, then twenty, then forty; what somebody changed meanwhile is tried at once."""
    bad = await owned(world)
    begun = world.clock.now()
    await spoil(world, bad, promise=replace(bad.promise, at=FAR, renew_at=begun), warned="lead")
    tried = []
    for _ in range(75):
        one = await world.fresh(bad)
        if not world.timers.failing.rests(one.id, world.clock.now(), one.version):
            tried.append((world.clock.now() - begun).total_seconds())
        await world.timers.tick(slow=False)
        world.clock.move(1)
    assert tried == [0, 10, 30, 70]
    await spoil(world, bad, promise=replace(bad.promise, renew_at=world.clock.now()), warned="lead")
    await world.timers.tick(slow=True)
    assert (await world.fresh(bad)).promise.renewals == 1
    world.clock.move(10)
    await world.timers.tick(slow=False)
    assert await heard(world.store) == []


async def test_a_sweep_tells_the_others(world: World) -> None:
    """Work that goes back into its queue, as its owner is away, is told to desks and senders at once."""
    one = await owned(world)
    async with world.events.subscribe() as hints:
        await world.actions.presence("maria", said="away", until=world.clock.now() + timedelta(days=1))
        await world.timers.tick(slow=False)
        found = [await anext(hints) for _ in range(2)]
    assert [event.kind for event in await lines(world, "let go")] == ["let go"]
    assert one.id in {hint.id for hint in found}


async def test_a_note_that_nothing_can_word_holds_up_no_other(world: World) -> None:
    """The sender leaves the one alone for a while, and health tells of it; the others leave."""
    await world.here("maria")
    (bad,) = await world.take(world.mail_from())
    (good,) = await world.take(world.mail_from("ben@example.org"))
    await spoil(world, bad, due_at=FAR, promise=replace(bad.promise, at=world.clock.now()))
    await world.send()
    assert (await world.fresh(good)).outbox[0].state is SendState.SENT
    world.clock.move(15)
    await world.send()
    [one] = await heard(world.store)
    assert (bad.reference in one.text, good.reference in one.text) == (True, False)
    await spoil(world, bad, due_at=good.due_at)
    await world.send()
    assert (await world.fresh(bad)).outbox[0].state is SendState.SENT


async def test_a_note_put_off_that_nothing_can_word_holds_up_no_other(world: World) -> None:
    """Nobody answered the two chats at once: the one gets its note after all, the other is left alone for a while."""
    await world.here("maria")
    bad, good = await world.take(world.chat_from("visitor-1"), world.chat_from("visitor-2"))
    assert bad.note_at == good.note_at
    await spoil(world, bad, due_at=FAR)
    world.clock.set(good.note_at)
    await world.timers.tick(slow=False)
    await world.send()
    assert [item.state for item in (await world.fresh(good)).outbox] == [SendState.SENT]
    left = await world.fresh(bad)
    for _ in range(8):
        world.clock.move(1)
        await world.timers.tick(slow=False)
    assert (await world.fresh(bad)).version == left.version
    assert await heard(world.store) != []
    await spoil(world, bad, due_at=good.due_at)
    await world.timers.tick(slow=False)
    await world.send()
    assert [item.state for item in (await world.fresh(bad)).outbox] == [SendState.SENT]
    world.clock.move(10)
    await world.timers.tick(slow=False)
    assert await heard(world.store) == []
