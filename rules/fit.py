"""What rules and note texts must have in common: the facts that are asked for, and the agents with own voices."""

from rules.names import suggest
from rules.problems import Problem
from rules.rulebook import Rule, Rulebook
from rules.wording import Wording

#: The language in which every fact must have words; elsewhere the note goes without the question.
BASE = "en"


def fit(book: Rulebook, wording: Wording) -> list[Problem]:
    """Return what does not fit together, in the order of the files; warnings are marked."""
    return [*_asks(book, wording), *_voices(book, wording)]


def _asks(book: Rulebook, wording: Wording) -> list[Problem]:
    found = []
    known = {language: wording.asks(language) for language in wording.languages}
    for rule in book.rules:
        ask = rule.effect.ask
        if ask is None:
            continue
        if ask not in known[BASE]:
            text = f"no text asks for '{ask}'; {suggest(ask, known[BASE])}; or add it to `asks` in wording/{BASE}.yaml"
            found.append(_at(rule, text))
        elif lacking := [language for language, asks in known.items() if ask not in asks]:
            text = f"'{ask}' is not asked for in {', '.join(lacking)}; add it to `asks` there"
            found.append(_at(rule, text, warning=True))
    return found


def _at(rule: Rule, text: str, *, warning: bool = False) -> Problem:
    file, line, column = rule.where.rsplit(":", 2)
    return Problem(
        file=file,
        line=int(line),
        column=int(column),
        text=f"'{rule.name}' asks in vain: {text}",
        warning=warning,
    )


def _voices(book: Rulebook, wording: Wording) -> list[Problem]:
    found = []
    for language in wording.languages:
        for agent, place in wording.texts(language).agents.items():
            if agent not in book.people:
                text = f"no agent is called '{agent}'; {suggest(agent, book.people.keys())}"
                node = place.node
                found.append(
                    Problem(
                        file=place.report.file, line=node.line, column=node.column, text=text, warning=True
                    )
                )
    return found
