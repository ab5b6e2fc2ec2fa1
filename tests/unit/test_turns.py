"""Two customers side by side do not read the same sentence."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import pytest
from msgspec.structs import replace

from router.consume import Consumer
from router.conversation import Conversation
from router.errors import StoreDown
from router.house import House
from router.ports import Commit, Outcome, Record
from router.sending import outbox
from router.testing import MemoryStore
from router.voice import specimens
from router.voice.turns import Turns
from rules.texts import STYLES, TONES, VOICES
from tests.support.world import RULES, World, wording

#: What differs anyway: the customer's name, the reference, the time.
_OWN = re.compile(r"\bAna\w*|HB-\w+|[\d:.]+")


def said(one: Conversation) -> str:
    """Return the note's words without what is the customer's own."""
    return _OWN.sub("", next(item.text for item in one.outbox if item.note is not None))


def _in(world: World, language: str, address: str) -> None:
    accounts = {
        key: replace(one, language=language, address=address) for key, one in world.house.accounts.items()
    }
    world.house = replace(world.house, accounts=accounts, detect=lambda _: language)


@pytest.mark.parametrize("address", ["formal", "informal"])
@pytest.mark.parametrize("language", ["en", "da", "de", "fr", "es", "ru"])
async def test_of_two_hundred_consecutive_notes_no_two_neighbours_say_the_same(
    tmp_path: Path, language: str, address: str
) -> None:
    """Singly, in batches and after restarts each note differs from the one before it, in the order of the log."""
    world = World(tmp_path)
    _in(world, language, address)
    known: dict[str, Conversation] = {}
    while len(known) < 200:
        size = 1 + len(known) % 7
        if size == 3:
            world.restart()
        mails = [world.mail_from(f"ana{len(known) + n}@example.org") for n in range(size)]
        known |= {one.id: one for one in await world.take(*mails)}
    lines = [line for _, line in await world.store.log(after=0, limit=10_000) if line.kind == "promised"]
    texts = [said(known[line.conversation]) for line in lines]
    assert len(texts) >= 200
    assert [(a, b) for a, b in pairwise(texts) if a == b] == []
    assert len(set(texts)) >= 3


async def test_customers_in_languages_without_texts_take_turns_with_each_other(tmp_path: Path) -> None:
    """All of them read the same language, so they share its turns; what a stranger names makes no new counter."""
    world = World(tmp_path)
    texts: list[str] = []
    for place in range(12):
        mail = replace(world.mail_from(f"ana{place}@example.org"), language=("nl", "sv", "en", "")[place % 4])
        texts += [said(one) for one in await world.take(mail)]
    assert [(a, b) for a, b in pairwise(texts) if a == b] == []
    assert world.house.turns.at("email/support")[0] == {"first duty mail plain en": 12}


async def test_tones_that_share_their_texts_share_the_turns(tmp_path: Path) -> None:
    """On the phone a sober note has the words of a plain one: callers side by side hear different ones."""
    world = World(
        tmp_path, RULES.replace("queue: billing, skills: [billing], priority: high, target: 4h, ", "")
    )
    accounts = {key: replace(one, style="spoken") for key, one in world.house.accounts.items()}
    world.house = replace(world.house, accounts=accounts)
    texts: list[str] = []
    for place in range(12):
        words = ("Where is my parcel?", "I want my money back.")[place % 2]
        mail = replace(world.mail_from(f"ana{place}@example.org"), text=words)
        texts += [said(one) for one in await world.take(mail)]
    assert len(texts) == 12
    assert [(a, b) for a, b in pairwise(texts) if a == b] == []


async def test_several_processes_take_turns_with_each_other(tmp_path: Path) -> None:
    """Each router goes on from the last note of whichever router worded it."""
    world = World(tmp_path)
    routers = [_router(world, replace(world.house, turns=Turns())) for _ in range(3)]
    texts: list[str] = []
    for place in range(60):
        mail = world.mail_from(f"ana{place}@example.org")
        await world.store.accept([(mail, mail.received_at)])
        await routers[place * place % 3].decide([mail.key])
        texts.append(said(await world.conversation(mail)))
    assert [(a, b) for a, b in pairwise(texts) if a == b] == []


def _router(world: World, house: House) -> Consumer:
    return Consumer(world.store, world.broker, world.events, world.ids, world.clock, lambda: house)


async def test_a_note_that_is_worded_anew_keeps_its_variant(tmp_path: Path) -> None:
    """What could not leave before the next day is worded anew in the way in which it was worded first."""
    world = World(tmp_path)
    (one,) = await world.take(world.mail_from("ana@example.org"))
    await world.take(*(world.mail_from(f"ana{n}@example.org") for n in range(4)))
    before = one.outbox[0]
    again = outbox.reworded(world.house, one, before, world.clock.now())
    assert again.outbox[0].text == before.text
    assert again.outbox[0].turn == before.turn is not None


@pytest.mark.parametrize("language", ["en", "da", "de", "fr", "es", "ru"])
def test_what_a_customer_reads_first_has_three_variants(language: str) -> None:
    """Every first and every late note can be said in three ways, in each voice, style and tone."""
    texts = wording().texts(language)
    few = [slot for slot in _slots("first", "late") if len(set(texts.notes[slot])) < 3]
    assert few == []


@pytest.mark.parametrize("language", ["en", "da", "de", "fr", "es", "ru"])
def test_at_night_too_there_are_several_variants(language: str) -> None:
    """Where a first note by mail says when the person is back, there are three ways to say that as well."""
    texts = wording().texts(language)
    for tone in TONES:
        backs = [one for one in texts.notes["first", "owner", "mail", tone] if "back" in one.names]
        assert len(backs) >= 3, tone


def _slots(*kinds: str) -> Iterator[tuple[str, str, str, str]]:
    return (
        (kind, voice, style, tone) for kind in kinds for voice in VOICES for style in STYLES for tone in TONES
    )


def test_whoever_agrees_has_seen_every_variant(tmp_path: Path) -> None:
    """The texts that somebody says yes to are all that can go out in their name, not a few picked by chance."""
    world = World(tmp_path)
    person = world.house.book.people["maria"]
    found = [one for one in specimens.of(world.house, person, "email") if one.language == "en" and one.owner]
    for kind, tone in (("first", "plain"), ("first", "sober"), ("late", "plain"), ("added", "plain")):
        texts = wording().texts("en").notes[kind, "owner", "mail", tone]
        assert len([one for one in found if (one.kind, one.tone) == (kind, tone)]) == len(texts), (kind, tone)


class Failing(MemoryStore):
    """A store of which a verb fails while a test says so."""

    down = ""

    async def commit(self, commit: Commit) -> Outcome:
        """Fail when told to."""
        return await super().commit(commit) if self.down != "commit" else _fail()

    async def records(self, kind: str, limit: int) -> list[Record]:
        """Fail when told to."""
        return await super().records(kind, limit) if self.down != "records" else _fail()

    async def put_record(self, record: Record) -> bool:
        """Fail when told to."""
        return await super().put_record(record) if self.down != "put_record" else _fail()


def _fail() -> NoReturn:
    raise StoreDown


@pytest.mark.parametrize(("verb", "lost"), [("commit", True), ("records", True), ("put_record", False)])
async def test_a_store_that_fails_is_told_of_as_ever(tmp_path: Path, verb: str, *, lost: bool) -> None:
    """The router waits and decides again; only that a turn was not written holds up nobody."""
    world = World(tmp_path, store=Failing)
    assert isinstance(world.store, Failing)
    mail = world.mail_from("ana@example.org")
    await world.store.accept([(mail, mail.received_at)])
    world.store.down = verb
    if lost:
        with pytest.raises(StoreDown):
            await world.consumer.decide([mail.key])
    else:
        assert await world.consumer.decide([mail.key]) == []
    world.store.down = ""
    assert await world.consumer.decide([mail.key]) == []
    assert len((await world.conversation(mail)).outbox) == 1
    other = world.mail_from("ben@example.org")
    assert said((await world.take(other))[0]) != said(await world.conversation(mail))
