"""Proofreading: every text is filled in as notes would be, and held by the linter before anything is sent."""

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
_VALUES = {"full_name": _PERSON, "first_name": "Maria", "reference": "HB-7K2Q9", "language": "·"}


class Sample(Struct, frozen=True, kw_only=True):
    """A text as a note would say it."""

    slot: Slot
    template: Template
    text: str
    faults: tuple[str, ...]


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
    for disclose, notes in ((False, texts.notes), (True, texts.disclosed)):
        for slot, variants in notes.items():
            if slot[3] != TONES[-1] and variants is notes.get((*slot[:3], TONES[-1])):
                continue  # the same texts serve the stricter tone
            for template in variants:
                for full in (True, False):
                    for address in ("formal", "informal") if template.varies else ("formal",):
                        request = _request(texts, slot, full=full, address=address, disclose=disclose)
                        yield _sample(texts, request, slot, template)


def _sample(texts: Texts, request: WordRequest, slot: Slot, template: Template) -> Sample:
    try:
        words, faults = worded(texts, request, template)
    except WordingError as error:
        return Sample(slot=slot, template=template, text="", faults=(str(error),))
    return Sample(slot=slot, template=template, text=words.text, faults=tuple(faults))


def _request(texts: Texts, slot: Slot, *, full: bool, address: str, disclose: bool) -> WordRequest:
    """Return a request with everything that can be said, or with the least."""
    kind, voice, style, tone = slot
    far = full == (address == "formal")
    request = WordRequest(
        id="n_proof",
        kind=kind,
        person=_PERSON,
        owner=voice == "owner",
        style=style,
        tone=tone,
        language=texts.language,
        address=address,
        now=_NOW,
        zone=ZoneInfo("Europe/Copenhagen"),
        at=(_LATER if far else _TODAY) if "time" in BY_KIND[kind] else None,
        previous_at=_TODAY if kind == "renewal" else None,
        what="A, B." if kind == "incident" else "",
        disclose=disclose,
    )
    if not full:
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
    """Yield what is wrong with the sentences that follow notes."""
    parts = {
        *texts.disclosure.values(),
        *texts.asks.values(),
        *texts.signature.values(),
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
