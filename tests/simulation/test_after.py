"""After and manners on a clock turned by hand: whatever dies when, each thing is said once, by day, and is true."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

from channels.errors import NotSent
from channels.message import Message, Outgoing, Sent
from router.answer import Answer
from router.conversation import Conversation, Item, NoteKind, PromiseState, SendState, Status, Why
from router.journal import changed
from router.keeping.renewal import renewed
from router.ports import Commit
from router.quoting import quoted
from router.testing import RecordingChannel
from tests.support.keeping import Died, MortalStore
from tests.support.world import RULES, World

ASKING = RULES.replace("email: {target: 24h,", "email: {target: 24h, follow_up: 24h,")
#: Longer than a sender may hold an entry.
LEASE_S = 61.0
DAY_S = 86400.0
T = TypeVar("T")


class Readable(RecordingChannel):
    """A channel that can tell what it has sent."""

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Return what went out under this id; raise NotSent when nothing did."""
        if any(out.id == outgoing.id for out in self.sent):
            return Sent(message_id=f"sent-{outgoing.id}@{outgoing.channel}.invalid")
        raise NotSent("nothing went out under this id")


class Mortal:
    """A service whose process dies once, at one of its commits, and is started anew."""

    def __init__(self, folder: Path, dies_at: int, *, written: bool) -> None:
        """Let it die at that commit: before it is written, or just after."""
        self.world = World(folder, ASKING, MortalStore)
        self.world.mail = Readable()
        self.world.restart()
        assert isinstance(self.world.store, MortalStore)
        self.store = self.world.store
        self.store.dies_at, self.store.written = dies_at, written

    async def survive(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do it, and again after the process died in it, as the broker, the clock and the person do."""
        try:
            return await act()
        except Died:
            self.world.restart()
            return await act()

    async def take(self, message: Message) -> Conversation:
        """Take a message in."""
        [one] = await self.survive(lambda: self.world.take(message))
        return one

    async def pass_(self, seconds: float) -> None:
        """Let time pass; the timers tick twice, what is due is sent, and what was in doubt is read back."""
        self.world.clock.move(seconds)
        for _ in range(2):
            await self.survive(lambda: self.world.timers.tick(slow=False))
            await self.survive(self.world.send)
        for _ in range(2):
            self.world.clock.move(LEASE_S)
            await self.survive(self.world.send)

    async def answer(self, one: Conversation, text: str) -> None:
        """Let Maria answer and close it; she presses the button again where nothing came back."""
        answer = Answer(text=text, resolve=True, key=text)
        await self.survive(lambda: self.world.actions.reply(one.id, answer, agent="maria"))


def mail(world: World, text: str = "Where is it?", **fields: str) -> Message:
    """Return a mail about the parcel."""
    return world.mail_from(text=text, **({"subject": "Re: Parcel"} | fields))


def noted(one: Conversation, kind: NoteKind) -> list[Item]:
    """Return the notes of a kind."""
    return [item for item in one.outbox if item.note is kind]


def once(mortal: Mortal) -> None:
    """Hold that it died as it should have, and that nothing went out twice."""
    assert mortal.store.commits >= mortal.store.dies_at
    ids = [out.id for out in mortal.world.mail.sent]
    assert len(ids) == len(set(ids))


# --- each story, dying at each of its commits


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 9))
async def test_added_is_said_once_wherever_it_dies(tmp_path: Path, dies_at: int, written: bool) -> None:  # noqa: FBT001
    """The first note, then one that the time stands, then the lead: each once, and one promise."""
    mortal = Mortal(tmp_path, dies_at, written=written)
    world = mortal.world
    one = await mortal.take(mail(world, subject="Parcel"))
    await mortal.pass_(0)
    made = (await world.fresh(one)).promise
    for _ in range(3):
        await mortal.take(mail(world, "Hello?"))
        await mortal.pass_(300)
    after = await world.fresh(one)
    assert [out.automatic for out in world.mail.sent] == [True, True]
    assert [item.state for item in noted(after, NoteKind.ADDED)] == [SendState.SENT]
    assert after.promise == made
    assert len([flag for flag in after.flags if "three times" in flag]) == 1
    assert after.unanswered == 4
    kinds = [line.kind for _, line in await world.store.log(after=0, limit=500)]
    assert (kinds.count("added"), kinds.count("third message")) == (1, 1)
    once(mortal)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 11))
async def test_it_is_asked_once_wherever_it_dies(tmp_path: Path, dies_at: int, written: bool) -> None:  # noqa: FBT001
    """Note, answer, question a day later: each once; two days later nothing more."""
    mortal = Mortal(tmp_path, dies_at, written=written)
    world = mortal.world
    one = await mortal.take(mail(world, subject="Parcel"))
    await mortal.pass_(600)
    await mortal.answer(one, "It comes today.")
    await mortal.pass_(0)
    for _ in range(3):
        await mortal.pass_(DAY_S)
    after = await world.fresh(one)
    assert [out.automatic for out in world.mail.sent] == [True, False, True]
    assert [item.state for item in noted(after, NoteKind.FOLLOWUP)] == [SendState.SENT]
    assert (after.status, after.checked, after.wake_at) == (Status.RESOLVED, True, None)
    once(mortal)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 4))
async def test_days_are_told_once_each_wherever_it_dies(
    tmp_path: Path,
    dies_at: int,
    written: bool,  # noqa: FBT001
) -> None:
    """A wait of two days is told twice, whoever dies in between, and in the log as often."""
    mortal = Mortal(tmp_path, dies_at, written=written)
    world = mortal.world
    world.house = replace(world.house, paused=True)
    one = await mortal.take(mail(world, subject="Parcel"))
    await mortal.pass_(DAY_S)
    await mortal.pass_(DAY_S)
    after = await world.fresh(one)
    assert ["for 2 days" in flag for flag in after.flags if "has waited" in flag] == [True]
    assert after.priority == "high"
    days = [line for _, line in await world.store.log(after=0, limit=500) if line.kind == "neglected"]
    assert [line.data["days"] for line in days] == [1, 2]
    once(mortal)


async def test_two_timers_at_once_ask_once(tmp_path: Path) -> None:
    """Two processes that both believe to be the clock: what one did, the other finds done."""
    mortal = Mortal(tmp_path, 0, written=False)
    world = mortal.world
    one = await mortal.take(mail(world, subject="Parcel"))
    await mortal.pass_(600)
    await mortal.answer(one, "It comes today.")
    await mortal.pass_(0)
    world.clock.move(DAY_S)
    first = world.timers
    world.restart()
    await first.tick(slow=False)
    await world.timers.tick(slow=False)
    await first.tick(slow=False)
    await world.send()
    assert len(noted(await world.fresh(one), NoteKind.FOLLOWUP)) == 1


# --- by day


def local(text: str) -> datetime:
    """Return the instant of a wall clock in Copenhagen in winter."""
    return datetime.fromisoformat(f"{text}+01:00").astimezone(UTC)


#: Answers within two hours of the office.
SHORT = RULES.replace("email: {target: 24h,", "email: {target: 2h,")


async def renewed_by_night(world: World) -> Conversation:
    """Let a promise of the evening be renewed while the provider is down, until it is night."""
    world.clock.set(local("2026-11-23T15:50"))
    (one,) = await world.take(mail(world, subject="Parcel"))
    await world.send()
    one = await world.fresh(one)
    assert one.promise is not None
    assert one.promise.renew_at is not None
    world.clock.set(one.promise.renew_at)
    await world.timers.tick(slow=False)
    renewed = await world.fresh(one)
    assert [item.state for item in noted(renewed, NoteKind.RENEWAL)] == [SendState.PENDING]
    world.mail.outcomes += [NotSent("down")] * 200
    while world.clock.now() < local("2026-11-23T21:10"):
        await world.send()
        world.clock.move(120)
    world.mail.outcomes.clear()
    return renewed


@pytest.mark.parametrize("restart", [False, True])
async def test_what_could_not_leave_by_day_waits_for_the_next(tmp_path: Path, restart: bool) -> None:  # noqa: FBT001
    """A renewal that the provider did not take goes out at eight, in words that are true then."""
    world = World(tmp_path, SHORT)
    one = await renewed_by_night(world)
    for _ in range(10):
        world.clock.move(3600)
        if restart:
            world.restart()
        await world.send()
    assert len(world.mail.sent) == 1
    assert [item.next_at for item in noted(await world.fresh(one), NoteKind.RENEWAL)] == [
        local("2026-11-24T08:00")
    ]
    world.clock.set(local("2026-11-24T08:00"))
    await world.send()
    await world.send()
    [_, out] = world.mail.sent
    assert "you won't" in noted(one, NoteKind.RENEWAL)[0].text
    assert "you won't" not in out.text
    assert "17:45 on Monday, and you didn't" in out.text
    after = await world.fresh(one)
    assert after.promise == one.promise
    assert after.promise is not None
    assert after.promise.at > world.clock.now()


async def test_first_notes_answer_at_any_hour(tmp_path: Path) -> None:
    """Who writes at night is awake: the note that answers them goes out at once, and names the weekday."""
    world = World(tmp_path)
    world.clock.set(local("2026-11-24T00:30"))
    await world.take(mail(world, subject="Parcel"))
    await world.send()
    [out] = world.mail.sent
    assert "tomorrow" not in out.text.casefold()
    assert "day " in out.text


async def test_what_is_renewed_or_added_after_midnight_names_the_weekday(tmp_path: Path) -> None:
    """In a chat at half past midnight the new time, and that it stands, are said with their day."""
    world = World(tmp_path)
    world.clock.set(local("2026-11-23T23:40"))
    (one,) = await world.take(world.chat_from())
    await world.send()
    world.clock.set(local("2026-11-24T00:30"))
    await world.take(world.chat_from(text="And my parcel?"))
    await world.send()
    made = (await world.fresh(one)).promise
    assert made is not None
    person = world.book.people["maria"]
    quote = replace(quoted(world.house, one, person, world.clock.now()), at=made.at + timedelta(hours=1))
    again = renewed(world.house, await world.fresh(one), person, quote, Why.SURGE, world.clock.now())
    await world.store.commit(Commit(changes=[changed(await world.fresh(one), again)]))
    await world.send()
    assert [item.note for item in (await world.fresh(one)).outbox] == [
        NoteKind.FIRST,
        NoteKind.ADDED,
        NoteKind.RENEWAL,
    ]
    [_, *night] = world.chat.sent
    assert len(night) == 2
    for out in night:
        assert "tomorrow" not in out.text.casefold()
        assert "Tuesday" in out.text


async def test_a_note_that_leaves_after_midnight_speaks_of_the_right_day(tmp_path: Path) -> None:
    """Worded before midnight and sent after it, "tomorrow" would be a day too late: it is worded anew."""
    world = World(tmp_path)
    world.clock.set(local("2026-11-23T23:59:30"))
    (one,) = await world.take(world.chat_from())
    worded = one.outbox[0].text
    assert "tomorrow" in worded.casefold()
    world.clock.set(local("2026-11-24T00:00:30"))
    await world.send()
    [out] = world.chat.sent
    assert "tomorrow" not in out.text.casefold()
    assert "Tuesday" in out.text
    after = await world.fresh(one)
    assert after.promise is not None
    assert after.promise.state is PromiseState.MADE
    assert after.promise == one.promise
    world.clock.move(86400)
    await world.timers.tick(slow=False)
    assert (await world.fresh(one)).promises[0].state is not PromiseState.WITHDRAWN


async def test_the_question_comes_by_day_wherever_the_customer_lives(tmp_path: Path) -> None:
    """For every hour of the answer, and for customers on three continents, it is asked between 8 and 21 there."""
    for number, zone in enumerate(("America/Los_Angeles", "Europe/Copenhagen", "Asia/Tokyo")):
        for hour in range(0, 24, 3):
            folder = tmp_path / f"{number}-{hour}"
            folder.mkdir()
            mortal = Mortal(folder, 0, written=False)
            world = mortal.world
            world.clock.set(local(f"2026-11-23T{hour:02}:20") + timedelta(days=1))
            one = await mortal.take(replace(mail(world, subject="Parcel"), zone=zone))
            await mortal.answer(one, "It comes today.")
            await mortal.pass_(0)
            planned = (await world.fresh(one)).check_at
            assert planned is not None
            there = planned.astimezone(
                world.house.zone(wanted=zone, account=world.house.account("email", "support"))
            )
            assert 8 <= there.hour < 21
            world.clock.set(planned)
            await world.timers.tick(slow=False)
            await world.send()
            assert [item.state for item in noted(await world.fresh(one), NoteKind.FOLLOWUP)] == [
                SendState.SENT
            ]
