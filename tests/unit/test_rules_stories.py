"""What the rules say of people, facts and words, seen in the notes that go out."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from router import note
from rules.model import Person
from rules.wording import Wording
from tests.support.world import RULES, World

ASKS = """
  - name: Parcels need the order number
    when: {text: {contains_any: [parcel]}}
    then: {ask: order}
"""
ORDER = "If there is an order number, send it to me now"
VOICE = """
version: 1
voices:
  maria:
    notes: {first: {owner: {mail: {plain: "Dear[ {customer_first}], it is {first_name}. I'll answer {time}."}}}}
    signature: {mail: "Yours, {first_name}"}
"""


async def noted(world: World, text: str = "Where is my parcel?", who: str = "ana@example.org") -> str:
    """Return the note that a new mail is answered with; "" when there is none."""
    (conversation,) = await world.take(world.mail_from(who, text))
    await world.send()
    fresh = await world.fresh(conversation)
    return fresh.outbox[-1].text if fresh.outbox else ""


async def test_a_rule_asks_for_the_missing_fact_in_the_note(tmp_path: Path) -> None:
    """Who writes about a parcel is asked for the order number; who writes about something else is not."""
    world = World(tmp_path, RULES + ASKS)
    assert ORDER in await noted(world)
    assert ORDER not in await noted(world, "Do you open on Sundays?", "ben@example.org")


def test_a_language_without_the_words_goes_without_the_question(tmp_path: Path) -> None:
    """A fact that only English asks for does not stop a Danish note."""
    (tmp_path / "en.yaml").write_text("version: 1\nasks: {serial: Send me the serial.}\n", encoding="utf-8")
    wording = Wording.load(tmp_path)
    now = datetime(2026, 11, 23, 11, tzinfo=UTC)
    base = note.Request(
        kind="first",
        id="n_1",
        person=Person(id="maria", name="Maria Jensen"),
        owner=True,
        promise_at=datetime(2026, 11, 23, 14, 40, tzinfo=UTC),
        now=now,
        zone=ZoneInfo("Europe/Copenhagen"),
        language="en",
        ask="serial",
    )
    assert "Send me the serial." in note.compose(wording, base).text
    danish = note.compose(wording, replace(base, language="da"))
    assert danish.text == note.compose(wording, replace(base, language="da", ask="")).text


async def test_a_note_is_in_the_words_of_whoever_signs_it(tmp_path: Path) -> None:
    """Maria owns the mail and has texts of her own: they go out, with her signature."""
    (tmp_path / "wording").mkdir()
    (tmp_path / "wording" / "en.yaml").write_text(VOICE, encoding="utf-8")
    world = World(tmp_path)
    world.house = replace(world.house, wording=Wording.load(tmp_path / "wording"))
    await world.here("maria")
    text = await noted(world)
    assert text.startswith("Dear Ana, it is Maria. I'll answer by ")
    assert "Yours, Maria" in text


@pytest.mark.parametrize(
    ("maria", "tom", "answers", "day"),
    [
        ("[]", "[]", "maria", 24),
        ("[2026-11-23, 2026-11-24]", "[]", "tom", 24),
        ('["2026-11-23..2026-11-25"]', '["2026-11-23..2026-11-30"]', "maria", 26),
    ],
)
async def test_nobody_answers_or_promises_on_leave(
    tmp_path: Path, maria: str, tom: str, answers: str, day: int
) -> None:
    """Who is on leave is not accountable while somebody works; where all are away, X waits for the first one back."""
    rules = RULES.replace("{name: Maria Jensen,", f"{{name: Maria Jensen, leave: {maria},")
    rules = rules.replace("{name: Tom Berg,", f"{{name: Tom Berg, leave: {tom},")
    world = World(tmp_path, rules)
    (conversation,) = await world.take(world.mail_from())
    assert conversation.accountable == answers
    assert conversation.promise is not None
    assert conversation.promise.at.day == day
