"""Writing again while one waits: the time stands and is said to, once; the third time the lead hears of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from channels.errors import Refused
from channels.message import Kind, Message
from router.answer import Answer
from router.conversation import Conversation, NoteKind, PromiseState, SendState, Status
from router.journal import changed
from router.ports import Commit
from router.tokens import reply_token
from tests.support.world import RULES, World

GRAVE = """
  - name: Lawyers are answered by people
    when: {text: {contains_any: [lawyer]}}
    then: {note: none, priority: high}
"""
NIGHT = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)


def made(folder: Path, **account: Any) -> World:
    """Return a service with a rule for sensitive matters, and its mailbox changed so."""
    world = World(folder, RULES + GRAVE)
    house = world.house
    mailbox = replace(house.accounts["email", "support"], **account)
    world.house = replace(house, accounts={**house.accounts, ("email", "support"): mailbox})
    return world


def mail(world: World, text: str = "One more thing.", **fields: Any) -> Message:
    """Return a mail about the parcel."""
    return world.mail_from(**({"text": text, "subject": "Re: Parcel"} | fields))


async def told(world: World, text: str = "Where is it?") -> Conversation:
    """Let a customer write about the parcel, and their note go out."""
    (one,) = await world.take(mail(world, text, subject="Parcel"))
    await world.send()
    world.clock.move(60)
    return await world.fresh(one)


def notes(one: Conversation, kind: NoteKind = NoteKind.ADDED) -> list[SendState]:
    """Return how the notes of a kind stand."""
    return [item.state for item in one.outbox if item.note is kind]


async def test_a_second_message_hears_once_that_the_time_stands(tmp_path: Path) -> None:
    """In the same name and with the same time as the first note; the promise stays what it was."""
    world = made(tmp_path)
    first = await told(world)
    world.clock.move(900)
    (two,) = await world.take(mail(world))
    await world.send()
    (one, added) = world.mail.sent
    assert added.author == one.author
    assert "my time stands" in added.text
    assert first.promise is not None
    clock = f"{first.promise.at.astimezone(ZoneInfo('Europe/Copenhagen')):%H:%M}"
    assert clock in one.text
    assert clock in added.text
    two = await world.fresh(two)
    assert two.promise == first.promise
    assert two.added
    world.clock.move(900)
    (three,) = await world.take(mail(world))
    await world.send()
    assert len(world.mail.sent) == 2
    assert notes(await world.fresh(three)) == [SendState.SENT]


async def test_the_next_wait_may_hear_it_again(tmp_path: Path) -> None:
    """Once a wait: after an answer a new wait has a promise and a second message of its own."""
    world = made(tmp_path)
    one = await told(world)
    await world.take(mail(world))
    await world.actions.reply(one.id, Answer(text="It comes tomorrow."), agent="maria")
    await world.send()
    world.clock.move(90000)
    await world.take(mail(world, "It did not come."))
    await world.send()
    await world.take(mail(world, "Are you there?"))
    assert len(notes(await world.fresh(one))) == 2


async def test_a_third_message_is_the_leads(tmp_path: Path) -> None:
    """The lead is named in a warning and the log says so, once a wait, however often the customer writes."""
    world = made(tmp_path)
    one = await told(world)
    await world.take(mail(world))
    assert not (await world.fresh(one)).flags
    await world.take(mail(world))
    await world.take(mail(world))
    warned = await world.fresh(one)
    assert [flag for flag in warned.flags if "written three times" in flag and "Tom Berg" in flag]
    assert len(warned.flags) == 1
    assert warned.alerted
    assert not one.alerted
    lines = [line for _, line in await world.store.log(after=0, limit=500) if line.kind == "third message"]
    assert [line.agent for line in lines] == ["tom"]


async def test_the_lead_hears_once_of_a_third_message_though_another_answers_for_it_now(
    tmp_path: Path,
) -> None:
    """Duty changes between the third message and the fourth: the lead is not told of the same wait again."""
    world = made(tmp_path)
    one = await told(world)
    await world.take(mail(world))
    await world.take(mail(world))
    third = await world.fresh(one)
    moved = replace(third, accountable="tom" if third.accountable != "tom" else "maria")
    await world.store.commit(Commit(changes=[changed(third, moved)]))
    await world.take(mail(world))
    assert (await world.fresh(one)).flags == third.flags


async def test_three_messages_in_one_batch_alert_the_lead_too(tmp_path: Path) -> None:
    """Where all came while we were down, the first note answers them all and the lead still hears."""
    world = made(tmp_path)
    (one, _, _) = await world.take(mail(world, subject="Parcel"), mail(world), mail(world))
    assert [item.note for item in one.outbox] == [NoteKind.FIRST]
    assert "written three times" in one.flags[0]


@pytest.mark.parametrize("text", ["Thanks!", "Great, thank you very much", "Tusind tak for hjælpen"])
async def test_who_thanks_for_the_note_hears_nothing_more(tmp_path: Path, text: str) -> None:
    """A thanks while they wait is no second message: nothing is added, and it is not counted."""
    world = made(tmp_path)
    one = await told(world)
    await world.take(mail(world, text))
    await world.take(mail(world, text))
    await world.take(mail(world, text))
    after = await world.fresh(one)
    assert len(after.entries) == 4
    assert (after.unanswered, after.flags, notes(after)) == (1, (), [])
    assert after.waiting_on == one.waiting_on


async def test_thanks_while_an_answer_is_on_its_way_start_no_clock(tmp_path: Path) -> None:
    """The customer thanks for the call, say, while our mail has not left: once it has, nobody waits."""
    world = made(tmp_path)
    one = await told(world)
    await world.actions.reply(one.id, Answer(text="It comes tomorrow."), agent="maria")
    await world.take(mail(world, "Thank you!"))
    assert (await world.fresh(one)).status is Status.PENDING
    await world.send()
    done = await world.fresh(one)
    assert done.status is Status.PENDING
    assert done.waiting_since is None
    assert done.promise is not None
    assert done.promise.state is PromiseState.KEPT


@pytest.mark.parametrize(
    "fields",
    [
        {"no_note": "List-Unsubscribe"},
        {"doubtful": "DMARC failed"},
        {"kind": Kind.MACHINE},
    ],
)
async def test_what_a_program_or_a_stranger_sends_is_not_answered(tmp_path: Path, fields: Any) -> None:
    """What forbids a first note forbids this one too."""
    world = made(tmp_path)
    one = await told(world)
    await world.take(mail(world, references=(one.outbox[0].message_id,), **fields))
    await world.send()
    assert len(world.mail.sent) == 1


async def test_the_words_go_to_whoever_was_promised_the_time(tmp_path: Path) -> None:
    """A colleague of the customer who joins in was promised nothing, and the customer wrote nothing now."""
    world = made(tmp_path)
    one = await told(world)
    token = reply_token(world.house.secret, one.reference)
    (two,) = await world.take(mail(world, who="ben@example.org", token=token))
    assert two.id == one.id
    assert two.unanswered == 2
    assert not notes(two)


async def test_one_automatic_reply_is_one(tmp_path: Path) -> None:
    """Where the platform allows one automatic message, the first note was it."""
    world = made(tmp_path, one_automatic_reply=True)
    await told(world)
    (two,) = await world.take(mail(world))
    assert not notes(two)


async def test_nobody_is_made_to_say_what_they_did_not_agree_to(tmp_path: Path) -> None:
    """Who withdrew their yes since the first note says nothing more."""
    world = made(tmp_path)
    await told(world)
    world.house = replace(world.house, voices={})
    (two,) = await world.take(mail(world))
    assert not notes(two)


async def test_a_time_that_is_nearly_up_is_not_said_to_stand(tmp_path: Path) -> None:
    """In the last minute, and when it is in doubt already, nothing is repeated."""
    world = made(tmp_path)
    one = await told(world)
    assert one.promise is not None
    world.clock.set(one.promise.at - timedelta(seconds=60))
    (two,) = await world.take(mail(world))
    assert not notes(two)


async def test_a_chat_in_pieces_is_one_message(tmp_path: Path) -> None:
    """Lines within two minutes of each other are one message; a line later is a second one."""
    world = made(tmp_path)
    world.clock.set(NIGHT)
    (one,) = await world.take(world.chat_from(text="Hello?"))
    await world.send()
    assert notes(await world.fresh(one), NoteKind.FIRST) == [SendState.SENT]
    for text in ("My parcel", "is not here", "since Friday"):
        world.clock.move(50)
        await world.take(world.chat_from(text=text))
    pieces = await world.fresh(one)
    assert not notes(pieces)
    assert not pieces.flags
    world.clock.move(600)
    await world.take(world.chat_from(text="Anybody?"))
    await world.send()
    assert notes(await world.fresh(one)) == [SendState.SENT]
    world.clock.move(600)
    (third,) = await world.take(world.chat_from(text="Hello??"))
    assert "written three times" in third.flags[-1]


async def test_somebody_in_the_chat_needs_no_note(tmp_path: Path) -> None:
    """While a person of ours has the chat in front of them, nothing automatic is said between their lines."""
    world = made(tmp_path)
    await world.here("maria")
    (one,) = await world.take(world.chat_from())
    world.clock.move(61)
    await world.timers.tick(slow=False)
    await world.send()
    one = await world.fresh(one)
    assert one.owner == "maria"
    assert notes(one, NoteKind.FIRST) == [SendState.SENT]
    world.clock.move(130)
    (two,) = await world.take(world.chat_from())
    assert not notes(two)


async def test_a_sensitive_second_message_stops_what_has_not_left(tmp_path: Path) -> None:
    """The first note is cancelled with its promise, a person is alerted, and what follows stays silent."""
    world = made(tmp_path)
    await world.take(mail(world, "Where is it?", subject="Parcel"))
    (two,) = await world.take(mail(world, "My lawyer will write."))
    assert notes(two, NoteKind.FIRST) == [SendState.CANCELLED]
    assert two.promise is not None
    assert two.promise.state is PromiseState.WITHDRAWN
    assert "a person's words" in two.no_note
    assert [flag for flag in two.flags if "sensitive" in flag]
    (three,) = await world.take(mail(world, "And where is it?"))
    await world.send()
    assert not world.mail.sent
    assert three.decision is not None
    assert three.decision.tone == "none"


async def test_a_sensitive_second_message_keeps_a_time_that_was_told(tmp_path: Path) -> None:
    """What the customer has heard stays promised; nothing automatic is added, and a person is alerted."""
    world = made(tmp_path)
    one = await told(world)
    (two,) = await world.take(mail(world, "My lawyer will write."))
    await world.send()
    assert len(world.mail.sent) == 1
    assert two.promise == one.promise
    assert two.priority == "high"
    assert len([flag for flag in two.flags if "sensitive" in flag]) == 1


async def test_a_sensitive_message_is_told_though_an_answer_is_on_its_way(tmp_path: Path) -> None:
    """The answer goes out as it was written; a person hears of what came meanwhile."""
    world = made(tmp_path)
    one = await told(world)
    await world.actions.reply(one.id, Answer(text="Here."), agent="maria")
    world.clock.move(5)
    await world.take(mail(world, "My lawyer will write."))
    await world.send()
    after = await world.fresh(one)
    assert [out.automatic for out in world.mail.sent] == [True, False]
    assert [flag for flag in after.flags if "sensitive" in flag]
    assert after.status is Status.OPEN


async def test_more_urgent_words_keep_the_promise(tmp_path: Path) -> None:
    """When the rules make more of it, it is due sooner and comes before others; the time told stands."""
    world = made(tmp_path)
    one = await told(world)
    (two,) = await world.take(mail(world, "I want a refund."))
    assert two.promise == one.promise
    assert two.priority == "high"
    assert one.due_at is not None
    assert two.due_at is not None
    assert two.due_at < one.due_at
    assert notes(two) == [SendState.PENDING]


async def test_it_is_not_said_when_it_has_become_untrue(tmp_path: Path) -> None:
    """A note that could not leave is dropped once an answer is written, or too near the time."""
    world = made(tmp_path)
    one = await told(world)
    await world.take(mail(world))
    await world.actions.reply(one.id, Answer(text="Here."), agent="maria")
    await world.send()
    assert notes(await world.fresh(one)) == [SendState.CANCELLED]
    assert [out.automatic for out in world.mail.sent] == [True, False]


async def test_a_refused_note_leaves_the_promise_alone(tmp_path: Path) -> None:
    """The time was told by the first note: that this one does not arrive changes nothing about it."""
    world = made(tmp_path)
    one = await told(world)
    await world.take(mail(world))
    world.mail.outcomes.append(Refused("mailbox full"))
    await world.send()
    after = await world.fresh(one)
    assert notes(after) == [SendState.FAILED]
    assert after.promise == one.promise
    assert not after.no_note


async def test_the_limit_of_three_is_kept_without_a_warning(tmp_path: Path) -> None:
    """Whoever had three notes today is not told a fourth time; nobody is asked to write instead of this one."""
    world = made(tmp_path)
    for number in range(2):
        await world.take(mail(world, subject=f"Other {number}"))
    one = await told(world)
    await world.take(mail(world))
    await world.send()
    after = await world.fresh(one)
    assert len(world.mail.sent) == 3
    assert notes(after) == [SendState.CANCELLED]
    assert after.promise == one.promise
    assert not after.flags


async def test_after_midnight_the_weekday_is_named(tmp_path: Path) -> None:
    """At half past midnight "tomorrow" is ambiguous: both notes name the day."""
    world = made(tmp_path)
    world.clock.set(datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    await told(world)
    world.clock.move(300)
    await world.take(mail(world))
    await world.send()
    assert len(world.mail.sent) == 2
    for out in world.mail.sent:
        assert "tomorrow" not in out.text.casefold()
        assert "esday" in out.text
