"""The signed link of a note: what it says, that nobody can make one up, and which notes carry one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from router.config import load_settings
from router.conversation import Conversation, NoteKind
from router.keeper import links_url
from router.taps import link as tap
from router.taps.link import Purpose, Tap
from tests.support.taps import BASE, linked, noted
from tests.support.world import RULES, World

KEY = tap.key(b"k" * 32)
SAID = Tap(
    purpose=Purpose.WAIT,
    conversation="cv_0123456789abcdef01234567",
    wait=tap.mark("smtp:1"),
    until=datetime(2026, 12, 7, 12, tzinfo=UTC),
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a world whose notes may carry links."""
    made = World(tmp_path)
    linked(made)
    return made


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_token_says_what_was_put_in(purpose: Purpose) -> None:
    """Purpose, conversation, wait and end come out again, whatever case a mail program made of it."""
    said = replace(SAID, purpose=purpose)
    token = tap.token(KEY, said)
    assert len(token) == tap.LENGTH
    assert token.isalnum()
    assert tap.read(KEY, token) == tap.read(KEY, token.upper()) == said


def test_no_changed_token_is_taken() -> None:
    """Changing any one character, cutting one off or adding one makes it worthless."""
    token = tap.token(KEY, SAID)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    for place, was in enumerate(token):
        other = letters[(letters.index(was) + 1) % 32]
        assert tap.read(KEY, token[:place] + other + token[place + 1 :]) is None
    for bad in ("", token[:-1], token + "a", token[:-1] + "!", "ä" * 48, "=" * 48, "1" * 48):
        assert tap.read(KEY, bad) is None


def test_another_key_makes_other_tokens() -> None:
    """A token of one service is worth nothing in another."""
    assert tap.read(tap.key(b"x" * 32), tap.token(KEY, SAID)) is None


async def test_a_link_is_short_and_always_the_same(world: World) -> None:
    """The same note has the same link however often it is worded; it holds nothing personal."""
    one, token = await noted(world)
    made = [
        tap.link(
            world.house, one, NoteKind.FIRST, one.waiting_on, one.promise.at if one.promise else one.opened_at
        )
        for _ in range(2)
    ]
    assert made == [f"{BASE}/t/{token}"] * 2
    assert len("https://help.example.com/t/" + token) <= 80


async def test_each_wait_and_kind_has_a_link_of_its_own(world: World) -> None:
    """A link speaks of one wait, for one purpose, until some days after the time that the note names."""
    one, _ = await noted(world)
    at = world.clock.now()
    made = {
        tap.link(world.house, one, kind, trigger, when)
        for kind in (NoteKind.FIRST, NoteKind.FOLLOWUP)
        for trigger in ("smtp:1", "smtp:2")
        for when in (at, at + timedelta(days=1))
    }
    assert len(made) == 8
    found = tap.read(tap.key(world.house.secret), made.pop()[-48:])
    assert found is not None
    assert at + tap.WORKS_FOR <= found.until <= at + tap.WORKS_FOR + timedelta(days=1, hours=1)


def _link(world: World, one: Conversation, kind: NoteKind = NoteKind.FIRST) -> str:
    return tap.link(world.house, one, kind, one.waiting_on, world.clock.now())


async def test_notes_that_can_carry_no_link_carry_none(world: World) -> None:
    """None in public, where links cost or are read out, where the rules or the account want none, or of no use."""
    one, _ = await noted(world)
    house, account = world.house, world.house.account("email", "support")
    assert _link(world, one)
    assert not _link(world, replace(one, public=True))
    assert not _link(world, replace(one, id="another shape"))
    assert not _link(world, one, NoteKind.INTRODUCTION)
    for changed in (
        replace(account, links=False),
        replace(account, style="spoken"),
        replace(account, style="public"),
    ):
        world.house = replace(house, accounts={("email", "support"): changed})
        assert not _link(world, one)
    world.house = replace(house, links_url="")
    assert not _link(world, one)


async def test_the_rules_can_leave_links_out(tmp_path: Path) -> None:
    """`customer_links: false` on a channel: its notes carry none."""
    rules = RULES.replace("email: {target: 24h,", "email: {customer_links: false, target: 24h,")
    world = World(tmp_path, rules)
    linked(world)
    (one,) = await world.take(world.mail_from())
    assert one.outbox
    assert BASE not in one.outbox[0].text


SETTINGS = """
public_url = "{url}"
secret_key = "0123456789abcdef0123456789abcdef"
[channels.email.support]
address = "help@example.com"
send = "{send}"
"""


@pytest.mark.parametrize(
    ("url", "send", "leads"),
    [
        ("http://localhost:8080", "outbox", "http://localhost:8080"),
        ("http://localhost:8080", "smtp://127.0.0.1:1025", "http://localhost:8080"),
        ("http://localhost:8080", "smtps://mail.example.com", ""),
        ("https://help.example.com/support", "smtps://mail.example.com", "https://help.example.com/support"),
        ("https://help.example.com", "outbox", "https://help.example.com"),
    ],
)
def test_no_link_goes_out_that_nobody_can_open(tmp_path: Path, url: str, send: str, leads: str) -> None:
    """An address on this machine is only in notes while every account stays on it too."""
    path = tmp_path / "handleby.toml"
    path.write_text(SETTINGS.format(url=url, send=send))
    assert links_url(load_settings(path, environ={})) == leads


def test_a_first_look_without_settings_has_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing set everything stays on this machine, and so the notes in the outbox carry links."""
    monkeypatch.chdir(tmp_path)
    assert links_url(load_settings(environ={}, prepare=False)) == "http://localhost:8080"
