"""What a customer says by a tap: what becomes of the time, the promise and the work, and how it is taken back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router import steps
from router.answer import Answer
from router.audit import audit
from router.conversation import (
    Conversation,
    Event,
    NoteKind,
    PromiseState,
    SendState,
    Status,
    Why,
    promise_told,
)
from router.engine.learnt import Learnt, fold
from router.errors import Conflict
from router.journal import changed
from router.keeping.renewal import renewed
from router.ports import Commit, Outcome
from router.promise import Quote
from router.taps import link as tap
from router.taps import suits, wishes
from router.taps.behind import CHOICES, Stand
from router.taps.tapped import MOST_WISHES, Choice, NotThen, Taps
from router.testing import MemoryStore
from router.voice.say import Saying, item
from tests.support.taps import asked, linked, noted, said
from tests.support.world import MONDAY_NOON, RULES, World

TUESDAY_17 = datetime(2026, 11, 24, 16, tzinfo=UTC)
DAY = 86400


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a world on a Monday noon in Copenhagen; people work from 8 to 18."""
    return World(tmp_path)


@pytest.fixture
def taps(world: World) -> Taps:
    """Let its notes carry links."""
    return linked(world)


async def lines(world: World, kind: str) -> list[dict[str, object]]:
    """Return what the log says in lines of the kind."""
    return [line.data for _, line in await world.store.log(after=0, limit=1000) if line.kind == kind]


async def held(world: World) -> list[str]:
    """Return what the audit finds."""
    return [finding.detail for finding in (await audit(world.store, world.house, world.clock)).findings]


# --- tomorrow is fine, and picking a time


async def test_tomorrow_is_fine_moves_the_time_and_breaks_nothing(world: World, taps: Taps) -> None:
    """The old promise ends withdrawn, the page's new one counts as told, and the work is due by then."""
    one, token = await noted(world)
    assert one.promise is not None
    after = await said(taps, token, "later")
    assert after.promise is not None
    assert (after.promise.at, after.due_at) == (TUESDAY_17, TUESDAY_17)
    assert promise_told(after)
    assert (after.promises[-1].state, after.promises[-1].reason) == (PromiseState.WITHDRAWN, Why.CHANGED)
    assert after.promise.by == one.promise.by
    assert (after.misses, after.promise.renewals) == (0, 0)
    assert await lines(world, "wish") == [{"wish": "later", "wanted": TUESDAY_17.isoformat()}]
    assert await held(world) == []


async def test_the_new_time_is_kept_by_an_answer_before_it(world: World, taps: Taps) -> None:
    """Past the old time nothing is broken; the answer keeps the new one."""
    one, token = await noted(world)
    await said(taps, token, "later")
    world.clock.set(TUESDAY_17 - timedelta(hours=2))
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).promise is not None
    await world.actions.reply(one.id, Answer(text="It is on its way."), agent="maria")
    await world.send()
    done = await world.fresh(one)
    assert [each.state for each in done.promises] == [PromiseState.WITHDRAWN, PromiseState.KEPT]
    (waited,) = await lines(world, "waited")
    assert (waited["broken"], waited["wished"], waited["first"]) == (False, True, TUESDAY_17.isoformat())


@pytest.mark.parametrize(("wished", "learnt"), [({}, (3600.0,)), ({"wished": True}, ())])
def test_a_time_that_the_customer_chose_teaches_nothing_about_how_long_answers_take(
    wished: dict[str, bool], learnt: tuple[float, ...]
) -> None:
    """Who said that tomorrow is fine was not kept waiting by too much work."""
    data = {"how": "answered", "open_s": 3600.0, "first": TUESDAY_17.isoformat(), **wished}
    line = Event(at=TUESDAY_17, kind="waited", channel="email", data=data)
    assert fold(Learnt(channel="email"), line).actuals == learnt


async def test_the_new_time_can_be_broken_like_any_other(world: World, taps: Taps) -> None:
    """What the page promised counts: it is no way to have more time for nothing."""
    one, token = await noted(world)
    world.house = replace(world.house, paused=True)
    await said(taps, token, "later")
    world.clock.set(TUESDAY_17 + timedelta(minutes=1))
    await world.timers.tick(slow=False)
    states = [each.state for each in (await world.fresh(one)).promises]
    assert PromiseState.BROKEN in states or PromiseState.RENEWED in states


@pytest.mark.parametrize("kind", ["picked", "solved"])
async def test_a_tap_after_the_time_passed_does_not_unbreak_it(world: World, taps: Taps, kind: str) -> None:
    """No timer ran since the promised time: the tap counts, and the promise is broken with its reason."""
    one, token = await noted(world)
    assert one.promise is not None
    await world.clock.advance((one.promise.at - world.clock.now()).total_seconds() + 1800)
    times = suits.times(world.house, one, world.clock.now())
    after = await said(taps, token, kind, times[1] if kind == "picked" else None)
    (missed,) = after.promises
    assert missed.state is PromiseState.BROKEN
    assert missed.reason


async def test_only_offered_times_can_be_picked(world: World, taps: Taps) -> None:
    """One of the list is promised as picked; any other instant is refused, and nothing changes."""
    one, token = await noted(world)
    offered = suits.times(world.house, one, world.clock.now())
    with pytest.raises(NotThen):
        await taps.act(token, Choice(kind="picked", at=offered[0] + timedelta(minutes=1)))
    with pytest.raises(NotThen):
        await taps.act(token, Choice(kind="picked"))
    assert await world.fresh(one) == one
    after = await said(taps, token, "picked", offered[3])
    assert after.promise is not None
    assert (after.promise.at, after.wish.kind if after.wish else "") == (offered[3], "picked")


async def test_the_same_wish_twice_changes_nothing_more(world: World, taps: Taps) -> None:
    """Tapping again what holds already makes no second promise."""
    _, token = await noted(world)
    once = await said(taps, token, "later")
    assert await said(taps, token, "later") == once


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 11, 27, 9, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC)),
        (datetime(2026, 11, 28, 9, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC)),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), datetime(2026, 11, 25, 16, tzinfo=UTC)),
        (datetime(2026, 3, 27, 9, tzinfo=UTC), datetime(2026, 3, 30, 15, tzinfo=UTC)),
    ],
)
async def test_tomorrow_is_the_next_day_on_which_somebody_is_there(
    world: World, taps: Taps, now: datetime, until: datetime
) -> None:
    """Over a weekend it is Monday, after midnight it is the day after; at 17:00 on the wall, across summer time."""
    one, _ = await noted(world)
    at_once = replace(one, promise=None)
    assert suits.tomorrow(world.house, at_once, now) == until


async def test_who_is_on_leave_promises_nothing_for_those_days(tmp_path: Path) -> None:
    """Days of leave are skipped, in "tomorrow" and in the times to pick."""
    leave = RULES.replace("name: Maria Jensen,", 'name: Maria Jensen, leave: ["2026-11-24..2026-11-25"],')
    world = World(tmp_path, leave)
    linked(world)
    one, _ = await noted(world)
    assert one.accountable == "maria"
    assert suits.tomorrow(world.house, replace(one, promise=None), MONDAY_NOON) == TUESDAY_17 + timedelta(
        days=2
    )
    days = {
        at.astimezone(ZoneInfo("Europe/Copenhagen")).day for at in suits.times(world.house, one, MONDAY_NOON)
    }
    assert not days & {24, 25}


async def test_no_time_is_offered_after_the_providers_window(world: World, taps: Taps) -> None:
    """A time at which the answer would be refused is no choice."""
    one, _ = await noted(world)
    closing = replace(one, reply_until=TUESDAY_17 - timedelta(hours=1))
    assert suits.tomorrow(world.house, closing, MONDAY_NOON) is None
    assert all(at <= TUESDAY_17 - timedelta(hours=1) for at in suits.times(world.house, closing, MONDAY_NOON))


@given(
    minutes=st.integers(0, 60 * 24 * 30),
    ahead=st.integers(1, 60 * 24 * 4),
    zone=st.sampled_from(["Europe/Copenhagen", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "UTC"]),
)
def test_every_offered_time_can_be_promised(
    minutes: int, ahead: int, zone: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whenever and wherever: in the hours of whoever promises, later than promised, in order, at most six."""
    if not _known:
        world = World(tmp_path_factory.mktemp("world"))
        linked(world)
        _known.append((world, asyncio.run(noted(world))[0]))
    world, one = _known[0]
    now = MONDAY_NOON + timedelta(minutes=minutes)
    assert one.promise is not None
    one = replace(one, zone=zone, promise=replace(one.promise, at=now + timedelta(minutes=ahead)))
    found = suits.times(world.house, one, now)
    tomorrow = suits.tomorrow(world.house, one, now)
    hours = world.book.calendar_of(world.book.people["maria"])
    assert list(found) == sorted(set(found))
    assert len(found) <= suits.OFFERED
    for at in (*found, *([tomorrow] if tomorrow else [])):
        assert at > now + timedelta(minutes=ahead)
        assert hours.is_open(at - timedelta(seconds=1))
        assert at.second == at.microsecond == 0
    if tomorrow:
        assert tomorrow.astimezone(ZoneInfo(zone)).date() > now.astimezone(ZoneInfo(zone)).date()


_known: list[tuple[World, Conversation]] = []


async def test_a_renewal_that_has_not_left_yet_is_not_sent(world: World, taps: Taps) -> None:
    """The customer said what suits them: a note about another time would only confuse."""
    one, token = await noted(world)
    assert one.promise is not None
    saying = Saying(
        kind=NoteKind.RENEWAL,
        person=world.book.people["maria"],
        at=one.promise.at + timedelta(hours=1),
        previous_at=one.promise.at,
        trigger=one.waiting_on,
    )
    renewal = item(world.house, one, saying, world.clock.now())
    await world.store.commit(Commit(changes=[changed(one, steps.enqueue(one, renewal))]))
    await said(taps, token, "later")
    await world.send()
    after = await world.fresh(one)
    assert [each.state for each in after.outbox] == [SendState.SENT]
    assert len(world.mail.sent) == 1


async def test_tomorrow_is_fine_can_be_said_again_the_next_day(world: World, taps: Taps) -> None:
    """As long as it is later than what was promised."""
    _, token = await noted(world)
    await said(taps, token, "later")
    world.clock.move(DAY)
    assert (await said(taps, token, "later")).due_at == TUESDAY_17 + timedelta(days=1)


async def test_words_laid_before_a_person_carry_no_link(world: World, taps: Taps) -> None:
    """They pass through a colleague's hands, who is not to decide for the customer."""
    one, _ = await noted(world)
    maria = world.book.people["maria"]
    paused = replace(world.house, paused=True)
    quote = Quote(at=TUESDAY_17, late=True, explanation=())
    laid = renewed(paused, one, maria, quote, Why.SURGE, world.clock.now()).prepared
    assert laid is not None
    assert tap.PATH not in laid.text


# --- it is urgent


@pytest.mark.parametrize(
    ("was", "becomes"), [("low", "normal"), ("normal", "high"), ("high", "high"), ("urgent", "urgent")]
)
def test_urgent_raises_by_one_step_and_never_above_high(was: str, becomes: str) -> None:
    """Only the rules make something urgent; the customer's word stops one step below."""
    assert wishes.RAISED.get(was, was) == becomes


async def test_urgent_comes_first_and_is_told(world: World, taps: Taps) -> None:
    """Whoever answers for it is warned, it comes before its like, and the promise stays as it is."""
    one, token = await noted(world)
    after = await said(taps, token, "urgent")
    assert (after.priority, after.flags, after.promise) == ("high", (wishes.URGENT,), one.promise)
    assert after.urgency < one.urgency


async def test_urgent_counts_once_a_wait(world: World, taps: Taps) -> None:
    """Taking it back and saying it again does not warn people again."""
    one, token = await noted(world)
    await said(taps, token, "urgent")
    calm = await said(taps, token, "undone")
    assert (calm.priority, calm.flags) == (one.priority, ())
    assert (await said(taps, token, "urgent")).flags == ()


async def test_urgent_after_tomorrow_is_fine_brings_the_old_time_back(world: World, taps: Taps) -> None:
    """The later time no longer holds: the first one does, where it can still be kept."""
    one, token = await noted(world)
    await said(taps, token, "later")
    after = await said(taps, token, "urgent")
    assert one.promise is not None
    assert after.promise is not None
    assert (after.promise.at, after.due_at, after.priority) == (one.promise.at, one.due_at, "high")


async def test_tomorrow_is_fine_takes_urgent_back(world: World, taps: Taps) -> None:
    """What can wait until tomorrow is not urgent."""
    one, token = await noted(world)
    await said(taps, token, "urgent")
    after = await said(taps, token, "later")
    assert (after.priority, after.flags, after.due_at) == (one.priority, (), TUESDAY_17)


# --- solved


async def test_solved_closes_it_and_frees_whoever_had_it(world: World, taps: Taps) -> None:
    """Nobody waits, nothing is due, the promise is withdrawn and the owner has room again."""
    await world.here("maria", "tom")
    one, token = await noted(world)
    assert await world.claims(one.owner) == 1
    after = await said(taps, token, "solved")
    assert (after.status, after.waiting_since, after.due_at, after.owner) == (Status.RESOLVED, None, None, "")
    assert after.promises[-1].state is PromiseState.WITHDRAWN
    assert await world.claims(one.owner) == 0
    assert (await lines(world, "waited"))[-1]["broken"] is False
    assert await held(world) == []


async def test_solved_can_be_taken_back_for_a_day(world: World, taps: Taps) -> None:
    """The same wait goes on as it stood, due as before, with the time that was said; no second note goes out."""
    one, token = await noted(world)
    await said(taps, token, "solved")
    world.clock.move(3600)
    after = await said(taps, token, "undone")
    same = (
        "waiting_since",
        "waiting_on",
        "unanswered",
        "due_at",
        "priority",
        "status",
        "accountable",
        "neglect_at",
    )
    assert {name: getattr(after, name) for name in same} == {name: getattr(one, name) for name in same}
    assert one.promise is not None
    assert after.promise is not None
    assert (after.promise.at, after.promise.state) == (one.promise.at, PromiseState.MADE)
    assert promise_told(after)
    await world.send()
    assert len((await world.fresh(one)).outbox) == 1
    assert await held(world) == []


async def test_after_a_day_solved_stays_solved(world: World, taps: Taps) -> None:
    """The link is over then; a reply opens it again as always."""
    _, token = await noted(world)
    await said(taps, token, "solved")
    world.clock.move(DAY + 1)
    assert (await taps.look(token)).stand is Stand.OVER
    assert (await said(taps, token, "undone")).status is Status.RESOLVED


async def test_a_time_that_passed_meanwhile_is_not_promised_again(world: World, taps: Taps) -> None:
    """Taken back too late for the old time, it gets an honest new one."""
    _, token = await noted(world)
    world.clock.move(DAY - 3600)
    await said(taps, token, "solved")
    world.clock.move(3 * 3600)
    after = await said(taps, token, "undone")
    assert after.promise is not None
    assert after.promise.at > world.clock.now()


# --- when a link is over


async def test_a_link_speaks_of_one_wait_only(world: World, taps: Taps) -> None:
    """Once a person answered it is over, also in the next wait, whose note has a link of its own."""
    one, token = await noted(world)
    await world.actions.reply(one.id, Answer(text="Done."), agent="maria")
    await world.send()
    assert (await taps.look(token)).stand is Stand.OVER
    again = world.mail_from(references=(one.outbox[0].message_id, "<m1@example.org>"), subject=one.subject)
    (next_wait,) = await world.take(again)
    assert next_wait.id == one.id
    for kind in CHOICES[Stand.SAID]:
        assert (await taps.act(token, Choice(kind=kind))).stand is Stand.OVER
    assert await world.fresh(one) == next_wait


async def test_a_link_of_a_merged_conversation_leads_to_where_it_lives_on(world: World, taps: Taps) -> None:
    """It works while its wait goes on there."""
    first, token = await noted(world)
    second, _ = await noted(world, text="And one more thing")
    await world.actions.merge(second.id, into=first.id, agent="tom", lead=True)
    assert (await said(taps, token, "later")).due_at == TUESDAY_17


async def test_a_customer_cannot_change_it_for_ever(world: World, taps: Taps) -> None:
    """After a dozen changes of mind they are asked to write."""
    _, token = await noted(world)
    for place in range(MOST_WISHES):
        world.clock.move(1)
        await said(taps, token, "undone" if place % 2 else "later")
    with pytest.raises(Conflict):
        await taps.act(token, Choice(kind="later"))


# --- others work at the same time


class Raced(MemoryStore):
    """A store in which somebody else is faster once."""

    first: Callable[[], Awaitable[object]] | None = None

    async def commit(self, commit: Commit) -> Outcome:
        """Let the other one go first, then this one."""
        faster, self.first = self.first, None
        if faster is not None:
            await faster()
        return await super().commit(commit)


@pytest.mark.parametrize("kind", ["later", "urgent", "solved"])
async def test_a_tap_while_somebody_takes_it_is_not_lost(tmp_path: Path, kind: str) -> None:
    """The tap is made again on what the other one left, and both hold."""
    world = World(tmp_path, store=Raced)
    taps = linked(world)
    one, token = await noted(world)
    assert isinstance(world.store, Raced)
    world.store.first = lambda: world.actions.take(one.id, agent="tom")
    after = await said(taps, token, kind)
    assert after.wish is not None
    assert after.wish.kind == kind
    assert after.previous_owner == "tom"
    assert await world.claims("tom") == (0 if kind == "solved" else 1)


async def test_a_tap_after_the_answer_came_first_changes_nothing(tmp_path: Path) -> None:
    """Whoever answers while the customer taps "it is urgent" ends the wait; the tap finds it over."""
    world = World(tmp_path, store=Raced)
    taps = linked(world)
    one, token = await noted(world)
    assert isinstance(world.store, Raced)

    async def answer() -> None:
        await world.actions.reply(one.id, Answer(text="Done.", resolve=True), agent="maria")
        await world.send()

    world.store.first = answer
    assert (await taps.act(token, Choice(kind="urgent"))).stand is Stand.OVER
    assert (await world.fresh(one)).flags == ()


# --- after the answer


async def test_yes_it_solved_it(world: World, taps: Taps) -> None:
    """The conversation is resolved, and the thanks is on record."""
    _, token = await asked(world)
    assert (await taps.look(token)).stand is Stand.ASKED
    after = await said(taps, token, "solved")
    assert (after.status, after.wish.kind if after.wish else "") == (Status.RESOLVED, "solved")
    assert (await taps.look(token)).stand is Stand.THANKED
    assert (await lines(world, "wish"))[-1] == {"wish": "solved"}


async def test_no_something_is_open_makes_it_work_again(world: World, taps: Taps) -> None:
    """It is a message of the customer's with their words, due by the target, for whoever answered before."""
    one, token = await asked(world)
    await world.here("maria", "tom")
    await taps.act(token, Choice(kind="open", text="It still beeps.", label="No, something is open"))
    assert (await taps.look(token)).stand is Stand.OPENED
    await world.consumer.decide([f"tap:{token}"])
    after = await world.fresh(one)
    stored = await world.store.message(f"tap:{token}")
    assert stored is not None
    assert stored.message.text == "No, something is open\n\nIt still beeps."
    assert (stored.conversation, after.status, after.owner) == (one.id, Status.OPEN, "tom")
    assert after.waiting_since == world.clock.now()
    assert after.due_at == world.clock.now() + timedelta(hours=24)
    await world.send()
    assert await held(world) == []


async def test_something_is_open_counts_once_however_often_it_is_tapped(world: World, taps: Taps) -> None:
    """A second tap, before or after the router has taken the first, opens nothing more."""
    one, token = await asked(world)
    for text in ("It beeps", "It beeps", ""):
        await taps.act(token, Choice(kind="open", text=text, label="No"))
    await world.consumer.decide([f"tap:{token}"] * 2)
    await taps.act(token, Choice(kind="open", text="again", label="No"))
    after = await world.fresh(one)
    assert [entry.key for entry in after.entries].count(f"tap:{token}") == 1
    assert after.unanswered == 1


async def test_open_can_be_taken_back(world: World, taps: Taps) -> None:
    """Solved after all: it is closed, and that can be taken back too."""
    one, token = await asked(world)
    await taps.act(token, Choice(kind="open", label="No"))
    await world.consumer.decide([f"tap:{token}"])
    assert (await said(taps, token, "solved")).status is Status.RESOLVED
    assert (await taps.look(token)).stand is Stand.SOLVED
    assert (await said(taps, token, "undone")).status is Status.OPEN
    assert (await world.fresh(one)).waiting_on == f"tap:{token}"


async def test_the_question_is_over_once_the_customer_wrote(world: World, taps: Taps) -> None:
    """Their message says more than a tap could."""
    one, token = await asked(world)
    reply = next(each for each in one.outbox if each.note is None)
    (again,) = await world.take(
        world.mail_from(references=(reply.message_id, "<m1@example.org>"), subject=one.subject)
    )
    assert again.id == one.id
    for kind in ("solved", "open"):
        assert (await taps.act(token, Choice(kind=kind, label="x"))).stand is Stand.OVER
    assert await world.fresh(one) == again


async def test_a_question_that_was_never_asked_has_no_link(world: World, taps: Taps) -> None:
    """A token alone does not make a question: it stands in the outbox, or the link is over."""
    one, _ = await noted(world)
    made = tap.link(world.house, one, NoteKind.FOLLOWUP, "r_never", world.clock.now())
    assert (await taps.look(made[-tap.LENGTH :])).stand is Stand.OVER
