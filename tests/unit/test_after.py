"""After the answer it is asked once whether that settled it, by day, by whoever answered, where that is welcome."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from channels.errors import NotSent
from channels.message import Kind, Message
from router.answer import Answer
from router.conversation import Conversation, Item, NoteKind, SendState, Status
from router.desk import views
from router.taps.link import LENGTH, Purpose, key, mark, read
from tests.support.world import RULES, World

ASKING = RULES.replace("email: {target: 24h,", "email: {target: 24h, follow_up: 24h,").replace(
    "webchat: {target: instant,", "webchat: {target: instant, follow_up: 2h,"
)
GRAVE = """
  - name: Lawyers are answered by people
    when: {text: {contains_any: [lawyer]}}
    then: {note: none}
"""
DAY_S = 86400.0


def made(folder: Path, rules: str = ASKING, **account: Any) -> World:
    """Return a service that asks after a day, its mailbox changed so."""
    world = World(folder, rules + GRAVE)
    house = world.house
    mailbox = replace(house.accounts["email", "support"], **account)
    world.house = replace(house, accounts={**house.accounts, ("email", "support"): mailbox})
    return world


def mail(world: World, text: str = "Where is it?", **fields: Any) -> Message:
    """Return a mail about the parcel."""
    return world.mail_from(**({"text": text, "subject": "Re: Parcel"} | fields))


async def answered(world: World, *, resolve: bool = True, **fields: Any) -> Conversation:
    """Let a customer write, and Maria answer an hour later."""
    (one,) = await world.take(mail(world, **({"subject": "Parcel"} | fields)))
    await world.send()
    world.clock.move(3600)
    await world.actions.reply(one.id, Answer(text="It comes today.", resolve=resolve), agent="maria")
    await world.send()
    return await world.fresh(one)


def back(world: World, text: str, **fields: Any) -> Message:
    """Return an answer to the last thing that was sent."""
    return mail(world, text, references=(f"sent-{world.mail.sent[-1].id}@email.invalid",), **fields)


async def later(world: World, seconds: float) -> None:
    """Let time pass, the timers look, and the sender send."""
    world.clock.move(seconds)
    await world.timers.tick(slow=False)
    await world.send()


def checks(one: Conversation) -> list[Item]:
    """Return the questions asked."""
    return [item for item in one.outbox if item.note is NoteKind.FOLLOWUP]


@pytest.mark.parametrize("resolve", [True, False])
async def test_it_is_asked_once_by_whoever_answered(tmp_path: Path, *, resolve: bool) -> None:
    """A day after the answer Maria's question goes out on the same channel, and never again."""
    world = made(tmp_path)
    one = await answered(world, resolve=resolve)
    assert one.check_at == world.clock.now() + timedelta(days=1)
    await later(world, DAY_S - 1)
    assert not checks(await world.fresh(one))
    await later(world, 1)
    asked = world.mail.sent[-1]
    assert (asked.automatic, asked.author) == (True, "Maria Jensen")
    assert one.reference in asked.text
    after = await world.fresh(one)
    assert [item.state for item in checks(after)] == [SendState.SENT]
    assert after.status is (Status.RESOLVED if resolve else Status.PENDING)
    assert after.waiting_since is None
    assert after.wake_at is None
    await world.take(back(world, "It came broken."))
    assert (await world.fresh(one)).waiting_since is not None
    await world.actions.reply(one.id, Answer(text="A new one is on its way.", resolve=True), agent="maria")
    await world.send()
    for _ in range(4):
        await later(world, DAY_S)
    assert len(checks(await world.fresh(one))) == 1


async def test_resolving_counts_from_then(tmp_path: Path) -> None:
    """An answered conversation that is closed later is asked about a day after it was closed."""
    world = made(tmp_path)
    one = await answered(world, resolve=False)
    world.clock.move(7200)
    closed = await world.actions.resolve(one.id, agent="maria")
    assert closed.check_at == world.clock.now() + timedelta(days=1)


async def test_what_was_closed_without_an_answer_is_not_asked_about(tmp_path: Path) -> None:
    """There is nothing that could have settled it: closed unanswered, or after the customer's last word."""
    world = made(tmp_path)
    (one,) = await world.take(mail(world))
    closed = await world.actions.resolve(one.id, agent="maria")
    assert closed.check_at is None
    two = await answered(world, who="ben@example.org", resolve=False)
    world.clock.move(60)
    (open_,) = await world.take(mail(world, "Not yet!", who="ben@example.org"))
    assert open_.id == two.id
    closed = await world.actions.resolve(two.id, agent="maria")
    assert closed.check_at is None


async def test_a_new_message_calls_the_question_off(tmp_path: Path) -> None:
    """Who writes again waits for an answer; they are asked after that one."""
    world = made(tmp_path)
    one = await answered(world)
    (again,) = await world.take(back(world, "And the other one?"))
    assert again.id == one.id
    assert again.check_at is None
    await world.actions.reply(one.id, Answer(text="Tomorrow."), agent="maria")
    await world.send()
    assert (await world.fresh(one)).check_at == world.clock.now() + timedelta(days=1)


async def test_thanks_are_the_answer(tmp_path: Path) -> None:
    """A closing thanks says that it is solved: nobody asks, also when it is closed after that."""
    world = made(tmp_path)
    one = await answered(world, resolve=False)
    world.clock.move(60)
    (thanked,) = await world.take(mail(world, "Thank you!"))
    assert thanked.status is Status.PENDING
    assert thanked.check_at is None
    assert (await world.actions.resolve(one.id, agent="maria")).check_at is None


async def test_thanks_overtake_a_question_that_has_not_left(tmp_path: Path) -> None:
    """The question stands in the outbox when the thanks come in: it is not sent."""
    world = made(tmp_path)
    one = await answered(world)
    world.clock.move(DAY_S)
    await world.timers.tick(slow=False)
    assert [item.state for item in checks(await world.fresh(one))] == [SendState.PENDING]
    await world.take(back(world, "Thanks!"))
    await world.send()
    assert [item.state for item in checks(await world.fresh(one))] == [SendState.CANCELLED]


async def test_you_are_welcome_asks_nothing(tmp_path: Path) -> None:
    """After a thanks the agent's last word is a courtesy, not an answer to ask about."""
    world = made(tmp_path)
    one = await answered(world, resolve=False)
    world.clock.move(60)
    await world.take(back(world, "Thank you!"))
    world.clock.move(60)
    await world.actions.reply(one.id, Answer(text="You're welcome!"), agent="maria")
    await world.send()
    assert (await world.actions.resolve(one.id, agent="maria")).check_at is None


async def test_a_further_word_moves_the_question(tmp_path: Path) -> None:
    """Who adds something to an answer is asked about a day after that."""
    world = made(tmp_path)
    one = await answered(world, resolve=False)
    world.clock.move(7200)
    await world.actions.reply(one.id, Answer(text="One more thing."), agent="tom")
    await world.send()
    assert (await world.fresh(one)).check_at == world.clock.now() + timedelta(days=1)
    await later(world, DAY_S)
    assert world.mail.sent[-1].author == "Tom Berg"


async def test_closed_while_the_answer_is_on_its_way(tmp_path: Path) -> None:
    """The day counts from when the answer really left."""
    world = made(tmp_path)
    (one,) = await world.take(mail(world, subject="Parcel"))
    await world.send()
    world.clock.move(3600)
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.actions.resolve(one.id, agent="maria")
    world.clock.move(600)
    await world.send()
    after = await world.fresh(one)
    assert (after.status, after.check_at) == (Status.RESOLVED, world.clock.now() + timedelta(days=1))


async def test_while_notes_are_paused_nothing_is_asked(tmp_path: Path) -> None:
    """A pause holds for this too, and what was paused is not asked later."""
    world = made(tmp_path)
    one = await answered(world)
    world.house = replace(world.house, paused=True)
    await later(world, DAY_S)
    assert not checks(await world.fresh(one))


async def test_thanks_for_the_question_start_no_clock(tmp_path: Path) -> None:
    """After the question a thanks means yes: nobody waits, nothing is opened."""
    world = made(tmp_path)
    one = await answered(world)
    await later(world, DAY_S)
    (thanked,) = await world.take(back(world, "Perfect, thanks"))
    assert thanked.id == one.id
    assert (thanked.status, thanked.waiting_since) == (Status.RESOLVED, None)


async def test_a_no_comes_back_to_the_same_person(tmp_path: Path) -> None:
    """Whoever answered gets it again if they are here, though a colleague has been idle for longer."""
    world = made(tmp_path)
    one = await answered(world)
    await later(world, DAY_S)
    await world.here("tom")
    world.clock.move(600)
    await world.here("maria")
    (again,) = await world.take(back(world, "No, it is still not here."))
    assert again.id == one.id
    assert again.owner == "maria"
    assert again.reopened == 1


async def test_a_no_goes_to_a_colleague_when_that_person_is_away(tmp_path: Path) -> None:
    """Nobody waits for somebody who is not here."""
    world = made(tmp_path)
    await answered(world)
    await later(world, DAY_S)
    await world.here("tom")
    (again,) = await world.take(back(world, "No, it is still not here."))
    assert again.owner == "tom"


async def test_nobody_is_asked_at_night(tmp_path: Path) -> None:
    """A time at night is moved to eight in the morning, where the customer is."""
    world = made(tmp_path)
    world.clock.set(datetime(2026, 11, 23, 20, 30, tzinfo=UTC))
    one = await answered(world)
    assert one.check_at == datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    abroad = await answered(world, who="ann@example.org", zone="America/New_York")
    assert abroad.check_at is not None
    assert abroad.check_at == datetime(2026, 11, 24, 22, 30, tzinfo=UTC)


async def test_a_question_delayed_into_the_night_waits_for_the_morning(tmp_path: Path) -> None:
    """After downtime in the evening it is asked by day, and after more than a day no more."""
    world = made(tmp_path)
    one = await answered(world)
    await later(world, DAY_S + 9 * 3600)
    assert not checks(await world.fresh(one))
    await later(world, 10 * 3600)
    assert [item.state for item in checks(await world.fresh(one))] == [SendState.SENT]
    other = await answered(world, who="ben@example.org")
    await later(world, 3 * DAY_S)
    late = await world.fresh(other)
    assert not checks(late)
    assert late.wake_at is None


async def test_nobody_who_lives_in_the_chat_is_asked_after_a_day_of_silence_twice(tmp_path: Path) -> None:
    """In a chat the question goes out when its time has come, at night too: they look when they are awake."""
    world = made(tmp_path)
    await world.here("maria")
    (one,) = await world.take(world.chat_from())
    world.clock.set(datetime(2026, 11, 23, 20, 30, tzinfo=UTC))
    await world.actions.reply(one.id, Answer(text="Hi! It comes today."), agent="maria")
    await world.send()
    await later(world, 7200)
    await later(world, 7200)
    assert len(checks(await world.fresh(one))) == 1
    assert world.chat.sent[-1].automatic


@pytest.mark.parametrize(
    "account",
    [{"one_automatic_reply": True}, {"style": "public"}, {"reply_window_s": DAY_S}],
)
async def test_some_accounts_are_never_asked_on(tmp_path: Path, account: dict[str, Any]) -> None:
    """Not in public, not where one automatic message is all, not when the window has closed by then."""
    world = made(tmp_path, **account)
    one = await answered(world)
    await later(world, DAY_S)
    after = await world.fresh(one)
    assert not checks(after)
    assert after.check_at is None


@pytest.mark.parametrize(
    "fields",
    [{"text": "My lawyer will write."}, {"no_note": "Precedence: bulk"}, {"doubtful": "DMARC failed"}],
)
async def test_some_messages_are_never_asked_about(tmp_path: Path, fields: dict[str, Any]) -> None:
    """What software must keep silent about after it came, it keeps silent about after the answer."""
    world = made(tmp_path)
    one = await answered(world, **fields)
    assert one.check_at is None
    await later(world, DAY_S)
    assert not checks(await world.fresh(one))


async def test_the_window_that_the_message_named_counts(tmp_path: Path) -> None:
    """After the provider's window has closed nothing is said."""
    world = made(tmp_path)
    one = await answered(world, reply_until=world.clock.now() + timedelta(hours=20))
    await later(world, DAY_S)
    assert not checks(await world.fresh(one))


async def test_a_question_that_could_not_leave_in_time_is_not_sent_after_the_window(tmp_path: Path) -> None:
    """Asked an hour before the window closes, and held up by the provider: two hours later it is too late."""
    world = made(tmp_path, reply_window_s=DAY_S + 7200)
    one = await answered(world)
    world.mail.outcomes = [NotSent("busy", after_s=7200.0)]
    await later(world, DAY_S)
    assert [item.state for item in checks(await world.fresh(one))] == [SendState.RETRY]
    sent = len(world.mail.sent)
    await later(world, 7300)
    assert [item.state for item in checks(await world.fresh(one))] == [SendState.CANCELLED]
    assert len(world.mail.sent) == sent


async def test_only_who_agreed_asks(tmp_path: Path) -> None:
    """Whoever answered must have agreed to notes in their name; nobody else asks instead."""
    world = made(tmp_path)
    one = await answered(world)
    world.house = replace(world.house, voices={"tom": frozenset({"email"})})
    await later(world, DAY_S)
    assert not checks(await world.fresh(one))


async def test_without_a_rule_nobody_is_asked(tmp_path: Path) -> None:
    """The question is asked where ops want it, and nowhere else."""
    world = made(tmp_path, RULES)
    one = await answered(world)
    assert one.check_at is None


async def test_machines_and_colleagues_are_not_asked(tmp_path: Path) -> None:
    """What a program wrote is set aside; what a colleague wrote from their own address is their own matter."""
    world = made(tmp_path)
    one = await answered(world, who="tom@example.com")
    await later(world, DAY_S)
    assert not checks(await world.fresh(one))
    (held,) = await world.take(mail(world, kind=Kind.MACHINE, who="robot@example.org", subject="Report"))
    assert held.check_at is None


async def test_an_answer_that_did_not_arrive_is_not_asked_about(tmp_path: Path) -> None:
    """The answer bounced: it is open again, and nobody is asked whether it settled anything."""
    world = made(tmp_path)
    one = await answered(world)
    sent = next(item for item in one.outbox if item.note is None).message_id
    bounce = mail(world, kind=Kind.STATUS, about=sent, reason="mailbox full", references=(sent,))
    (open_,) = await world.take(bounce)
    assert open_.id == one.id
    assert open_.status is Status.OPEN
    await later(world, DAY_S)
    assert not checks(await world.fresh(one))


async def test_a_merged_conversation_is_asked_about_in_its_survivor_only(tmp_path: Path) -> None:
    """What lives on elsewhere asks nothing itself."""
    world = made(tmp_path)
    one = await answered(world, resolve=False)
    (two,) = await world.take(mail(world, "Another matter", subject="Invoice"))
    assert one.id != two.id
    await world.actions.merge(one.id, into=two.id, agent="maria")
    assert (await world.fresh(one)).check_at is None


async def test_answers_given_elsewhere_are_not_asked_about(tmp_path: Path) -> None:
    """Whoever answered from their mail program asks themselves, if they want to."""
    world = made(tmp_path)
    (one,) = await world.take(mail(world, subject="Parcel"))
    await world.send()
    ref = (await world.fresh(one)).outbox[0].message_id
    (done,) = await world.take(mail(world, kind=Kind.AGENT, who="maria@example.com", references=(ref,)))
    assert done.id == one.id
    assert done.status is Status.PENDING
    assert done.check_at is None


async def test_the_question_can_be_answered_with_one_tap(tmp_path: Path) -> None:
    """Where the channel carries links, the question has the customer's own, made for it."""
    world = made(tmp_path)
    world.house = replace(world.house, links_url="https://help.example.com")
    one = await answered(world)
    await later(world, DAY_S)
    [asked] = checks(await world.fresh(one))
    place = "https://help.example.com/t/"
    assert place in asked.text
    found = read(key(world.house.secret), asked.text.partition(place)[2][:LENGTH])
    assert found is not None
    assert (found.purpose, found.conversation, found.wait) == (Purpose.CHECK, one.id, mark(asked.trigger))


async def test_the_desk_shows_when_the_customer_will_be_asked(tmp_path: Path) -> None:
    """Beside an answered conversation stands the time of the question; once asked, or called off, nothing."""
    world = made(tmp_path)
    one = await answered(world)
    assert views.conversation(world.book, one).follow_up_at == one.check_at is not None
    waiting = replace(one, status=Status.OPEN)
    assert views.conversation(world.book, waiting).follow_up_at is None
    await later(world, DAY_S)
    assert views.conversation(world.book, await world.fresh(one)).follow_up_at is None
