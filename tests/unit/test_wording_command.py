import json
from pathlib import Path
from typing import Any

import pytest

from router.cli import command
from router.errors import HandlebyError
from rules.load import shipped_text

BROKEN = "version: 1\nnotes: {first: {owner: {mail: {plain: 'Hi, we answer {time}. {first_name}'}}}}\n"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return a rules file with a folder for own texts beside it."""
    path = tmp_path / "rules.yaml"
    path.write_text(shipped_text(), encoding="utf-8")
    (tmp_path / "wording").mkdir()
    return path


def run(rules: Path, *words: str) -> int:
    """Run `handleby rules wording`; returns its exit status."""
    line = ["rules", "wording", str(rules), *words]
    return int(command(line)(line, standalone_mode=False) or 0)


def texts(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the texts that it wrote as JSON."""
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["texts"]
    return found


def test_it_shows_every_text_in_every_language(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All kinds, styles and parts of all six languages are there, each with its place, none refused."""
    assert run(rules, "--json") == 0
    found = texts(capsys)
    assert {one["language"] for one in found} == {"en", "da", "de", "fr", "es", "ru"}
    kinds = {one["kind"] for one in found}
    assert {"first", "late", "renewal", "missed", "followup", "page", "link", "check", "asks"} <= kinds
    assert {one["style"] for one in found if one["kind"] == "first"} == {"mail", "chat", "public", "spoken"}
    assert all(one["where"].startswith(f"shipped wording/{one['language']}.yaml:") for one in found)
    assert not any(one["faults"] for one in found)


def test_it_shows_what_is_read_on_one_channel(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One language, one channel, one person: her name, that channel's style, no other language."""
    assert run(rules, "--json", "--language", "da", "--channel", "phone", "--agent", "ines") == 0
    found = [one for one in texts(capsys) if one["style"]]
    assert {(one["language"], one["style"]) for one in found} == {("da", "spoken")}
    assert all("Ines Costa" in one["text"] for one in found)


def test_it_can_be_read(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For people the text stands below what it is and where."""
    assert run(rules, "--preview", "--language", "en") == 0
    out = capsys.readouterr().out
    line = "    Hi Ana, I said 13:30 and I missed it. That's my mistake, and I'm sorry."
    before = out[: out.index(line)].splitlines()
    assert before[-1].startswith("en: missed → owner → mail · formal · shipped wording/en.yaml:")
    assert out.splitlines()[-1].endswith("texts in en; none refused by the linter")


def test_it_ends_with_1_when_texts_are_refused(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the linter refuses in a folder of one's own is told with its place."""
    (rules.parent / "wording" / "en.yaml").write_text(BROKEN, encoding="utf-8")
    assert run(rules) == 1
    assert "en.yaml:2:39: 'we' speaks as a group" in capsys.readouterr().err


def test_it_ends_with_1_when_a_rule_asks_in_vain(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules and texts that do not fit together are told here, and by `rules check`."""
    text = shipped_text().replace(
        "\nrules:\n",
        "\nrules:\n  - {name: Lamps, when: {text: {contains_any: [lamp]}}, then: {ask: colour}}\n",
    )
    rules.write_text(text, encoding="utf-8")
    assert run(rules) == 1
    assert "no text asks for 'colour'" in capsys.readouterr().err
    line = ["rules", "check", str(rules)]
    assert command(line)(line, standalone_mode=False) == 1
    assert "no text asks for 'colour'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--language", "dk"], "no language called 'dk'"),
        (["--channel", "mail"], "no channel called 'mail'; did you mean 'email'?"),
        (["--agent", "marie"], "no agent called 'marie'; did you mean 'maria'?"),
    ],
)
def test_what_is_not_known_is_told(rules: Path, words: list[str], told: str) -> None:
    """A misspelt name is told with what could be meant."""
    with pytest.raises(HandlebyError) as caught:
        run(rules, *words)
    assert told in str(caught.value)
