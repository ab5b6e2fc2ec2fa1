"""Public messages, reply windows and copies of our own words: what the other channels ask of the router."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from channels.errors import InDoubt, Unavailable
from channels.message import Identity, Kind, Message
from channels.port import Blobs
from router.acknowledge import SHUT, UNATTENDED
from router.answer import Answer
from router.audit import audit
from router.conversation import PromiseState, SendState, Status
from router.errors import StoreError
from router.ports import Store
from router.promise import SOONEST
from tests.support.hosting import Hosting
from tests.support.world import World

#: In Copenhagen half past six: the office is shut until Monday.
FRIDAY_EVENING = datetime(2026, 11, 27, 17, 30, tzinfo=UTC)


def post(world: World, text: str = "Where is my parcel?", **fields: object) -> Message:
    """Return a chat-like message that others can read."""
    return world.chat_from("thread/ana", text, message_id="x:1", public=True, **fields)


async def test_a_public_note_names_no_reference_and_no_link(tmp_path: Path) -> None:
    """Where others read along, the note is worded for the public, whatever the account's own style is."""
    world = World(tmp_path)
    (one,) = await world.take(post(world))
    await world.send()
    (note,) = world.chat.sent
    assert note.public
    assert one.reference not in note.text
    assert "http" not in note.text


async def test_what_was_private_and_is_public_now_is_answered_as_such(tmp_path: Path) -> None:
    """When a thread is opened to others, as forums do, the next note and answer are worded for the public."""
    world = World(tmp_path)
    await world.take(world.chat_from("topic/7", "May I ask?", message_id="dc:1"))
    (one,) = await world.take(world.chat_from("topic/7", "Now for all", message_id="dc:2", public=True))
    assert one.public
    (one,) = await world.take(world.chat_from("topic/7", "Only us again", message_id="dc:3"))
    assert not one.public


async def test_the_promise_lies_within_the_reply_window(tmp_path: Path) -> None:
    """A target of 24 h in a window of 2 h is due, and promised, before the window closes."""
    world = World(tmp_path)
    closes = world.clock.now() + timedelta(hours=2)
    (one,) = await world.take(world.mail_from(reply_until=closes))
    assert one.due_at is not None
    assert one.due_at <= closes
    assert one.promise is not None
    assert one.promise.at <= closes


async def test_a_window_that_is_about_to_close_makes_the_work_urgent(tmp_path: Path) -> None:
    """Forty minutes before, the accountable person is told once; a new message opens it again."""
    world = World(tmp_path)
    closes = world.clock.now() + timedelta(hours=2)
    (one,) = await world.take(world.mail_from(reply_until=closes, subject="Parcel"))
    world.clock.move(79 * 60)
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).priority == "normal"
    world.clock.move(60)
    await world.timers.tick(slow=False)
    await world.timers.tick(slow=False)
    urgent = await world.fresh(one)
    assert urgent.priority == "urgent"
    assert [flag for flag in urgent.flags if "closes in 40 min" in flag]
    assert len(urgent.flags) == len(set(urgent.flags))

    later = world.clock.now() + timedelta(hours=24)
    (again,) = await world.take(world.mail_from(subject="Re: Parcel", text="Hello?", reply_until=later))
    assert again.id == one.id
    assert again.reply_until == later
    assert not again.window_told


async def test_what_was_answered_gets_no_warning(tmp_path: Path) -> None:
    """Nobody waits any more, so no window matters."""
    world = World(tmp_path)
    (one,) = await world.take(world.mail_from(reply_until=world.clock.now() + timedelta(hours=2)))
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    world.clock.move(100 * 60)
    await world.timers.tick(slow=False)
    assert not (await world.fresh(one)).window_told


async def test_a_window_that_closes_at_once_still_gives_a_time_ahead(tmp_path: Path) -> None:
    """The promise is never in the past, however short the window is."""
    world = World(tmp_path)
    now = world.clock.now()
    (one,) = await world.take(world.mail_from(reply_until=now + timedelta(seconds=30)))
    assert one.promise is not None
    assert one.promise.at >= now + SOONEST


async def test_no_time_is_promised_that_nobody_is_there_to_keep(tmp_path: Path) -> None:
    """Where the window closes before anybody is back, the customer hears no time, and a person is told."""
    world = World(tmp_path)
    world.clock.move((FRIDAY_EVENING - world.clock.now()).total_seconds())
    closes = world.clock.now() + timedelta(hours=24)
    (one,) = await world.take(world.chat_from("t_1", reply_until=closes))
    assert one.promise is None
    assert (one.outbox, one.no_note) == ((), UNATTENDED)
    assert SHUT in one.flags
    assert one.due_at is not None
    assert one.due_at <= closes


async def test_who_is_there_on_a_weekend_keeps_a_promise_within_the_window(tmp_path: Path) -> None:
    """Somebody who said that they are here answers before the window closes, whatever their hours are."""
    world = World(tmp_path)
    world.clock.move((FRIDAY_EVENING - world.clock.now()).total_seconds())
    await world.here("maria")
    closes = world.clock.now() + timedelta(hours=24)
    (one,) = await world.take(world.mail_from(reply_until=closes))
    assert one.promise is not None
    assert one.promise.at <= closes


async def test_a_note_kept_back_until_nobody_is_there_in_time_is_not_sent(tmp_path: Path) -> None:
    """A note that could not leave until its time was past does not leave with one that nobody can keep."""
    world = World(tmp_path)
    world.clock.move((FRIDAY_EVENING - timedelta(hours=3) - world.clock.now()).total_seconds())
    closes = FRIDAY_EVENING + timedelta(hours=12)
    (one,) = await world.take(world.mail_from(reply_until=closes))
    assert one.promise is not None
    world.clock.move((one.promise.at - world.clock.now()).total_seconds())
    await world.send()
    assert world.mail.sent == []
    assert any("window for answers closes" in flag for flag in (await world.fresh(one)).flags)


async def test_an_answer_answers_the_customer_and_not_our_own_note(tmp_path: Path) -> None:
    """Where answers hang below what they answer, a person's hangs below the customer's newest words."""
    world = World(tmp_path)
    (one,) = await world.take(post(world))
    await world.send()
    (note,) = world.chat.sent
    await world.actions.reply(one.id, Answer(text="It comes today."), agent="maria")
    await world.send()
    answer = world.chat.sent[-1]
    assert answer.in_reply_to == note.in_reply_to == "x:1"
    assert answer.references == (f"sent-{note.id}@webchat.invalid", "x:1")


async def test_what_our_outbox_sent_is_known_as_ours(tmp_path: Path) -> None:
    """By the provider's name once it was written down, and by its text while it is under way or in doubt."""
    world = World(tmp_path)
    host = Hosting(world).host("webchat", "site")
    (one,) = await world.take(post(world))
    await world.send()
    (note,) = world.chat.sent
    assert await host.ours(f"sent-{note.id}@webchat.invalid")
    assert not await host.ours("x:77", thread="thread/ana", text=note.text)

    words = "Your parcel left our cafe\u0301 this morning and comes tomorrow."
    world.chat.outcomes = [InDoubt("connection reset")]
    await world.actions.reply(one.id, Answer(text=words), agent="maria")
    await world.send()
    assert await host.ours("x:78", thread="thread/ana", text=words)
    assert await host.ours("x:78", thread="thread/ana", text=words.replace("e\u0301", "\u00e9"))
    assert await host.ours("x:78", references=["x:1"], text=f"{words[:40]}\n")
    assert not await host.ours("x:78", thread="thread/ana", text="Something that I typed by hand.")
    assert not await host.ours("x:78", thread="thread/bob", text=words)


async def test_an_answer_in_the_providers_own_app_ends_the_wait(tmp_path: Path) -> None:
    """It is attached as ours, keeps the promise, and cancels a note that has not left."""
    world = World(tmp_path)
    (one,) = await world.take(post(world))
    ours = Identity(kind="chat", address="our-page", name="Example")
    answer = world.chat_from("thread/ana", "On its way!", kind=Kind.AGENT, message_id="x:2")
    (same,) = await world.take(replace(answer, sender=ours))
    await world.send()
    done = await world.fresh(same)
    assert done.id == one.id
    assert world.chat.sent == []
    assert done.outbox[0].state is SendState.CANCELLED
    assert done.status is Status.PENDING
    assert done.waiting_since is None
    assert done.promise is None or done.promise.state is not PromiseState.MADE
    assert (await audit(world.store, world.house, world.clock)).findings == []


async def test_a_conversation_that_we_began_belongs_to_whoever_answers(tmp_path: Path) -> None:
    """One of ours writes first in the provider's own app; the customer's answer is a case of the customer's."""
    world = World(tmp_path)
    ours = Identity(kind="chat", address="our-page", name="Example")
    first = world.chat_from("thread/ana", "Your parcel is late.", kind=Kind.AGENT, message_id="x:8")
    (begun,) = await world.take(replace(first, sender=ours))
    assert begun.status is Status.RESOLVED
    (case,) = await world.take(post(world, "When does it come?"))
    assert case.id == begun.id
    assert case.contact.address == "thread/ana"
    assert case.customer != begun.customer
    assert case.status is Status.OPEN
    await world.send()
    (note,) = world.chat.sent
    assert note.to.address == "thread/ana"
    assert (await audit(world.store, world.house, world.clock)).findings == []


async def test_a_memo_is_kept_by_compare_and_set(tmp_path: Path) -> None:
    """Of two who write at once one wins; what is forgotten or has expired is not there."""
    world = World(tmp_path)
    here, there = (Hosting(world).host("webchat", "site") for _ in range(2))
    assert (await here.recall("slot")).version == 0
    assert await here.remember("slot", "ana", 0, keep_s=60)
    assert not await there.remember("slot", "bob", 0)
    found = await there.recall("slot")
    assert (found.value, found.version) == ("ana", 1)
    assert (await Hosting(world).host("email", "support").recall("slot")).version == 0
    world.clock.move(61)
    assert (await here.recall("slot")).version == 0
    assert await there.remember("slot", "bob", 0)
    await there.forget("slot")
    assert (await here.recall("slot")).version == 0


async def test_a_store_that_fails_is_told_in_the_channels_own_words(tmp_path: Path) -> None:
    """A channel that asks for a memo or for our own words learns that the sender should try again."""
    world = World(tmp_path)
    host = Hosting(world, store=cast(Store, Broken()), blobs=cast(Blobs, Broken())).host("webchat", "site")
    with pytest.raises(Unavailable, match="disk"):
        await host.recall("slot")
    with pytest.raises(Unavailable):
        await host.remember("slot", "ana", 0)
    with pytest.raises(Unavailable):
        await host.forget("slot")
    with pytest.raises(Unavailable):
        await host.ours("x:1")
    with pytest.raises(Unavailable):
        await host.standing("topic/7")
    with pytest.raises(Unavailable, match="disk"):
        await host.blobs.put(b"a picture")
    with pytest.raises(Unavailable):
        await host.blobs.get("ab")


class Broken:
    """A store whose disk is gone."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[None]]:
        """Return a verb that fails."""

        async def fail(*_: object, **__: object) -> None:
            raise StoreError("the disk is gone")

        return fail
