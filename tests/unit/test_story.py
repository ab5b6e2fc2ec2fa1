import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace

from channels.message import Identity, Kind, Message
from router.answer import Answer
from router.conversation import NoteKind, PromiseState, SendState, Status
from router.tokens import reply_token
from tests.support.world import World


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


async def test_a_mail_gets_a_person_a_time_and_one_note(world) -> None:
    """A first mail is queued for the duty person, promised and noted once."""
    (one,) = await world.take(world.mail_from())
    assert one.status is Status.OPEN
    assert one.queue == "general"
    assert one.accountable == "maria"
    assert one.due_at == one.waiting_since + timedelta(hours=24)
    assert one.promise is not None
    assert [item.note for item in one.outbox] == ["first"]
    assert "Maria" in one.outbox[0].text


async def test_the_note_is_sent_once_in_that_name(world) -> None:
    """The sender hands the note to the channel exactly once."""
    (one,) = await world.take(world.mail_from())
    await world.send()
    await world.send()
    assert [out.id for out in world.mail.sent] == [one.outbox[0].id]
    assert world.mail.sent[0].automatic
    assert (await world.fresh(one)).outbox[0].state is SendState.SENT


async def test_a_present_agent_owns_the_mail(world) -> None:
    """Somebody present with room gets the work and speaks for themselves."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    assert (one.owner, one.accountable) == ("maria", "maria")
    assert await world.claims("maria") == 1
    assert one.promise.owner


async def test_redelivery_changes_nothing(world) -> None:
    """The same ring a second time leaves the conversation as it was."""
    message = world.mail_from()
    (one,) = await world.take(message)
    assert await world.consumer.decide([message.key, message.key]) == []
    assert await world.fresh(one) == one


async def test_the_same_mail_by_two_ways_gets_no_second_note(world) -> None:
    """The same Message-ID, sender and body under another key is shown in the same conversation."""
    first = world.mail_from(fingerprint="f1")
    second = world.mail_from(fingerprint="f1", message_id=first.message_id)
    one, two = await world.take(first, second)
    assert one.id == two.id
    assert len(two.entries) == 2
    assert len(two.outbox) == 1
    assert two.unanswered == 1


async def test_a_reply_that_cites_us_joins_its_conversation(world) -> None:
    """An answer to our note finds the conversation by the note's Message-ID."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.send()
    sent = (await world.fresh(one)).outbox[0].message_id
    (two,) = await world.take(world.mail_from(subject="Re: Parcel", references=(sent,)))
    assert two.id == one.id
    assert two.unanswered == 2
    assert [item.note for item in two.outbox] == [NoteKind.FIRST, NoteKind.ADDED]


async def test_a_stranger_who_cites_a_message_is_not_let_in(world) -> None:
    """Knowing a Message-ID does not open somebody else's conversation."""
    first = world.mail_from(subject="Parcel")
    (one,) = await world.take(first)
    (two,) = await world.take(
        world.mail_from("eve@example.net", subject="Re: Parcel", references=(first.message_id,))
    )
    assert two.id != one.id


async def test_a_doubtful_sender_attaches_to_nothing(world) -> None:
    """A mail that failed authentication starts a conversation of its own and gets no note."""
    first = world.mail_from(subject="Parcel")
    (one,) = await world.take(first)
    (two,) = await world.take(
        world.mail_from(subject="Re: Parcel", references=(first.message_id,), doubtful="DMARC failed")
    )
    assert two.id != one.id
    assert not two.outbox
    assert two.no_note


async def test_a_signed_token_lets_an_answer_in(world) -> None:
    """Whoever holds the token that we sent may write into the conversation."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    token = reply_token(world.house.secret, one.reference)
    (two,) = await world.take(world.mail_from("ana@work.example", subject="Re: Parcel", token=token))
    assert two.id == one.id


@pytest.mark.parametrize("at", range(8, 24))
async def test_a_forged_token_does_not(world, at) -> None:
    """Any changed character of the signature makes the token worthless."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    token = reply_token(world.house.secret, one.reference)
    assert len(token) == 24
    forged = token[:at] + ("a" if token[at] != "a" else "b") + token[at + 1 :]
    (two,) = await world.take(world.mail_from("eve@example.net", subject="Re: Parcel", token=forged))
    assert two.id != one.id


async def test_a_new_subject_starts_a_new_conversation(world) -> None:
    """The same person answering with another subject begins another matter."""
    first = world.mail_from(subject="Parcel")
    (one,) = await world.take(first)
    (two,) = await world.take(world.mail_from(subject="Invoice", references=(first.message_id,)))
    assert two.id != one.id


async def test_a_second_mail_about_the_same_subject_joins(world) -> None:
    """Two mails with one subject and no headers are one matter."""
    one, two = await world.take(world.mail_from(subject="Parcel"), world.mail_from(subject="re:  parcel"))
    assert one.id == two.id


async def test_a_machine_is_set_aside_without_a_note(world) -> None:
    """A machine's first message is held in a queue with a due time."""
    (one,) = await world.take(world.mail_from(kind=Kind.MACHINE, no_note="Auto-Submitted header"))
    assert (one.status, one.kind) == (Status.HELD, "machine")
    assert one.due_at is not None
    assert one.accountable
    assert not one.outbox
    assert one.no_note == "Auto-Submitted header"


async def test_an_out_of_office_reply_starts_no_wait(world) -> None:
    """A machine's answer to our note is shown, and nothing else."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.send()
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    sent = (await world.fresh(one)).outbox[-1].message_id
    (two,) = await world.take(
        world.mail_from(subject="Automatic reply: Parcel", references=(sent,), kind=Kind.MACHINE)
    )
    assert two.id == one.id
    assert two.status is Status.PENDING
    assert two.waiting_since is None


def proven(message: Message) -> Message:
    """Return the message with a sender whom the receiving server has proven."""
    return replace(message, sender=replace(message.sender, verified=True))


async def test_our_own_answer_from_a_mail_client_keeps_the_promise(world) -> None:
    """An agent's mail that cites the conversation ends the wait and cancels the unsent note."""
    first = world.mail_from(subject="Parcel")
    (one,) = await world.take(first)
    (two,) = await world.take(
        proven(world.mail_from("maria@example.com", subject="Re: Parcel", references=(first.message_id,)))
    )
    assert two.id == one.id
    assert two.status is Status.PENDING
    assert two.promise.state is PromiseState.WITHDRAWN
    assert two.outbox[0].state is SendState.CANCELLED


async def test_whoever_only_says_they_are_an_agent_ends_no_wait(world) -> None:
    """A forged sender is shown with a warning; the promise stands and the note goes out."""
    first = world.mail_from(subject="Parcel")
    (one,) = await world.take(first)
    (two,) = await world.take(
        world.mail_from("maria@example.com", subject="Re: Parcel", references=(first.message_id,))
    )
    assert two.id == one.id
    assert (two.status, two.due_at, two.waiting_since) == (Status.OPEN, one.due_at, one.waiting_since)
    assert two.promise.state is PromiseState.MADE
    assert two.outbox[0].state is SendState.PENDING
    assert "Maria Jensen seems to have answered" in two.flags[0]
    assert two.contact.address == "ana@example.org"


async def test_an_answer_in_the_folder_of_sent_mail_is_ours(world) -> None:
    """Only we can put mail there, whether the server proves senders or not."""
    first = world.mail_from(subject="Parcel")
    await world.take(first)
    (two,) = await world.take(
        world.mail_from(
            "maria@example.com", subject="Re: Parcel", references=(first.message_id,), kind=Kind.AGENT
        )
    )
    assert (two.status, two.waiting_since, two.flags) == (Status.PENDING, None, ())


@pytest.mark.parametrize(("doubtful", "joins"), [("", True), ("DMARC failed", False)])
async def test_a_mail_answer_to_a_copy_joins_the_chat(world, doubtful, joins) -> None:
    """The customer who got the answer by mail answers by mail, from the address they left."""
    email = Identity(kind="email", address="ana@example.org")
    (one,) = await world.take(world.chat_from(claims=(email,)))
    await world.actions.reply(one.id, Answer(text="Here is the answer."), agent="maria")
    await world.send()
    world.clock.move(61)
    await world.send()
    copy = (await world.fresh(one)).outbox[-1]
    (two,) = await world.take(
        world.mail_from(
            subject=f"Re: {copy.subject}", references=(copy.message_id,), doubtful=doubtful, text="And now?"
        )
    )
    assert (two.id == one.id) is joins
    (three,) = await world.take(world.mail_from("eve@example.net", references=(copy.message_id,)))
    assert three.id != one.id


async def test_our_own_address_is_never_noted(world) -> None:
    """A mail from one of our own addresses cannot start a loop."""
    (one,) = await world.take(world.mail_from("help@example.com"))
    assert one.status is Status.HELD
    assert not one.outbox


async def test_unreadable_bytes_become_visible_work(world) -> None:
    """What cannot be parsed has a queue, a due time and a warning, and no note."""
    (one,) = await world.take(
        world.mail_from(kind=Kind.UNREADABLE, text="", reason="too deep", raw="ab" * 32)
    )
    assert one.kind == "unreadable"
    assert one.status is Status.OPEN
    assert one.due_at is not None
    assert not one.outbox
    assert "too deep" in one.flags[0]


async def test_a_rule_decides_and_is_named(world) -> None:
    """The decision keeps the rule's name, the rules' version and why."""
    (one,) = await world.take(world.mail_from(text="I want my money back"))
    assert (one.queue, one.priority, one.skills) == ("billing", "high", ("billing",))
    assert one.decision.rule == "Refunds go to billing"
    assert one.decision.version == world.book.version
    assert one.decision.explanation
    assert one.due_at == one.waiting_since + timedelta(hours=4)
    assert one.accountable == "tom"


async def test_held_mail_gets_no_note(world) -> None:
    """A rule that holds a message keeps it from being noted or assigned."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from(text="You won the lottery"))
    assert one.status is Status.HELD
    assert not one.owner
    assert not one.outbox
    done = await world.actions.unhold(one.id, agent="maria")
    assert done.status is Status.OPEN


async def test_an_answer_in_time_keeps_the_promise_and_frees_the_agent(world) -> None:
    """When the provider accepts a person's answer by X, the promise is kept."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    await world.send()
    done = await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    assert (done.status, done.owner, await world.claims("maria")) == (Status.PENDING, "", 0)
    assert done.promise.state is PromiseState.MADE
    await world.send()
    done = await world.fresh(one)
    assert done.promise.state is PromiseState.KEPT
    assert done.waiting_since is None
    assert [out.automatic for out in world.mail.sent] == [True, False]


async def test_an_answer_before_the_note_left_cancels_the_note(world) -> None:
    """Nobody gets a promise after the answer."""
    (one,) = await world.take(world.mail_from())
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    assert [out.automatic for out in world.mail.sent] == [False]


async def test_a_promise_that_passes_unmet_is_broken(world) -> None:
    """The timer ends it at X and marks the work overdue at its due time."""
    (one,) = await world.take(world.mail_from())
    await world.send()
    world.clock.set(one.due_at + timedelta(seconds=1))
    await world.timers.tick(slow=False)
    late = await world.fresh(one)
    assert late.promises[-1].state is PromiseState.BROKEN
    assert late.overdue
    assert late.status is Status.OPEN


async def test_a_customer_who_writes_again_returns_to_the_same_person(world) -> None:
    """A pending conversation opens again, with whoever answered it, and a new due time."""
    await world.here("maria", "tom")
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    owner = one.owner
    await world.actions.reply(one.id, Answer(text="It comes today."), agent=owner)
    await world.send()
    world.clock.move(600)
    await world.here(owner)
    (two,) = await world.take(world.mail_from(subject="Re: Parcel"))
    assert two.id == one.id
    assert (two.status, two.owner, two.reopened) == (Status.OPEN, owner, 1)
    assert two.due_at == world.clock.now() + timedelta(hours=24)


async def test_nobody_absent_gets_work(world) -> None:
    """Somebody who said that they are away is passed over; work waits with a duty person who is not."""
    await world.here("maria")
    await world.actions.presence("maria", said="away")
    (one,) = await world.take(world.mail_from())
    assert not one.owner
    assert one.accountable == "tom"


async def test_capacity_is_never_exceeded_and_the_rest_waits_in_order(world) -> None:
    """With room for two, the two most urgent are handed out, then the next when room appears."""
    await world.here("maria")
    messages = []
    for number in range(5):
        messages.append(world.mail_from(f"c{number}@example.org"))
        world.clock.move(1)
    taken = await world.take(*messages)
    assert [bool(one.owner) for one in taken] == [True, True, False, False, False]
    await world.actions.resolve(taken[0].id, agent="maria")
    await world.timers.tick(slow=False)
    after = [await world.fresh(one) for one in taken]
    assert [bool(one.owner) for one in after] == [False, True, True, False, False]
    assert await world.claims("maria") == 2


async def test_arriving_work_is_not_handed_past_more_urgent_waiting_work(world) -> None:
    """Whoever has waited longer gets the freed agent, not the newcomer."""
    old = world.mail_from("old@example.org")
    (waiting,) = await world.take(old)
    world.clock.move(60)
    await world.here("maria")
    await world.actions.presence("maria", said="here")
    first, second = world.mail_from("a@example.org"), world.mail_from("b@example.org")
    a, b = await world.take(first, second)
    assert (await world.fresh(waiting)).owner == "maria"
    assert [one.owner for one in (a, b)] == ["maria", ""]


async def test_a_chat_with_a_present_agent_needs_no_note(world) -> None:
    """When an answer is expected within a minute, nobody is told to wait."""
    await world.here("maria")
    (one,) = await world.take(world.chat_from())
    assert one.owner == "maria"
    assert not one.outbox
    assert one.no_note


async def test_a_chat_with_nobody_there_gets_a_name_and_a_time(world) -> None:
    """The duty person speaks when nobody is on."""
    (one,) = await world.take(world.chat_from())
    assert not one.owner
    assert len(one.outbox) == 1


async def test_a_live_chat_keeps_its_owner_until_it_falls_silent(world) -> None:
    """An answered chat still counts as work; after ten silent minutes the owner is free again."""
    await world.here("maria")
    (one,) = await world.take(world.chat_from())
    await world.actions.reply(one.id, Answer(text="Hi!"), agent="maria")
    await world.send()
    assert (await world.fresh(one)).owner == "maria"
    assert await world.claims("maria") == 1
    world.clock.move(601)
    await world.timers.tick(slow=True)
    assert (await world.fresh(one)).owner == ""
    world.clock.move(40)
    await world.timers.tick(slow=True)
    assert await world.claims("maria") == 0


async def test_an_address_left_in_the_chat_gets_a_copy_of_the_answer(world) -> None:
    """A customer who went away reads the answer in their mail, once; one who saw it does not."""
    email = Identity(kind="email", address="ana@example.org")
    (one,) = await world.take(world.chat_from())
    await world.take(world.chat_from(kind=Kind.STATUS, text="", reason="contact", claims=(email,)))
    await world.send()
    await world.actions.reply(one.id, Answer(text="Here is the answer."), agent="maria")
    await world.send()
    assert not world.mail.sent
    world.clock.move(61)
    await world.send()
    assert [out.to.address for out in world.mail.sent] == ["ana@example.org"]


async def test_three_automatic_mails_a_day_are_enough(world) -> None:
    """A fourth note to the same sender within a day is not sent, and the reason is on record."""
    taken = await world.take(*[world.mail_from(subject=f"Matter {n}") for n in range(5)])
    await world.send()
    assert len(world.mail.sent) == 3
    silent = [one for one in [await world.fresh(one) for one in taken] if one.no_note]
    assert len(silent) == 2


async def test_a_note_too_late_to_be_of_use_is_not_sent(world) -> None:
    """After a long downtime the old note stays unsent and its promise is withdrawn."""
    (one,) = await world.take(world.mail_from())
    world.clock.move(7 * 3600)
    await world.send()
    assert not world.mail.sent
    late = await world.fresh(one)
    assert late.promise.state is PromiseState.WITHDRAWN
    assert late.no_note


async def test_a_delayed_note_says_a_time_that_still_lies_ahead(world) -> None:
    """Words and promise are made anew when X came too near before the note left."""
    (one,) = await world.take(world.mail_from(text="my money back please"))
    near = one.promise.at - timedelta(seconds=30)
    world.clock.set(near)
    await world.send()
    sent = await world.fresh(one)
    assert sent.promise.at > near + timedelta(seconds=59)
    assert sent.outbox[0].text != one.outbox[0].text


async def test_paused_notes_stay_unsaid(world) -> None:
    """While notes are paused, messages are routed and the reason is on record."""
    world.house = replace(world.house, paused=True)
    (one,) = await world.take(world.mail_from())
    assert not one.outbox
    assert "paused" in one.no_note


async def test_a_bounce_of_our_answer_brings_the_work_back(world) -> None:
    """A failed answer is flagged and open again, not silently lost."""
    (one,) = await world.take(world.mail_from())
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    sent = (await world.fresh(one)).outbox[-1].message_id
    (two,) = await world.take(
        world.mail_from("mailer-daemon@example.org", kind=Kind.STATUS, about=sent, reason="no such mailbox")
    )
    assert two.id == one.id
    assert two.status is Status.OPEN
    assert "no such mailbox" in two.flags[-1]


async def test_two_first_messages_of_a_thread_make_one_conversation(world) -> None:
    """Racing routers collide on the thread's id and one of them goes round again."""
    one, two = world.chat_from(), world.chat_from()
    await world.store.accept([(m, m.received_at) for m in (one, two)])
    assert await world.consumer.decide([one.key]) == []
    assert await world.consumer.decide([two.key]) == []
    assert (await world.conversation(one)).id == (await world.conversation(two)).id


async def test_the_work_of_somebody_who_left_goes_back_to_its_queue(world) -> None:
    """When an agent no longer stands in the rules, their work waits again, with somebody accountable."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    assert one.owner == "maria"
    people = {name: person for name, person in world.book.people.items() if name != "maria"}
    world.house = replace(world.house, book=dataclasses.replace(world.book, people=people))
    await world.timers.tick(slow=True)
    left = await world.fresh(one)
    assert (left.owner, left.accountable) == ("", "tom")
    assert await world.claims("maria") == 0
