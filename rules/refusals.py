"""What no note may say: reasons, and each language's regular expressions from `refused/<language>.yaml`."""

from collections.abc import Mapping as Map
from functools import lru_cache
from pathlib import Path

from rules.nodes import Mapping, Scalar, Sequence
from rules.problems import Report, RulesError
from rules.yamltext import parse

FOLDER = Path(__file__).parent / "refused"
#: Languages whose notes the linter can hold.
LANGUAGES = ("en", "da", "ru", "de", "fr", "es")

#: What is said of words that match, by the name of the list.
REASONS: Map[str, str] = {
    "we": "speaks as a group; a note comes from one person, so write I",
    "faceless": "speaks to or of nobody in particular; use names",
    "hated": "is a phrase that people hate to read; say who answers and by when",
    "vague": "is no time; the note's {time} is the only one",
    "act": "claims an act that nobody has done yet",
    "feature": "speaks of a feature or its date; a note promises an answer, nothing else",
    "sales": "sells something",
    "blame": "blames somebody else",
    "gendered": "has a gender; reword it so that it fits anybody",
    "cheer": "is too cheerful for a sober note",
}
#: Lists of every file besides the reasons: how people speak of themselves, and words of no other language.
BASIC = ("first_person", "markers")


@lru_cache(maxsize=32)
def patterns(language: str) -> Map[str, str]:
    """Return a language's regular expressions by the name of the list, alternatives joined.

    Raises RulesError when the shipped file is damaged, KeyError for a language without one.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    path = FOLDER / f"{language}.yaml"
    report = Report(str(path))
    root = parse(path.read_text(encoding="utf-8"), report)
    found: dict[str, str] = {}
    for key, value in root.entries if isinstance(root, Mapping) else ():
        if key.raw not in (*BASIC, *REASONS) or not isinstance(value, Sequence):
            report.error(key, f"write one of {', '.join((*BASIC, *REASONS))}, each with a list")
            continue
        found[key.raw] = "|".join(item.raw for item in value.items if isinstance(item, Scalar))
    if report.failed or not set(BASIC) <= found.keys():
        raise RulesError(report.problems)
    return found
