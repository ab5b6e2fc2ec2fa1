"""Loads rules: the only module here that reads files. Every mistake is reported at once, with its place."""

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from rules import build, checks, examples
from rules.format import FILE
from rules.nodes import Node
from rules.problems import Problem, Report, RulesError
from rules.records import Fields
from rules.rulebook import Rule, Rulebook
from rules.yamltext import parse

__all__ = ["Problem", "RulesError", "check", "load", "read", "shipped_text", "version_of"]

_HERE = Path(__file__).parent
_SHIPPED = "shipped rules"


def load(path: Path | None, *, channels: Collection[str]) -> Rulebook:
    """Load a rules file, or without one the shipped rules with the sample team.

    `channels` are the names of the installed channels. Raises RulesError with every problem. A file
    inherits the shipped settings of each channel field by field, and the shipped rules come before
    its own unless it says `shipped_rules: false` or has a rule of the same name.
    """
    if path is None:
        return read(shipped_text(), source=_SHIPPED, channels=channels, sample=True)
    return read(_text_of(path), source=str(path), channels=channels)


def read(text: str, *, source: str, channels: Collection[str], sample: bool = False) -> Rulebook:
    """Read rules from text, as `load` does; `source` stands for the file's name in problems."""
    report = Report(source)
    file = _file(text, report)
    if file is None:
        raise RulesError(report.problems)
    shipped = _shipped()
    own = build.rules(file, report)
    rules = (*_inherited(file, shipped), *own)
    queues = build.queues(file)
    book = Rulebook(
        version=version_of(text),
        people=build.people(file),
        queues=queues,
        channels=build.policies(file, shipped.get("channels", {}), list(file.get("queues", {})), channels),
        calendars=build.calendars(file),
        rules=rules,
        examples=tuple(build.examples(file, report)),
        sample=sample,
        source=source,
        text=text,
    )
    return _checked(file, book, report, channels)


def check(path: Path | None, *, channels: Collection[str]) -> list[Problem]:
    """Return all that is wrong with a file, warnings and failed examples included; nothing is raised."""
    try:
        book = load(path, channels=channels)
    except RulesError as error:
        return list(error.problems)
    return sorted([*book.warnings, *examples.run(book)])


def version_of(text: str) -> str:
    """Return the version of rules: a hash of their text."""
    return sha256(text.encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def shipped_text() -> str:
    """Return the sample team and the shipped rules as one file, as a team may take it for a start."""
    team, rules = _shipped_file("sample-team.yaml"), _shipped_file("default.yaml")
    return f"{team.rstrip()}\n\n" + rules.replace("version: 1\n", "", 1)


def _checked(file: Fields, book: Rulebook, report: Report, channels: Collection[str]) -> Rulebook:
    """Return the book with its warnings; raises RulesError when anything does not fit together."""
    checks.completeness(file, report)
    checks.references(report, channels, [*(rule.name for rule in book.rules), *_names(file)])
    checks.opening(file, book.calendars, report)
    checks.people(file, book.people, report)
    checks.promises(file, book.channels, report)
    checks.reach(file, book.rules, report)
    checks.staffing(file, book.rules, book.people, report)
    if report.failed:
        raise RulesError(report.problems)
    return replace(book, warnings=tuple(sorted(report.problems)))


def _file(text: str, report: Report) -> Fields | None:
    """Return the file's fields; None when there is nothing to go on with."""
    node = parse(text, report)
    if node is None:
        if not report.problems:
            report.error(Node(), "the file is empty; it needs at least version, agents and queues")
        return None
    fields = FILE.read(node, report)
    return fields if isinstance(fields, Fields) else None


def _inherited(file: Fields, shipped: Fields) -> list[Rule]:
    if not file.get("shipped_rules", True):
        return []
    own = _names(file)
    return [rule for rule in build.rules(shipped, Report(_SHIPPED), "shipped rule") if rule.name not in own]


def _names(file: Fields) -> set[str]:
    return {entry["name"] for entry in file.get("rules", ()) if "name" in entry}


@lru_cache(maxsize=1)
def _shipped() -> Fields:
    """Return the fields of the shipped rules; the tests hold that they have no mistakes."""
    report = Report(_SHIPPED)
    fields = _file(_shipped_file("default.yaml"), report)
    if fields is None or report.failed:
        raise RulesError(report.problems)
    return fields


def _shipped_file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        text = f"cannot be read ({reason}); check the setting `rules`"
    except UnicodeDecodeError as error:
        text = f"byte {error.start + 1} is not UTF-8; save the file as UTF-8"
    raise RulesError([Problem(file=str(path), line=1, column=1, text=text)])
