from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from channels.message import Identity
from router import arrange
from router.answer import Answer
from router.audit import audit
from router.conversation import Conversation, PromiseState, SendState, Status
from router.errors import ActionError, Conflict, Forbidden, NotFound
from router.journal import changed
from router.merger import Merger
from router.ports import Commit, Outcome
from tests.support.world import World


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


async def told(world: World, **fields: Any) -> Conversation:
    """Let a mail come in and its note go out."""
    (one,) = await world.take(world.mail_from(**fields))
    await world.send()
    return await world.fresh(one)


async def sound(world: World) -> None:
    """Hold the store against its invariants."""
    world.clock.move(120)
    assert (await audit(world.store, world.house, world.clock)).findings == []


# --- snooze


async def test_a_snooze_keeps_the_wait_and_its_promise(world) -> None:
    """It is out of sight until the time, then open again by itself; the promise ran all along."""
    one = await told(world)
    until = world.clock.now() + timedelta(hours=1)
    lying = await world.actions.snooze(one.id, agent="maria", until=until)
    assert (lying.status, lying.lane) == (Status.SNOOZED, "")
    assert (lying.waiting_since, lying.due_at, lying.promise) == (one.waiting_since, one.due_at, one.promise)
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).status is Status.SNOOZED
    world.clock.move(3600)
    await world.timers.tick(slow=False)
    woken = await world.fresh(one)
    assert (woken.status, woken.snoozed_until, woken.promise) == (Status.OPEN, None, one.promise)
    await sound(world)


async def test_a_snooze_hides_no_promise(world) -> None:
    """Past the promised time, in the past, or once it is overdue it is refused with the reason."""
    one = await told(world)
    late = min(one.promise.at, one.due_at) + timedelta(minutes=1)
    with pytest.raises(ActionError, match="expects an answer by"):
        await world.actions.snooze(one.id, agent="maria", until=late)
    with pytest.raises(ActionError, match="lies ahead"):
        await world.actions.snooze(one.id, agent="maria", until=world.clock.now())
    world.clock.move(48 * 3600)
    with pytest.raises(ActionError, match="overdue"):
        await world.actions.snooze(one.id, agent="maria", until=world.clock.now() + timedelta(hours=1))


async def test_a_snooze_does_not_swallow_the_note(world) -> None:
    """While the first note has not left it cannot be snoozed."""
    (one,) = await world.take(world.mail_from())
    with pytest.raises(Conflict, match="about to leave"):
        await world.actions.snooze(one.id, agent="maria", until=world.clock.now() + timedelta(minutes=5))


async def test_the_customer_ends_a_snooze(world) -> None:
    """A message opens it at once."""
    one = await told(world, subject="Lamp")
    await world.actions.snooze(one.id, agent="maria", until=world.clock.now() + timedelta(hours=1))
    (two,) = await world.take(world.mail_from(subject="Re: Lamp"))
    assert (two.id, two.status, two.snoozed_until) == (one.id, Status.OPEN, None)


async def test_a_colleagues_work_is_not_snoozed(world) -> None:
    """Only the owner, or anybody while there is none; and only what is open."""
    await world.here("maria")
    one = await told(world)
    until = world.clock.now() + timedelta(hours=1)
    with pytest.raises(Conflict, match="Maria"):
        await world.actions.snooze(one.id, agent="tom", until=until)
    lying = await world.actions.snooze(one.id, agent="maria", until=until)
    assert lying.owner == "maria"
    await world.actions.resolve(one.id, agent="maria")
    with pytest.raises(Conflict, match="resolved"):
        await world.actions.snooze(one.id, agent="maria", until=until)


# --- merge


async def test_a_merged_conversation_lives_on(world) -> None:
    """The survivor has the earlier wait, promise and names; later messages come to it."""
    first = await told(world, subject="Lamp")
    world.clock.move(1200)
    second = await told(world, subject="The broken lamp")
    survivor = await world.actions.merge(first.id, into=second.id, agent="maria")
    gone = await world.fresh(first)
    assert (gone.status, gone.merged_into, gone.waiting_since) == (Status.MERGED, second.id, None)
    assert (gone.wake_at, gone.due_at, gone.promise.state) == (None, None, PromiseState.WITHDRAWN)
    assert (survivor.waiting_since, survivor.due_at) == (first.waiting_since, first.due_at)
    assert (survivor.waiting_on, survivor.unanswered) == (second.waiting_on, 2)
    assert survivor.absorbed == (first.reference,)
    assert survivor.promise.at == min(first.promise.at, second.promise.at)
    assert survivor.news == survivor.version
    mail = world.mail_from(subject="Re: Lamp", references=(first.outbox[0].message_id,))
    (later,) = await world.take(mail)
    assert later.id == second.id
    await sound(world)


async def test_one_answer_keeps_the_promise_that_came_along(world) -> None:
    """The earlier promise is kept by the answer in the survivor, the later one is withdrawn; each is told once."""
    first = await told(world, subject="Lamp")
    world.clock.move(3 * 3600)
    second = await told(world, subject="Lamp again please")
    assert first.promise.at < second.promise.at
    survivor = await world.actions.merge(first.id, into=second.id, agent="maria")
    assert (survivor.promise.at, survivor.promise.carried) == (first.promise.at, True)
    assert [one.state for one in survivor.promises] == [PromiseState.WITHDRAWN]
    assert survivor.wake_at == first.promise.warn_at
    await world.actions.reply(second.id, Answer(text="Here is a new one."), agent="maria")
    await world.send()
    done = await world.fresh(second)
    assert (done.status, done.waiting_since) == (Status.PENDING, None)
    assert [one.state for one in done.promises] == [PromiseState.WITHDRAWN, PromiseState.KEPT]
    kinds = [line.kind for _, line in await world.store.log(after=0, limit=200)]
    assert [kinds.count(one) for one in ("merged", "absorbed", "kept", "withdrawn")] == [1, 1, 1, 1]
    await sound(world)


async def test_a_promise_that_came_along_can_be_broken(world) -> None:
    """Its time still rings in the survivor, though its note stands elsewhere."""
    first = await told(world, subject="Lamp")
    world.clock.move(3 * 3600)
    second = await told(world, subject="Lamp again please")
    await world.actions.merge(first.id, into=second.id, agent="maria")
    world.clock.move((first.promise.at - world.clock.now()).total_seconds() + 1)
    await world.timers.tick(slow=False)
    broken = await world.fresh(second)
    assert broken.promises[-1].state is PromiseState.BROKEN
    assert "promise" in broken.flags[-1].lower()


async def test_an_earlier_promise_of_the_survivor_stays(world) -> None:
    """The other way round, the later promise ends with its conversation."""
    first = await told(world, subject="Lamp")
    world.clock.move(3 * 3600)
    second = await told(world, subject="Lamp again please")
    survivor = await world.actions.merge(second.id, into=first.id, agent="maria")
    assert survivor.promise == first.promise
    assert (await world.fresh(second)).promise.state is PromiseState.WITHDRAWN
    await sound(world)


async def test_a_wait_reopens_the_survivor(world) -> None:
    """An answered survivor is open work again, with the due time and the rule of what joined it."""
    first = await told(world, subject="Lamp")
    await world.actions.reply(first.id, Answer(text="Done.", resolve=True), agent="maria")
    await world.send()
    second = await told(world, subject="Not done")
    survivor = await world.actions.merge(second.id, into=first.id, agent="maria")
    assert (survivor.status, survivor.due_at) == (Status.OPEN, second.due_at)
    assert (survivor.waiting_on, survivor.promise.at) == (second.waiting_on, second.promise.at)
    assert survivor.accountable
    await sound(world)


async def test_a_note_that_has_not_left_is_called_off(world) -> None:
    """With the reason; its promise, which nobody heard, goes with it."""
    first = await told(world, subject="Lamp")
    (second,) = await world.take(world.mail_from(subject="Another"))
    await world.actions.merge(second.id, into=first.id, agent="maria")
    gone = await world.fresh(second)
    assert [(item.state, item.reason) for item in gone.outbox] == [
        (SendState.CANCELLED, f"merged into {first.reference}")
    ]
    assert gone.promise.state is PromiseState.WITHDRAWN
    await world.send()
    assert len(world.mail.sent) == 1
    await sound(world)


async def test_an_answer_on_its_way_holds_a_merge_up(world) -> None:
    """Until it is sent, from whichever side; then the two can be merged."""
    first, second = await told(world, subject="Lamp"), await told(world, subject="Door")
    await world.actions.reply(first.id, Answer(text="Soon."), agent="maria")
    for one, into in ((first, second), (second, first)):
        with pytest.raises(Conflict, match="has not left yet"):
            await world.actions.merge(one.id, into=into.id, agent="maria")
    await world.send()
    await world.actions.merge(first.id, into=second.id, agent="maria")
    await sound(world)


async def test_the_hands_of_its_owner_are_free(world) -> None:
    """The claim of the merged one is given back; the survivor keeps its own."""
    await world.here("maria")
    first, second = await told(world, subject="Lamp"), await told(world, subject="Door")
    assert await world.claims("maria") == 2
    await world.actions.merge(first.id, into=second.id, agent="maria")
    assert await world.claims("maria") == 1
    assert (await world.fresh(first)).owner == ""
    assert (await world.fresh(second)).owner == "maria"
    await sound(world)


async def test_different_customers_are_a_leads_decision(world) -> None:
    """An agent is refused; a lead may, and whoever answers is told who reads it."""
    ana, ben = await told(world, who="ana@example.org"), await told(world, who="ben@example.org")
    with pytest.raises(Forbidden, match="lead"):
        await world.actions.merge(ana.id, into=ben.id, agent="maria")
    survivor = await world.actions.merge(ana.id, into=ben.id, agent="maria", lead=True)
    assert "answers go to ben@example.org only" in survivor.flags[-1]
    assert "email:ana@example.org" in survivor.participants


async def test_there_are_no_chains_and_no_rings(world) -> None:
    """Nothing is merged twice, into itself, or away from under what was merged into it."""
    one, two, three = [await told(world, subject=name) for name in ("One", "Two", "Three")]
    with pytest.raises(ActionError, match="itself"):
        await world.actions.merge(one.id, into=one.id, agent="maria")
    with pytest.raises(NotFound):
        await world.actions.merge(one.id, into="cv_none", agent="maria")
    await world.actions.merge(one.id, into=two.id, agent="maria")
    for wrong, into in ((one, three), (two, one), (three, one)):
        with pytest.raises(Conflict, match="merged already"):
            await world.actions.merge(wrong.id, into=into.id, agent="maria")
    with pytest.raises(Conflict, match="Merge the other one into"):
        await world.actions.merge(two.id, into=three.id, agent="maria")
    survivor = await world.actions.merge(three.id, into=two.id, agent="maria")
    assert survivor.absorbed == (one.reference, three.reference)


async def test_a_merge_that_was_cut_in_half_is_finished(world) -> None:
    """After a crash behind the first write the wait is in both; merging again ends it, and again changes nothing."""
    first, second = await told(world, subject="Lamp"), await told(world, subject="Door")
    half = changed(second, arrange.absorb(second, first, world.clock.now()))
    assert (await world.store.commit(Commit(changes=[half]))).changes == [True]
    assert (await world.fresh(first)).waiting_since is not None
    survivor = await world.actions.merge(first.id, into=second.id, agent="maria")
    assert (survivor.unanswered, survivor.absorbed) == (2, (first.reference,))
    assert (await world.fresh(first)).status is Status.MERGED
    assert await world.actions.merge(first.id, into=second.id, agent="maria") == survivor
    await sound(world)


class Between:
    """A store in which something happens just before the first write of a merge's second half."""

    def __init__(self, store: Any, happens: Callable[[], Awaitable[Any]]) -> None:
        self._store, self._happens = store, [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Outcome:
        """Let somebody else be faster, once."""
        lines = [line.kind for change in commit.changes for line in change.events]
        if "merged" in lines and self._happens:
            await self._happens.pop()()
        return await self._store.commit(commit)


async def test_a_message_that_comes_in_between_is_not_lost(world) -> None:
    """When the customer writes between the two writes, they reach the survivor."""
    first, second = await told(world, subject="Lamp"), await told(world, subject="Door")
    more = world.mail_from(subject="Re: Lamp", references=(first.outbox[0].message_id,))
    store = Between(world.store, lambda: world.take(more))
    merger = Merger(store, world.events, world.clock, lambda: world.house)
    await merger.merge(first.id, into=second.id, agent="maria", lead=False)
    assert (await world.conversation(more)).id == second.id
    assert (await world.fresh(second)).unanswered == 3
    assert (await world.fresh(first)).status is Status.MERGED
    await sound(world)


async def test_somebody_who_takes_it_in_between_is_not_left_with_it(world) -> None:
    """When it is changed between the two writes, the merge looks again and frees whoever has it by then."""
    first, second = await told(world, subject="Lamp"), await told(world, subject="Door")
    store = Between(world.store, lambda: world.actions.take(first.id, agent="tom"))
    merger = Merger(store, world.events, world.clock, lambda: world.house)
    survivor = await merger.merge(first.id, into=second.id, agent="maria", lead=False)
    assert (survivor.unanswered, survivor.absorbed) == (2, (first.reference,))
    assert (await world.fresh(first)).status is Status.MERGED
    assert await world.claims("tom") == 0
    await sound(world)


async def test_what_would_not_reach_its_customer_is_not_merged(world) -> None:
    """Another channel, another chat or a held conversation is refused, with why."""
    mail = await told(world)
    (chat,) = await world.take(world.chat_from("v1"))
    (other,) = await world.take(world.chat_from("v2"))
    (held,) = await world.take(world.mail_from(text="You won the lottery", subject="Win"))
    for one, into, said in (
        (mail, chat, "channels"),
        (chat, other, "thread of their own"),
        (held, mail, "held"),
    ):
        with pytest.raises(ActionError, match=said):
            await world.actions.merge(one.id, into=into.id, agent="maria", lead=True)


def test_a_merge_keeps_the_newest_names_and_no_reference(world) -> None:
    """A reference leads to its own page; beyond the limit the survivor's own names stay."""
    ana = Identity(kind="email", address="ana@example.org")
    now = world.clock.now()
    base = Conversation(
        id="a", reference="HB-A", channel="email", account="support", opened_at=now, updated_at=now,
        customer="c", contact=ana, queue="general", accountable="maria",
    )  # fmt: skip
    one = replace(base, links=("ref:HB-A", *(f"mid:<a{n}>" for n in range(150))))
    into = replace(base, id="b", reference="HB-B", links=("ref:HB-B", *(f"mid:<b{n}>" for n in range(150))))
    links = arrange.absorb(into, one, now).links
    assert len(links) == 200
    assert {"ref:HB-B", "mid:<b0>", "mid:<b149>", "mid:<a149>"} <= set(links)
    assert not {"ref:HB-A", "mid:<a0>"} & set(links)
