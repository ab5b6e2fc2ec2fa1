from pathlib import Path

import pytest

from rules.problems import RulesError
from rules.proof import proofread
from rules.refusals import LANGUAGES
from rules.wording import SHIPPED, Wording


def problems(folder: Path, text: str, name: str = "en.yaml") -> str:
    """Return all that is wrong when this is laid over the shipped texts; "" when it loads."""
    (folder / name).write_text(text, encoding="utf-8")
    try:
        Wording.load(folder)
    except RulesError as error:
        return str(error).replace(f"{folder}/", "")
    return ""


def over(text: str) -> str:
    """Return a file that replaces the plain first mail of the owner."""
    return f'version: 1\nnotes:\n  first:\n    owner:\n      mail:\n        plain:\n          - "{text}"\n'


GOOD = "Hi[ {customer}], {first_name} here. I'll answer {time}."


def test_own_texts_replace_shipped_ones(tmp_path: Path) -> None:
    """A directory's file replaces what it names; everything else stays as shipped."""
    assert problems(tmp_path, over(GOOD)) == ""
    own, shipped = Wording.load(tmp_path), Wording.load()
    slot, other = ("first", "owner", "mail", "plain"), ("first", "owner", "mail", "sober")
    assert [text.source for text in own.texts("en").notes[slot]] == [GOOD]
    assert own.texts("en").notes[other] == shipped.texts("en").notes[other]
    assert own.texts("da").notes == shipped.texts("da").notes


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "Hi[ {custmer}], {first_name} here. I'll answer {time}.",
            "nothing is called {custmer}; did you mean {customer}?",
        ),
        (
            "Hi {customer}, {first_name} here. I'll answer {time}.",
            "{customer} may be empty; put it and the words around it in [ ]",
        ),
        (
            "{first_name} here: {previous_time}. I'll answer {time}.",
            "a first note has no {previous_time}; it has {back}",
        ),
        ("{first_name} here. I'll answer {time.", "this { is never closed"),
        ("Hi[ {customer}, {first_name} here. I'll answer {time}.", "this [ is never closed"),
        ("Hi] {first_name} here. I'll answer {time}.", "this ] closes nothing"),
        ("Hi[ there], {first_name} here. I'll answer {time}.", "an optional part needs a {name}"),
        ("{a|b|c} {first_name} here. I'll answer {time}.", "write exactly two choices"),
        ("{first_name} here. I'll answer.", "no hard time; the promised {time}"),
        ("{first_name} here. I'll answer {time}, {time}.", "the time stands in it twice"),
        ("{first_name} here. I'll answer {time}, or at 5 pm.", "'at 5' is a second time"),
        ("{first_name} here. We answer {time}.", "'We' speaks as a group"),
        ("{first_name}: you are answered {time}.", "nobody speaks in it; use the first person"),
        ("", "the text is empty"),
    ],
)
def test_each_fault_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    """A text that cannot stand is reported where it stands, with what to do."""
    found = problems(tmp_path, over(text))
    assert found.startswith("en.yaml:7:13: ")
    assert problem in found


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Every fault of every file is told in one go."""
    (tmp_path / "da.yaml").write_text("version: 1\nnotes: {first: {ownr: x}}\n", encoding="utf-8")
    (tmp_path / "it.yaml").write_text("version: 1\n", encoding="utf-8")
    found = problems(tmp_path, over("We answer {time}. {first_name}") + "colour: blue\n")
    assert "'We' speaks as a group" in found or "'colour'" in found
    assert "da.yaml:2:17: 'ownr' is not known here; did you mean 'owner'?" in found
    assert (
        "it.yaml:1:1: the linter has no rules for the language 'it'; it knows en, da, ru, de, fr, es" in found
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version: 2\n", "en.yaml:1:10: version 1 is the one that can be read, not 2"),
        ("version: 1\ncolour: blue\n", "en.yaml:2:1: the file has no 'colour'"),
        ("- a\n", "en.yaml:1:1: a file of note texts is a mapping"),
        ("version: 1\nnotes: {first: []}\n", "the list is empty"),
        (
            "version: 1\nnotes: {first: {owner: {mail: {plain: {x: y}}}}}\n",
            "texts are needed here, not a mapping",
        ),
        (
            "version: 1\ntime: {clock: nonsense}\n",
            "'nonsense' does not tell all times apart; write a pattern such as HH:mm",
        ),
        ("version: 1\ntime: {clock: HH}\n", "'HH' does not tell all times apart"),
        ("version: 1\ntime: {date: MMMM}\n", "'MMMM' does not tell all times apart"),
        ('version: 1\ntime: {clock: "\'"}\n', "en.yaml"),
        ("version: 1\ntime: {joined: '{time}'}\n", "both {time} and {zone} must stand in it"),
        ("version: 1\ntime: {weekdays: [a]}\n", "weekdays must be a list of seven"),
        ("version: 1\ntime: {zones: {Mars/Base: x}}\n", "there is no time zone 'Mars/Base'"),
        ("version: 1\nlocale: klingon\n", "no such locale"),
        ("version: 1\ntime: {today: by}\n", "en.yaml:2:15: {clock} must stand in it"),
        ("version: 1\nasks: {email: 'We need it: {name}'}\n", "nothing is called {name}"),
        ("version: 1\nasks: {email: 'Our team needs it.'}\n", "'Our' speaks as a group"),
        ("version: [\n", "not YAML"),
    ],
)
def test_faults_of_the_file(tmp_path: Path, text: str, problem: str) -> None:
    """Whatever else is wrong in a file is told as well."""
    assert problem in problems(tmp_path, text)


def test_missing_directory(tmp_path: Path) -> None:
    """A directory that is named must exist."""
    with pytest.raises(RulesError, match="there is no such directory"):
        Wording.load(tmp_path / "nowhere")


def test_shipped_files() -> None:
    """The shipped texts load without a complaint, in six languages."""
    assert Wording.load().languages == ("en", "da", "ru", "de", "fr", "es")
    assert {path.stem for path in SHIPPED.glob("*.yaml")} == set(Wording.load().languages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_texts_say_nothing_that_the_linter_refuses(language: str) -> None:
    """Every shipped text is proofread here, so that not every start has to."""
    assert proofread(Wording.load().texts(language)) == []
