"""Note texts filled in with example values, as customers would read them."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from rules.filling import WordingError, WordRequest, worded
from rules.template import Template
from rules.texts import BY_KIND, TONES, Slot, Texts

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
TODAY = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
EARLIER = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
LATER = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Copenhagen")
PERSON = "Maria Jensen"
_OTHER = "Tom Berg"
#: Kinds that speak of a time named before.
_BEFORE = frozenset({"renewal", "missed", "inherited"})


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
    #: They are the agent's own words.
    own: bool
    #: The text itself says that it is sent automatically.
    disclosed: bool
    #: It serves every tone, though it is judged by the stricter one.
    any_tone: bool


class Wanted(Struct, frozen=True, kw_only=True):
    """Which texts are to be seen; "" = all."""

    #: One of KINDS, or of the parts beside the notes.
    kind: str = ""
    #: mail, chat, public or spoken.
    style: str = ""
    #: formal or informal.
    address: str = ""
    #: An agent's id: what notes in their name say; "" = everybody's texts and all own ones.
    agent: str = ""
    #: That agent's full name; "" = one made of the id.
    person: str = ""


class _Group(Struct, frozen=True, kw_only=True):
    """Texts that are read in one way."""

    notes: Mapping[Slot, tuple[Template, ...]]
    agent: str = ""
    person: str = PERSON
    own: bool = False
    disclosed: bool = False
    #: formal or informal; "" = both where the words differ.
    address: str = ""


class _Case(Struct, frozen=True, kw_only=True):
    """How one of them is read."""

    group: _Group
    full: bool
    address: str
    any_tone: bool


def samples(texts: Texts, wanted: Wanted = Wanted()) -> Iterator[Sample]:  # noqa: B008  # a frozen value
    """Yield the texts with all and with the least that a note has, in one form of address or in each.

    With an agent: what notes in their name would say, which is their own texts, and everybody's where
    they have none. Without: everybody's texts, and all agents' own ones.
    """
    for group in _groups(texts, wanted):
        for slot, variants in group.notes.items():
            if wanted.kind in {"", slot[0]} and wanted.style in {"", slot[2]}:
                yield from _read(texts, group, slot, variants)


def _groups(texts: Texts, wanted: Wanted) -> list[_Group]:
    agent, address, mine = wanted.agent, wanted.address, texts.voices.get(wanted.agent, {})
    person = wanted.person or person_of(agent)
    shared = {slot: each for slot, each in texts.notes.items() if slot not in mine}
    disclosed = {slot: each for slot, each in texts.disclosed.items() if slot not in mine}
    own = {agent: mine} if agent else texts.voices
    return [
        *(
            _Group(
                notes=notes, agent=one, person=person if agent else person_of(one), own=True, address=address
            )
            for one, notes in own.items()
        ),
        _Group(notes=shared, agent=agent, person=person, address=address),
        _Group(notes=disclosed, agent=agent, person=person, disclosed=True, address=address),
    ]


def person_of(agent: str) -> str:
    """Return the name in which an agent's own texts are shown where the rules' one is not known."""
    if not agent:
        return PERSON
    called = re.split(r"[-_\d]", agent)[0] or agent
    return f"{called[:1].upper()}{called[1:]} Jensen"


def _read(texts: Texts, group: _Group, slot: Slot, variants: tuple[Template, ...]) -> Iterator[Sample]:
    other = next(tone for tone in TONES if tone != slot[3])
    any_tone = variants is group.notes.get((*slot[:3], other))
    if any_tone and slot[3] != TONES[-1]:
        return  # the same texts serve the stricter tone
    for template in variants:
        for full in (True, False):
            for address in addresses(template, group.address):
                case = _Case(group=group, full=full, address=address, any_tone=any_tone)
                yield _sample(texts, slot, template, case)


def addresses(template: Template, wanted: str = "") -> tuple[str, ...]:
    """Return the forms of address in which a text is read: the one wanted, else those that differ."""
    if wanted:
        return (wanted,)
    return ("formal", "informal") if template.varies else ("formal",)


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
        own=case.group.own,
        disclosed=case.group.disclosed,
        any_tone=case.any_tone,
    )


def _request(texts: Texts, slot: Slot, case: _Case) -> WordRequest:
    """Return a request with everything that can be said, or with the least."""
    kind, voice, style, tone = slot
    far = case.full == (case.address == "formal")
    request = WordRequest(
        id="n_proof",
        kind=kind,
        person=case.group.person,
        agent=case.group.agent,
        owner=voice == "owner",
        style=style,
        tone=tone,
        language=texts.language,
        address=case.address,
        now=NOW,
        zone=ZONE,
        at=(LATER if far else TODAY) if "time" in BY_KIND[kind] else None,
        previous_at=EARLIER if kind in _BEFORE else None,
        what="A, B." if kind == "incident" else "",
        disclose=case.group.disclosed,
    )
    if not case.full:
        return request
    return replace(
        request,
        customer="Ana Pereira",
        others=(_OTHER if case.group.person != _OTHER else PERSON,)
        if voice == "duty" and style != "public"
        else (),
        reference="HB-7K2Q9",
        back_at=LATER if voice == "owner" else None,
        number="+4512344417",
        previous_person="Olga Brandt" if kind in {"introduction", "inherited"} else "",
        disclose=True,
    )
