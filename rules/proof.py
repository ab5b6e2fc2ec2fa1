"""Proofreading: every text is filled in as notes would be, and held by the linter before anything is sent."""

from collections.abc import Iterator

from rules.lint import Manner, refusals
from rules.problems import Problem
from rules.sampling import PERSON, samples
from rules.template import Template
from rules.texts import TONES, Texts

#: What the sentences beside the notes may stand for while they are read.
_VALUES = {
    "full_name": PERSON,
    "first_name": "Maria",
    "reference": "HB-7K2Q9",
    "language": "·",
    "link": "·",
    "time": "·",
}


def proofread(texts: Texts) -> list[Problem]:
    """Return every fault of a language's texts, each where it stands."""
    found: dict[tuple[Template, str], Problem] = {}
    for sample in samples(texts):
        for fault in sample.faults:
            if (sample.template, fault) not in found:
                text = f"{fault} (as {' → '.join(sample.slot)})"
                found[sample.template, fault] = _problem(texts, sample.template, text)
    for _, template in extras(texts):
        for fault in faults(texts, template):
            found.setdefault((template, fault), _problem(texts, template, fault))
    return list(found.values())


def extras(texts: Texts) -> Iterator[tuple[tuple[str, str, str], Template]]:
    """Yield the sentences beside the notes: part of the file, name in it, and whose own they are ("" = everybody's)."""
    for part, named in (
        ("asks", texts.asks),
        ("link", texts.link),
        ("check", texts.check),
        ("signature", texts.signature),
        ("page", texts.page),
    ):
        for name, template in named.items():
            yield (part, name, ""), template
    for (voice, style), template in texts.disclosure.items():
        yield ("disclosure", f"{voice} {style}", ""), template
    yield ("answer_language", "", ""), texts.answer_language
    for agent, signed in texts.signatures.items():
        for style, template in signed.items():
            yield ("signature", style, agent), template


def faults(texts: Texts, template: Template) -> list[str]:
    """Return what is wrong with a sentence that stands beside a note."""
    manner = Manner(tone=TONES[-1], names=(PERSON, "Maria"))
    found: dict[str, None] = {}
    for formal in (True, False):
        found |= dict.fromkeys(refusals(template.render(_VALUES, formal=formal), texts.language, manner))
    return list(found)


def _problem(texts: Texts, template: Template, text: str) -> Problem:
    place = texts.places[template]
    return Problem(file=place.report.file, line=place.node.line, column=place.node.column, text=text)
