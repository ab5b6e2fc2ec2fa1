import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace

from channels.errors import NotSent
from channels.message import Identity, Kind
from router import handle
from router.answer import Answer
from router.audit import audit
from router.conversation import PromiseState, SendState, Status
from router.draft import Draft
from router.errors import Conflict
from router.tokens import reply_token
from tests.support.world import World


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


async def clean(world: World) -> None:
    """Hold the store against the invariants."""
    assert (await audit(world.store, world.house, world.clock)).findings == []


async def test_an_answer_that_cannot_be_sent_for_a_day_comes_back_to_a_person(world) -> None:
    """It is flagged, failed and open again, with a due time."""
    (one,) = await world.take(world.mail_from())
    world.mail.outcomes = [NotSent("connection refused")] * 100
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    for _ in range(30):
        await world.send()
        world.clock.move(3600)
    back = await world.fresh(one)
    answer = next(item for item in back.outbox if item.note is None)
    assert answer.state is SendState.FAILED
    assert back.status is Status.OPEN
    assert back.due_at is not None
    assert any("was not sent" in flag for flag in back.flags)
    await clean(world)


async def test_a_refused_answer_leaves_the_owner_their_claim(world) -> None:
    """When the customer wrote meanwhile, the answer is refused and the owner still owns with a claim."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.take(world.mail_from(subject="Re: Parcel", text="And another thing"))
    with pytest.raises(Conflict):
        await world.actions.reply(one.id, Answer(text="Done", version=one.version), agent="maria")
    assert (await world.fresh(one)).owner == "maria"
    assert await world.claims("maria") == 1
    await clean(world)


async def test_nobody_accountable_is_somebody_who_left(world) -> None:
    """Unowned work of a person who no longer stands in the rules gets a new accountable person."""
    (one,) = await world.take(world.mail_from())
    assert one.accountable == "maria"
    people = {name: person for name, person in world.book.people.items() if name != "maria"}
    world.house = replace(world.house, book=dataclasses.replace(world.book, people=people))
    await world.timers.tick(slow=True)
    assert (await world.fresh(one)).accountable == "tom"


async def test_work_of_somebody_away_past_its_due_time_goes_back(world) -> None:
    """Who cannot be back before the work is due loses it to somebody who is here."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    assert one.owner == "maria"
    until = world.clock.now() + timedelta(days=3)
    await world.actions.presence("maria", said="away", until=until)
    await world.here("tom")
    await world.timers.tick(slow=True)
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).owner == "tom"
    assert await world.claims("maria") == 0


async def test_a_short_absence_costs_nobody_their_work(world) -> None:
    """Whoever is back before the work is due keeps it."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    await world.actions.presence("maria", said="away", until=world.clock.now() + timedelta(hours=1))
    await world.here("tom")
    await world.timers.tick(slow=True)
    assert (await world.fresh(one)).owner == "maria"


async def test_a_live_chat_does_not_wait_for_an_absent_owner(world) -> None:
    """A chat whose owner left goes to somebody who is here."""
    await world.here("maria")
    (one,) = await world.take(world.chat_from())
    await world.actions.presence("maria", said="away")
    await world.here("tom")
    await world.timers.tick(slow=True)
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).owner == "tom"


async def test_a_chat_that_nobody_answers_gets_its_note_after_a_minute(world) -> None:
    """A present owner who stays silent does not leave the visitor without a name and a time."""
    await world.here("maria")
    (one,) = await world.take(world.chat_from())
    assert not one.outbox
    world.clock.move(61)
    await world.timers.tick(slow=False)
    await world.send()
    noted = await world.fresh(one)
    assert [item.note for item in noted.outbox] == ["first"]
    assert noted.promise.at > world.clock.now()
    assert noted.no_note == ""
    await world.timers.tick(slow=False)
    assert len((await world.fresh(one)).outbox) == 1


async def test_a_note_never_leaves_with_a_time_that_is_past(world) -> None:
    """While mail cannot be sent, the unsaid promise is neither broken nor told; later a true one is."""
    (one,) = await world.take(world.mail_from(text="money back please"))
    world.mail.outcomes = [NotSent("connection refused")]
    await world.send()
    world.clock.set(one.promise.at + timedelta(minutes=30))
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).promise.state is PromiseState.MADE
    world.clock.move(400)
    await world.send()
    told = await world.fresh(one)
    assert told.promise.at > world.clock.now()
    assert all(item.note is None or item.at == told.promise.made_at for item in told.outbox)
    await clean(world)


async def test_a_note_speaks_for_whoever_answers_for_the_work_when_it_leaves(world) -> None:
    """When the work changed hands before the note left, it is worded anew in the right voice."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    await world.actions.release(one.id, agent="maria")
    await world.actions.presence("maria", said="away")
    await world.actions.take(one.id, agent="tom")
    await world.send()
    assert "Tom" in world.mail.sent[0].author
    told = await world.fresh(one)
    assert (told.promise.by, told.promise.owner) == ("tom", True)


async def test_a_promise_that_nobody_heard_counts_for_nothing(world) -> None:
    """An answer before the note left withdraws the promise: it is neither kept nor broken."""
    (one,) = await world.take(world.mail_from())
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    assert (await world.fresh(one)).promise.state is PromiseState.WITHDRAWN


async def test_a_customer_who_writes_while_the_answer_leaves_is_not_forgotten(world) -> None:
    """The promise is kept by the answer, and what came meanwhile waits on with a due time, without a second note."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.send()
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    world.clock.move(5)
    later = world.mail_from(subject="Re: Parcel", text="One more question")
    await world.take(later)
    await world.send()
    done = await world.fresh(one)
    assert [ended.state for ended in done.promises] == [PromiseState.KEPT]
    assert (done.status, done.waiting_on) == (Status.OPEN, later.key)
    assert done.due_at == later.received_at + timedelta(hours=24)
    assert [out.automatic for out in world.mail.sent] == [True, False]
    await clean(world)


async def test_a_customer_who_writes_into_a_reopened_case_gets_a_note(world) -> None:
    """After a person opened it again, the customer's next message is promised an answer, and no later than before."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.actions.resolve(one.id, agent="maria")
    opened = await world.actions.reopen(one.id, agent="maria")
    world.clock.move(3600)
    (again,) = await world.take(world.mail_from(subject="Re: Parcel", text="Hello?"))
    assert again.promise is not None
    assert again.promise.state is PromiseState.MADE
    assert again.due_at <= opened.due_at


async def test_what_is_held_stays_held_when_its_sender_writes_again(world) -> None:
    """A quarantined sender is not let in by writing twice."""
    await world.take(world.mail_from(subject="Prize", text="You won the lottery"))
    (two,) = await world.take(world.mail_from(subject="Re: Prize", text="Answer me"))
    assert two.status is Status.HELD
    assert not two.outbox


async def test_held_work_past_due_is_seen(world) -> None:
    """Its due time passes like any other's."""
    (one,) = await world.take(world.mail_from(text="You won the lottery"))
    world.clock.set(one.due_at + timedelta(seconds=1))
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).overdue


async def test_a_person_in_a_machines_thread_is_a_person(world) -> None:
    """When a human writes where a program began, it is open work with a note."""
    ticket = world.mail_from(
        "tickets@example.net", subject="Ticket", kind=Kind.MACHINE, no_note="Auto-Submitted"
    )
    await world.take(ticket)
    (one,) = await world.take(
        world.mail_from("tickets@example.net", subject="Re: Ticket", references=(ticket.message_id,))
    )
    assert (one.kind, one.status) == ("normal", Status.OPEN)
    assert one.outbox


async def test_one_mail_by_two_ways_and_two_routers_gets_one_note(world) -> None:
    """Two routers that decide the copies at the same time collide, and the loser sees the first."""
    first = world.mail_from(fingerprint="f1")
    second = world.mail_from(fingerprint="f1", message_id=first.message_id)
    await world.store.accept([(m, m.received_at) for m in (first, second)])
    now = world.clock.now()
    drafts = [Draft(await world.store.load([m.key]), world.house, world.ids, now) for m in (first, second)]
    for draft, message in zip(drafts, (first, second), strict=True):
        handle.receive(draft, [message.key])
        handle.place(draft, [])
    won = [(await world.store.commit(draft.commit())).changes[0] for draft in drafts]
    assert won == [True, False]
    assert await world.consumer.decide([second.key]) == []
    one, two = await world.conversation(first), await world.conversation(second)
    assert one.id == two.id
    assert len(two.outbox) == 1


async def test_arrivals_do_not_overtake_a_backlog_that_was_not_read(world) -> None:
    """With more waiting than is looked at, newcomers wait behind it."""
    people = {name: replace(p, capacity={"default": 50}) for name, p in world.book.people.items()}
    world.house = replace(world.house, book=dataclasses.replace(world.book, people=people))
    old = []
    for number in range(60):
        old.append(world.mail_from(f"c{number}@example.org"))
        world.clock.move(1)
    await world.take(*old)
    await world.here("maria")
    (new,) = await world.take(world.mail_from("new@example.org"))
    assert not new.owner
    for _ in range(5):
        await world.timers.tick(slow=False)
    owned = [bool((await world.conversation(one)).owner) for one in old]
    assert owned == [True] * 50 + [False] * 10


async def test_a_closing_thanks_starts_no_clock(world) -> None:
    """Thank you after an answer leaves the conversation as it is."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    (two,) = await world.take(world.mail_from(subject="Re: Parcel", text="Thanks a lot, have a nice day!"))
    assert two.id == one.id
    assert two.status is Status.PENDING
    assert two.due_at is None
    (three,) = await world.take(world.mail_from(subject="Re: Parcel", text="Thanks, but it has not come"))
    assert three.status is Status.OPEN


async def test_an_out_of_office_reply_does_not_say_that_nobody_was_told(world) -> None:
    """The wait keeps its own account of the note."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.send()
    sent = (await world.fresh(one)).outbox[0].message_id
    (two,) = await world.take(
        world.mail_from(subject="Away", references=(sent,), kind=Kind.MACHINE, no_note="Auto-Submitted")
    )
    assert (two.id, two.no_note) == (one.id, "")


async def test_a_person_is_told_when_software_must_be_silent(world) -> None:
    """A sensitive matter is flagged to the accountable person."""
    (one,) = await world.take(world.mail_from(text="My father passed away. Please close his account."))
    assert not one.outbox
    assert any("Please answer yourself" in flag for flag in one.flags)


async def test_pausing_stops_the_notes_that_wait_to_be_sent(world) -> None:
    """A note in the outbox is cancelled while notes are paused."""
    (one,) = await world.take(world.mail_from())
    world.house = replace(world.house, paused=True)
    await world.send()
    assert not world.mail.sent
    assert (await world.fresh(one)).outbox[0].state is SendState.CANCELLED


async def test_answers_go_to_whoever_wrote_last(world) -> None:
    """When a second participant writes with our token, the answer to that is theirs."""
    (one,) = await world.take(world.mail_from(subject="Parcel"))
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    token = reply_token(world.house.secret, one.reference)
    await world.take(
        world.mail_from("bob@work.example", subject="Re: Parcel", token=token, text="I am Bob. When?")
    )
    await world.actions.reply(one.id, Answer(text="At noon."), agent="maria")
    await world.send()
    assert world.mail.sent[-1].to.address == "bob@work.example"
    assert isinstance(world.mail.sent[-1].to, Identity)


async def test_what_people_write_goes_where_a_contact_form_asks_for_it(world) -> None:
    """The form's own address gets the note, the customer named in Reply-To gets the answer and may write back."""
    customer = Identity(kind="email", address="ana@example.org")
    (one,) = await world.take(world.mail_from("form@shop.example", subject="Parcel", answer_to=customer))
    await world.send()
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    assert [out.to.address for out in world.mail.sent] == ["form@shop.example", "ana@example.org"]
    cited = (await world.fresh(one)).outbox[-1].message_id
    (two,) = await world.take(world.mail_from(subject="Re: Parcel", references=(cited,), text="Not yet here"))
    assert two.id == one.id
