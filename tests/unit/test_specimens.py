"""What somebody reads before they agree: every way in which a note in their name may read."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from router.conversation import NoteKind
from router.voice import specimens
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a world with a page on which people write in private, and in public below what is posted."""
    world = World(tmp_path)
    page = replace(world.house.accounts["webchat", "site"], channel="facebook", name="page", live=False)
    world.house = replace(world.house, accounts={**world.house.accounts, ("facebook", "page"): page})
    return world


async def test_the_note_to_somebody_upset_was_shown(world: World) -> None:
    """Rules pick the tone by what the customer wrote, so what is sent then was read before."""
    await world.here("tom")
    (one,) = await world.take(world.mail_from(text="I want my money back"))
    assert one.decision is not None
    assert one.decision.tone == "sober"
    (note,) = [item for item in one.outbox if item.note is NoteKind.FIRST]
    shown = specimens.of(world.house, world.book.people["tom"], "email")
    begins = {each.text.partition(" by ")[0] for each in shown if each.tone == "sober" and each.owner}
    assert note.text.partition(" by ")[0] in begins


def test_what_others_can_read_is_shown_where_people_write_in_public_too(world: World) -> None:
    """There the words carry no reference; a chat on our own site is nobody else's to read."""
    maria = world.book.people["maria"]
    public = [
        each for each in specimens.of(world.house, maria, "facebook") if specimens.IN_PUBLIC in each.when
    ]
    assert {each.kind for each in public} >= {"first", "late"}
    assert not any("HB-" in each.text for each in public)
    assert not any(specimens.IN_PUBLIC in each.when for each in specimens.of(world.house, maria, "webchat"))


def test_no_text_is_shown_twice(world: World) -> None:
    """What reads the same in every tone stands there once."""
    for channel in ("email", "webchat", "facebook"):
        shown = specimens.of(world.house, world.book.people["maria"], channel)
        texts = [(each.kind, each.owner, each.text) for each in shown]
        assert len(texts) == len(set(texts))
