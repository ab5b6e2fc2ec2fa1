"""In whose name a note goes out, and who agreed to it."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from router.conversation import NoteKind, PromiseState, SendState
from router.keeper import Keeper
from router.ports import Record
from router.sending.outbox import try_refresh
from router.testing import ManualClock, MemoryStore
from router.voice import consent
from router.voice import speakers as voices
from router.voice.consent import Consent
from tests.support.world import MONDAY_NOON, RULES, World

#: Tom leads general and is on duty after Maria; Ines leads without being on duty.
LED_BY_INES = RULES.replace(
    "hours: office}\nqueues:",
    "hours: office}\n  ines: {name: Ines Costa, email: ines@example.com, queues: [general], hours: office}\nqueues:",
).replace("lead: tom", "lead: ines")
EVENING = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a service whose people are asked before notes go out in their name."""
    return agreed(World(tmp_path, LED_BY_INES))


def agreed(world: World, **channels: str) -> World:
    """Let these people have agreed to these channels, and nobody else to any."""
    world.house = replace(
        world.house, voices={who: frozenset(said.split()) for who, said in channels.items()}
    )
    return world


async def test_the_owner_who_agreed_speaks_for_themselves(world: World) -> None:
    """Their own note says that they will answer."""
    agreed(world, maria="email", tom="email")
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    assert (one.owner, one.promise.by, one.promise.owner) == ("maria", "maria", True)
    assert "Maria" in one.outbox[0].text


async def test_for_an_owner_who_did_not_agree_the_duty_person_speaks(world: World) -> None:
    """The note is in Tom's name and in the duty voice; the work and the answering for it stay with Maria."""
    agreed(world, maria="webchat", tom="email", ines="email")
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    assert (one.owner, one.accountable) == ("maria", "maria")
    assert (one.promise.by, one.promise.owner) == ("tom", False)
    assert one.outbox[0].author_name == "Tom Berg"
    assert "Maria" in one.outbox[0].text, "the duty voice says from whom the answer comes"


async def test_where_nobody_on_duty_agreed_the_lead_speaks(world: World) -> None:
    """Ines leads the queue without being on duty."""
    agreed(world, ines="email")
    (one,) = await world.take(world.mail_from())
    assert (one.accountable, one.promise.by) == ("maria", "ines")


async def test_where_nobody_agreed_there_is_no_note_and_no_promise(world: World) -> None:
    """The work is routed all the same, and what is missing is said."""
    (one,) = await world.take(world.mail_from())
    assert one.accountable == "maria"
    assert one.promise is None
    assert not one.outbox
    assert "has agreed to notes on email" in one.no_note
    assert not one.flags, "health says it once, not every conversation"


async def test_a_stand_in_is_rostered_before_the_promised_time(tmp_path: Path) -> None:
    """Tom, whose hours open only after the promised time, does not vouch for it; the lead does."""
    rules = LED_BY_INES.replace(
        "office: {timezone",
        'late: {timezone: Europe/Copenhagen, open: {wed: ["20:00-22:00"]}}\n  office: {timezone',
    ).replace(
        "languages: [en], capacity: {webchat: 1, default: 2}, hours: office",
        "languages: [en], capacity: {webchat: 1, default: 2}, hours: late",
    )
    world = agreed(World(tmp_path, rules), tom="email", ines="email")
    (one,) = await world.take(world.mail_from())
    assert one.promise.by == "ines"
    assert one.promise.at < datetime(2026, 11, 25, 19, 0, tzinfo=UTC)


async def test_a_present_colleague_speaks_before_an_absent_one(tmp_path: Path) -> None:
    """Of several on duty who agreed, whoever is here comes first."""
    rules = LED_BY_INES.replace("duty: [maria, tom], lead: ines", "duty: [maria, tom, ines], lead: tom")
    world = agreed(World(tmp_path, rules), tom="email", ines="email")
    await world.here("ines")
    (one,) = await world.take(world.mail_from())
    marias = replace(one, owner="maria", accountable="maria")
    found = voices.speaker(world.house, marias, await world.store.agents(), world.clock.now())
    assert found is not None
    assert found.id == "ines"


async def test_who_withdraws_is_named_in_no_note_that_has_not_left(world: World) -> None:
    """The same note leaves in the stand-in's name, with the same time, once."""
    agreed(world, maria="email", tom="email")
    (one,) = await world.take(world.mail_from())
    agreed(world, tom="email")
    await world.send()
    sent = await world.fresh(one)
    assert sent.promise.at == one.promise.at
    assert sent.promise.by == "tom"
    assert sent.outbox[0].id == one.outbox[0].id
    assert [out.author for out in world.mail.sent] == ["Tom Berg"]
    assert sent.promise.made_at == sent.outbox[0].at


async def test_when_the_last_one_withdraws_the_note_is_cancelled(world: World) -> None:
    """Nobody is named who did not agree, and a promise that nobody heard is withdrawn."""
    agreed(world, maria="email")
    (one,) = await world.take(world.mail_from())
    agreed(world)
    await world.send()
    left = await world.fresh(one)
    assert not world.mail.sent
    assert left.outbox[0].state is SendState.CANCELLED
    assert left.promise.state is PromiseState.WITHDRAWN
    assert "has agreed" in left.no_note


async def test_a_stand_ins_note_stays_as_it_was_worded(world: World) -> None:
    """Neither its sending nor a colleague's coming rewords it."""
    agreed(world, tom="email", ines="email")
    await world.here("maria")
    (one,) = await world.take(world.mail_from())
    await world.here("ines")
    await world.send()
    sent = await world.fresh(one)
    assert sent.outbox[0].text == one.outbox[0].text
    assert sent.promise == one.promise


async def test_a_note_of_ones_own_doings_goes_out_in_no_other_name(world: World) -> None:
    """That my time stands, or that I took over, only I can say: withdrawn, it is cancelled."""
    agreed(world, maria="email", tom="email")
    (one,) = await world.take(world.mail_from())
    told = replace(one, outbox=(replace(one.outbox[0], note=NoteKind.INTRODUCTION),))
    agreed(world, tom="email")
    left = try_refresh(world.house, told, told.outbox[0], world.clock.now())
    assert left.outbox[0].state is SendState.CANCELLED
    assert left.outbox[0].author_name == "Maria Jensen"


async def test_the_house_learns_who_agreed_and_who_withdrew(tmp_path: Path) -> None:
    """What agents say is in force with the next look at the store, on every process."""
    world = World(tmp_path)
    keeper = Keeper(replace(world.house, voices={}), world.store, world.clock)
    at = world.clock.now()
    await consent.agree(world.store, "maria", "email", Consent(at=at, version="v1"))
    await consent.agree(world.store, "maria", "webchat", Consent(at=at, version="v1"))
    await keeper.refresh()
    assert keeper().speaks("maria", "email")
    assert not keeper().speaks("tom", "email")
    await consent.withdraw(world.store, "maria", "email", at)
    await keeper.refresh()
    assert not keeper().speaks("maria", "email")
    assert keeper().speaks("maria", "webchat")


async def test_saying_yes_is_kept_with_what_was_seen_and_written_to_the_log() -> None:
    """The record has the time and the texts' version; the log says who and where."""
    store = MemoryStore(ManualClock(MONDAY_NOON))
    await consent.agree(store, "maria", "email", Consent(at=MONDAY_NOON, version="v1"))
    later = MONDAY_NOON + timedelta(days=1)
    await consent.agree(store, "maria", "email", Consent(at=later, version="v2"))
    assert consent.said(await store.record(consent.KIND, "maria")) == {
        "email": Consent(at=later, version="v2")
    }
    lines = [event for _, event in await store.log(after=0, limit=10)]
    assert [(one.kind, one.agent, one.channel, one.data["version"]) for one in lines] == [
        ("voice", "maria", "email", "v1"),
        ("voice", "maria", "email", "v2"),
    ]


async def test_two_at_a_time_lose_neither_yes() -> None:
    """Somebody who agrees to two channels from two windows has agreed to both."""

    class Slow(MemoryStore):
        """Lets another change come between reading and writing, once."""

        raced = False

        async def put_record(self, record: Record) -> bool:
            if not self.raced:
                self.raced = True
                await consent.agree(self, "maria", "webchat", Consent(at=MONDAY_NOON, version="v1"))
            return await super().put_record(record)

    store = Slow(ManualClock(MONDAY_NOON))
    await consent.agree(store, "maria", "email", Consent(at=MONDAY_NOON, version="v1"))
    assert set(consent.said(await store.record(consent.KIND, "maria"))) == {"email", "webchat"}


async def test_nobody_asks_a_made_up_team(tmp_path: Path) -> None:
    """The sample team speaks on every channel, whatever the store says."""
    world = World(tmp_path)
    book = dataclasses.replace(world.book, sample=True)
    keeper = Keeper(replace(world.house, book=book, voices=None), world.store, world.clock)
    await consent.agree(world.store, "maria", "email", Consent(at=world.clock.now(), version="v1"))
    await keeper.refresh()
    assert keeper().speaks("tom", "webchat")


async def test_a_stand_in_who_left_the_duty_is_named_no_more(world: World) -> None:
    """Until the note has left, whoever stands behind the queue now takes over the name."""
    agreed(world, tom="email", ines="email")
    (one,) = await world.take(world.mail_from())
    assert one.promise is not None
    assert one.promise.by == "tom"
    queues = dict(world.book.queues)
    queues["general"] = replace(queues["general"], duty=("maria",))
    world.house = replace(world.house, book=dataclasses.replace(world.book, queues=queues))
    await world.send()
    assert [out.author for out in world.mail.sent] == ["Ines Costa"]
