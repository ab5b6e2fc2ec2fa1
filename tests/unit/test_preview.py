"""The preview shows every text that a customer could read, in every language and on every channel."""

import re
from pathlib import Path

import pytest

from rules.preview import PARTS, shown, where
from rules.sampling import Wanted
from rules.texts import KINDS, STYLES
from tests.support.world import wording

#: How strangers are spoken to in languages that have two ways, as it would stand in words for friends.
POLITE = {
    "de": r"\b(?:Ihnen|Ihre[nmrs]?|haben Sie|wenn Sie|dass Sie|Sie haben)\b",
    "es": r"(?i)\b(?:usted|su|sus|le|tiene|tendrá|recibirá|tenga)\b",
    "fr": r"(?i)\b(?:vous|votre|vos)\b",
    "ru": r"(?i)\b(?:Вы|Вас|Вам|Вами|Ваш\w*|\w{2,}(?:йте|ите|ьте))\b",
}
LABELS = Path(__file__).parents[2] / "router" / "desk" / "static" / "wording.js"


@pytest.mark.parametrize("language", wording().languages)
def test_no_text_is_left_out(language: str) -> None:
    """Each line of the file that a note, a page or a question is made of stands in the preview, without a fault."""
    texts = wording().texts(language)
    found = shown(wording(), language)
    notes = [each for table in (texts.notes, texts.disclosed) for listed in table.values() for each in listed]
    tables = (texts.asks, texts.link, texts.check, texts.page, texts.signature)
    parts = [each for table in tables for each in table.values()]
    wanted = {where(texts, one) for one in (*notes, *parts, *texts.disclosure.values()) if one.source}
    assert wanted <= {one.where for one in found}
    assert [one.text for one in found if one.faults] == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", wording().languages)
def test_each_way_of_reading_shows_its_own(language: str, style: str) -> None:
    """Whoever asks for one channel sees every note that is read there."""
    texts = wording().texts(language)
    wanted = {where(texts, one) for slot, listed in texts.notes.items() if slot[2] == style for one in listed}
    assert wanted <= {one.where for one in shown(wording(), language, Wanted(style=style))}


def test_the_page_has_a_name_for_every_kind() -> None:
    """No text stands under a word of the program's."""
    script = LABELS.read_text(encoding="utf-8")
    assert [kind for kind in (*KINDS, *PARTS) if f" {kind}: " not in script] == []


@pytest.mark.parametrize("language", POLITE)
def test_nobody_is_spoken_to_in_two_ways_at_once(language: str) -> None:
    """Where an account says du, ты, tu or tú, no word for a stranger is left, down to the greeting."""
    informal = [one.text for one in shown(wording(), language, Wanted(address="informal"))]
    assert informal
    assert [text for text in informal if re.search(POLITE[language], text)] == []
