"""Proofreading: every text is filled in as notes would be, and held by the linter before anything is sent."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from rules.filling import WordingError, WordRequest, worded
from rules.lint import Manner, refusals
from rules.problems import Problem
from rules.template import Template
from rules.texts import BY_KIND, TONES, Slot, Texts

_NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
_TODAY = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
_LATER = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
_PERSON = "Maria Jensen"
#: What the extra sentences may stand for while they are read.
_VALUES = {
    "full_name": _PERSON,
    "first_name": "Maria",
    "reference": "HB-7K2Q9",
    "language": "·",
    "link": "·",
    "time": "·",
}
#: Kinds that speak of a time named before.
_BEFORE = frozenset({"renewal", "missed"})


class Sample(Struct, frozen=True, kw_only=True):
    """A text as a note would say it."""

    slot: Slot
    template: Template
    text: str
    faults: tuple[str, ...]
    #: formal or informal.
    address: str
    #: With all that a note can say, or with the least.
    full: bool
    #: The agent whose own words they are; "" = everybody's.
    agent: str
    #: The text itself says that it is sent automatically.
    disclosed: bool


def proofread(texts: Texts) -> list[Problem]:
    """Return every fault of a language's texts, each where it stands."""
    found: dict[tuple[Template, str], Problem] = {}
    for sample in samples(texts):
        for fault in sample.faults:
            if (sample.template, fault) not in found:
                text = f"{fault} (as {' → '.join(sample.slot)})"
                found[sample.template, fault] = _problem(texts, sample.template, text)
    for template, fault in _extras(texts):
        found.setdefault((template, fault), _problem(texts, template, fault))
    return list(found.values())


def samples(texts: Texts) -> Iterator[Sample]:
    """Yield every text with all and with the least that a note has, in each form of address."""
    groups = [("", False, texts.notes), ("", True, texts.disclosed)]
    groups += [(agent, False, notes) for agent, notes in texts.voices.items()]
    for agent, disclosed, notes in groups:
        for slot, variants in notes.items():
            if slot[3] != TONES[-1] and variants is notes.get((*slot[:3], TONES[-1])):
                continue  # the same texts serve the stricter tone
            for template in variants:
                for full in (True, False):
                    for address in ("formal", "informal") if template.varies else ("formal",):
                        case = _Case(agent=agent, disclosed=disclosed, full=full, address=address)
                        yield _sample(texts, slot, template, case)


class _Case(Struct, frozen=True, kw_only=True):
    """How a text is read."""

    agent: str
    disclosed: bool
    full: bool
    address: str


def _sample(texts: Texts, slot: Slot, template: Template, case: _Case) -> Sample:
    try:
        words, faults = worded(texts, _request(texts, slot, case), template)
        text = words.text
    except WordingError as error:
        text, faults = "", [str(error)]
    return Sample(
        slot=slot,
        template=template,
        text=text,
        faults=tuple(faults),
        address=case.address,
        full=case.full,
        agent=case.agent,
        disclosed=case.disclosed,
    )


def person_of(agent: str) -> str:
    """Return the name in which an agent's own texts are shown; the rules know the real one."""
    if not agent:
        return _PERSON
    called = re.split(r"[-_\d]", agent)[0] or agent
    return f"{called[:1].upper()}{called[1:]} Jensen"


def _request(texts: Texts, slot: Slot, case: _Case) -> WordRequest:
    """Return a request with everything that can be said, or with the least."""
    kind, voice, style, tone = slot
    far = case.full == (case.address == "formal")
    request = WordRequest(
        id="n_proof",
        kind=kind,
        person=person_of(case.agent),
        agent=case.agent,
        owner=voice == "owner",
        style=style,
        tone=tone,
        language=texts.language,
        address=case.address,
        now=_NOW,
        zone=ZoneInfo("Europe/Copenhagen"),
        at=(_LATER if far else _TODAY) if "time" in BY_KIND[kind] else None,
        previous_at=_TODAY if kind in _BEFORE else None,
        what="A, B." if kind == "incident" else "",
        disclose=case.disclosed,
    )
    if not case.full:
        return request
    return replace(
        request,
        customer="Ana Pereira",
        others=("Tom Berg",) if voice == "duty" and style != "public" else (),
        reference="HB-7K2Q9",
        back_at=_LATER if voice == "owner" else None,
        number="+4512344417",
        previous_person="Olga Brandt" if kind == "introduction" else "",
        disclose=True,
    )


def _extras(texts: Texts) -> Iterator[tuple[Template, str]]:
    """Yield what is wrong with the sentences that follow notes, and with the customer's page."""
    parts = {
        *texts.disclosure.values(),
        *texts.asks.values(),
        *texts.signature.values(),
        *(text for signed in texts.signatures.values() for text in signed.values()),
        *texts.link.values(),
        *texts.check.values(),
        *texts.page.values(),
        texts.answer_language,
    }
    manner = Manner(tone=TONES[-1], names=(_PERSON, "Maria"))
    for template in parts:
        for formal in (True, False):
            for fault in refusals(template.render(_VALUES, formal=formal), texts.language, manner):
                yield template, fault


def _problem(texts: Texts, template: Template, text: str) -> Problem:
    place = texts.places[template]
    return Problem(file=place.report.file, line=place.node.line, column=place.node.column, text=text)
