"""I need until…: another time is said before or after the note has left, and the customer hears what they must."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from router.answer import Answer
from router.audit import audit
from router.conversation import Conversation, NoteKind, Promise, PromiseState, SendState, Why
from router.errors import ActionError, Conflict, Forbidden, StoreDown
from router.house import House
from router.journal import changed
from router.keeping import renewal
from router.ports import Commit, Outcome
from router.testing import MemoryStore
from router.voice.until import EARLIER, REWORDED, SAME, TOLD, Answered, Asker, Wanted
from tests.support.world import RULES, World

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a service on twins; everybody agreed to notes in their name."""
    return World(tmp_path, RULES.replace("email: {target: 24h", "email: {target: 2h"))


async def ask(world: World, one: Conversation, until: datetime, **more: object) -> Answered:
    """Let Maria, or whoever is named, say another time."""
    asker = Asker(world.store, world.events, world.clock, lambda: world.house)
    return await asker.ask(one.id, Wanted(until=until, **({"agent": "maria"} | more)))  # type: ignore[arg-type]


async def told(world: World) -> Conversation:
    """Return a conversation of Maria's whose note has left."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    await world.send()
    return await world.fresh(one)


def running(one: Conversation) -> Promise:
    """Return the promise."""
    assert one.promise is not None
    return one.promise


async def test_a_note_that_has_not_left_names_the_new_time(world: World) -> None:
    """The same note leaves once, with the new time; nobody heard the old one, so nothing was renewed."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    later = running(one).at + timedelta(hours=2)
    done = await ask(world, one, later)
    assert done.says == REWORDED
    await world.send()
    sent = await world.fresh(one)
    assert [item.id for item in sent.outbox] == [one.outbox[0].id]
    assert running(sent).at == later
    assert running(sent).renewals == 0
    assert not sent.promises
    assert f"{later.astimezone(COPENHAGEN):%H:%M}" in world.mail.sent[0].text
    assert len(world.mail.sent) == 1


async def test_before_the_note_has_left_an_earlier_time_can_be_said(world: World) -> None:
    """Whoever knows that they will be quicker says so, and the customer hears that time."""
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    sooner = running(one).at - timedelta(minutes=30)
    await ask(world, one, sooner)
    await world.send()
    assert running(await world.fresh(one)).at == sooner
    assert f"{sooner.astimezone(COPENHAGEN):%H:%M}" in world.mail.sent[0].text


async def test_a_later_time_after_the_note_is_told_with_an_apology(world: World) -> None:
    """The promise is renewed as asked for, in one more note that names both times."""
    one = await told(world)
    old, later = running(one), running(one).at + timedelta(hours=2)
    done = await ask(world, one, later)
    assert done.says == TOLD
    await world.send()
    sent = await world.fresh(one)
    assert (running(sent).at, running(sent).renewals, running(sent).state) == (later, 1, PromiseState.MADE)
    assert sent.promises[-1].state is PromiseState.RENEWED
    assert sent.promises[-1].reason == Why.ASKED
    assert (sent.outbox[-1].note, sent.outbox[-1].state) == (NoteKind.RENEWAL, SendState.SENT)
    assert running(sent).made_at == sent.outbox[-1].at
    text = world.mail.sent[-1].text
    assert "sorry" in text
    assert f"{old.at.astimezone(COPENHAGEN):%H:%M}" in text
    assert f"{later.astimezone(COPENHAGEN):%H:%M}" in text


async def test_an_earlier_time_after_the_note_is_a_reminder_only(world: World) -> None:
    """What the customer was told stands; the person is warned in time for what they said."""
    one = await told(world)
    sooner = world.clock.now() + timedelta(minutes=40)
    done = await ask(world, one, sooner)
    assert done.says == EARLIER
    after = await world.fresh(one)
    assert running(after).at == running(one).at
    assert len(after.outbox) == 1
    assert running(after).warn_at is not None
    assert running(after).warn_at < sooner < running(one).at


async def test_the_same_time_changes_nothing(world: World) -> None:
    """No note goes out that says what the customer knows."""
    one = await told(world)
    done = await ask(world, one, running(one).at)
    assert done.says == SAME
    assert await world.fresh(one) == one


async def test_the_time_is_rounded_up_to_one_that_people_say(world: World) -> None:
    """Nobody promises 14:07:30."""
    one = await told(world)
    await ask(world, one, running(one).at + timedelta(minutes=7, seconds=30))
    at = running(await world.fresh(one)).at
    assert at > running(one).at
    assert (at.minute % 15, at.second) == (0, 0)


async def test_twice_in_a_wait_the_words_are_laid_before_a_person(world: World) -> None:
    """Software tells the customer another time once; the second time somebody writes."""
    one = await told(world)
    first = running(one).at + timedelta(hours=1)
    await ask(world, one, first)
    await world.send()
    done = await ask(world, one, first + timedelta(hours=1))
    await world.send()
    after = await world.fresh(one)
    assert "lie ready" in done.says
    assert after.prepared is not None
    assert after.prepared.promise_at == first + timedelta(hours=1)
    assert running(after).at == first, "what was not said does not hold"
    assert [item.note for item in after.outbox] == [NoteKind.FIRST, NoteKind.RENEWAL]


def forbidding(house: House, **changes: object) -> House:
    """Return the house with these things of its mail account changed."""
    accounts = dict(house.accounts)
    accounts["email", "support"] = replace(accounts["email", "support"], **changes)
    return replace(house, accounts=accounts)


async def test_where_the_platform_allows_one_message_the_words_are_prepared(world: World) -> None:
    """The rule of the platform is kept, and the customer is still told, by a person."""
    one = await told(world)
    world.house = forbidding(world.house, one_automatic_reply=True)
    done = await ask(world, one, running(one).at + timedelta(hours=2))
    assert "no second automatic message" in done.says
    after = await world.fresh(one)
    assert running(after) == running(one)
    assert after.prepared is not None
    assert after.prepared.by == "maria"
    assert "sorry" in after.prepared.text


@pytest.mark.parametrize("reason", ["paused", "voice", "sensitive"])
async def test_what_forbids_a_note_forbids_this_one(world: World, reason: str) -> None:
    """Paused notes, a missing yes and a sensitive matter leave the words to a person."""
    one = await told(world)
    if reason == "paused":
        world.house = replace(world.house, paused=True)
    elif reason == "voice":
        world.house = replace(world.house, voices={})
    else:
        assert one.decision is not None
        quiet = replace(one, decision=replace(one.decision, tone="none"))
        await world.store.commit(Commit(changes=[changed(one, quiet)]))
    await ask(world, one, running(one).at + timedelta(hours=2))
    after = await world.fresh(one)
    assert after.prepared is not None
    assert len(after.outbox) == 1


async def test_only_who_answers_for_it_or_leads_may(world: World) -> None:
    """A colleague cannot move somebody else's promise; a lead may."""
    one = await told(world)
    later = running(one).at + timedelta(hours=2)
    with pytest.raises(Forbidden):
        await ask(world, replace(one), later, agent="nobody")
    done = await ask(world, one, later, agent="nobody", lead=True)
    assert done.says == TOLD
    assert running(done.conversation).by == "maria"


async def test_a_time_must_lie_ahead_near_and_in_the_window(world: World) -> None:
    """What cannot be kept, or would be a slip of the hand, is refused with the reason."""
    one = await told(world)
    with pytest.raises(ActionError, match="more than a minute ahead"):
        await ask(world, one, world.clock.now() + timedelta(seconds=30))
    with pytest.raises(ActionError, match="within 31 days"):
        await ask(world, one, world.clock.now() + timedelta(days=40))
    world.house = forbidding(world.house, reply_window_s=3 * 3600.0)
    with pytest.raises(ActionError, match="no answer that late"):
        await ask(world, one, world.clock.now() + timedelta(hours=4))


async def test_the_window_bounds_the_rounding_too(world: World) -> None:
    """Rounded up, the time still lies inside the provider's window."""
    one = await told(world)
    world.house = forbidding(world.house, reply_window_s=3 * 3600.0 + 400)
    await ask(world, one, world.clock.now() + timedelta(hours=3, seconds=200))
    assert running(await world.fresh(one)).at <= one.opened_at + timedelta(hours=3, seconds=400)


async def test_nothing_is_moved_once_an_answer_is_written(world: World) -> None:
    """Whoever answers does not need until; nor where nobody waits."""
    one = await told(world)
    later = running(one).at + timedelta(hours=2)
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    with pytest.raises(Conflict, match="on its way"):
        await ask(world, one, later)
    await world.send()
    with pytest.raises(Conflict, match="No promised time"):
        await ask(world, one, later)


async def test_what_came_in_meanwhile_is_read_first(world: World) -> None:
    """A time said on an older view is refused, as an answer is."""
    one = await told(world)
    await world.take(world.mail_from(subject="Re: Parcel 1", references=(one.outbox[0].message_id,)))
    with pytest.raises(Conflict, match="came in meanwhile"):
        await ask(world, one, running(one).at + timedelta(hours=2), version=one.version)


async def test_an_answer_before_the_new_note_left_keeps_the_time_that_was_heard(world: World) -> None:
    """The customer never heard of the later time; the answer keeps the first one."""
    one = await told(world)
    await ask(world, one, running(one).at + timedelta(hours=2))
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    after = await world.fresh(one)
    assert [(kept.at, kept.state) for kept in after.promises] == [(running(one).at, PromiseState.KEPT)]
    assert after.outbox[1].state is SendState.CANCELLED


async def test_a_cancelled_new_note_brings_the_old_time_back(world: World) -> None:
    """Where the note about the new time may not leave after all, the time that was heard goes on."""
    one = await told(world)
    await ask(world, one, running(one).at + timedelta(hours=2))
    world.house = replace(world.house, paused=True)
    await world.send()
    after = await world.fresh(one)
    assert after.outbox[-1].state is SendState.CANCELLED
    assert (running(after).at, running(after).state) == (running(one).at, PromiseState.MADE)
    assert after.misses == 0


async def test_asked_at_night_the_note_waits_for_the_customers_morning(world: World) -> None:
    """What we start ourselves keeps the customer's day, where the old time lies behind it."""
    one = await told(world)
    await ask(world, one, running(one).at + timedelta(hours=23))
    await world.send()
    far = await world.fresh(one)
    late = datetime(2026, 11, 23, 22, 0, tzinfo=COPENHAGEN)
    world.clock.set(late)
    again = replace(far, outbox=far.outbox[:1])  # as if it were the first in this wait
    quote = renewal.Quote(at=running(far).at + timedelta(hours=3), late=True, explanation=())
    moved = renewal.renewed(
        world.house, again, world.book.people["maria"], quote, Why.ASKED, world.clock.now()
    )
    assert moved.outbox[-1].next_at == datetime(2026, 11, 24, 8, 0, tzinfo=COPENHAGEN)


class Torn(MemoryStore):
    """A store that dies once, just after a commit was written."""

    torn = False

    async def commit(self, commit: Commit) -> Outcome:
        """Write it, then fail once when asked to."""
        outcome = await super().commit(commit)
        if self.torn and commit.changes:
            self.torn = False
            raise StoreDown
        return outcome


async def test_asking_again_after_a_crash_says_it_once(tmp_path: Path) -> None:
    """Whoever got no answer and asks again moves the time once; the customer gets one note."""
    world = World(tmp_path, RULES.replace("email: {target: 24h", "email: {target: 2h"), store=Torn)
    one = await told(world)
    later = running(one).at + timedelta(hours=2)
    assert isinstance(world.store, Torn)
    world.store.torn = True
    with pytest.raises(StoreDown):
        await ask(world, one, later)
    await ask(world, one, later)
    await world.send()
    after = await world.fresh(one)
    assert [item.note for item in after.outbox] == [NoteKind.FIRST, NoteKind.RENEWAL]
    assert running(after).at == later
    assert len(world.mail.sent) == 2


async def test_the_invariants_hold_after_a_renewal(world: World) -> None:
    """The note that names the time and the promise were made together, as the audit sees it."""
    one = await told(world)
    await ask(world, one, running(one).at + timedelta(hours=2))
    await world.send()
    world.clock.move(120)
    assert (await audit(world.store, world.house, world.clock)).findings == []
