"""Every text as customers would read it, with example values, the linter's verdict and where it stands."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from rules.called import first_name
from rules.proof import extras, faults
from rules.sampling import NOW, PERSON, TODAY, ZONE, Sample, Wanted, addresses, samples
from rules.template import Template
from rules.texts import Texts
from rules.wording import SHIPPED, Wording

#: Parts of a file beside the notes that customers read too.
PARTS = ("asks", "link", "check", "answer_language", "disclosure", "signature", "page")
LINK = "https://help.example.com/t/…"


class Shown(Struct, frozen=True, kw_only=True):
    """One text, filled in."""

    language: str
    #: One of KINDS or PARTS.
    kind: str
    #: owner or duty; of a part: its name in the file.
    voice: str = ""
    style: str = ""
    #: "" = the text serves every tone.
    tone: str = ""
    #: formal or informal.
    address: str
    #: An agent's own words.
    own: bool = False
    #: Says itself that it is sent automatically.
    disclosed: bool = False
    text: str
    #: What the linter says of it; none = it may be sent.
    faults: tuple[str, ...] = ()
    #: File and line of the text.
    where: str

    @property
    def title(self) -> str:
        """Return under which kind, voice, style and tone it stands."""
        return " → ".join(filter(None, (self.kind, self.voice, self.style, self.tone)))


def shown(wording: Wording, language: str, wanted: Wanted = Wanted()) -> list[Shown]:  # noqa: B008  # frozen
    """Return the texts of a language, each once, under the first place where it is used.

    Raises WordingError for a language without texts.
    """
    texts = wording.texts(language)
    found: dict[tuple[str, ...], Shown] = {}
    notes = (_shown(texts, sample) for sample in samples(texts, wanted))
    for one in notes:
        found.setdefault((one.text,), one)
    for one in _parts(texts, wanted):
        found.setdefault((one.kind, one.voice, one.text), one)
    return list(found.values())


def _shown(texts: Texts, sample: Sample) -> Shown:
    kind, voice, style, tone = sample.slot
    return Shown(
        language=texts.language,
        kind=kind,
        voice=voice,
        style=style,
        tone="" if sample.any_tone else tone,
        address=sample.address,
        own=sample.own,
        disclosed=sample.disclosed,
        text=sample.text,
        faults=sample.faults,
        where=where(texts, sample.template),
    )


def _parts(texts: Texts, wanted: Wanted) -> Iterator[Shown]:
    """Yield the sentences beside the notes."""
    person = wanted.person or PERSON
    values = {
        "full_name": person,
        "first_name": first_name(person),
        "reference": "HB-7K2Q9",
        "language": str(texts.locale.languages.get("pl", "pl")),
        "link": LINK,
        "time": texts.time.say(TODAY, NOW, ZONE),
    }
    for (part, name, agent), template in extras(texts):
        if wanted.kind not in {"", part} or not template.source or agent not in {"", wanted.agent or agent}:
            continue
        for address in addresses(template, wanted.address):
            yield Shown(
                language=texts.language,
                kind=part,
                voice=name,
                address=address,
                own=bool(agent),
                text=template.render(values, formal=address == "formal"),
                faults=tuple(faults(texts, template)),
                where=where(texts, template),
            )


def where(texts: Texts, template: Template) -> str:
    """Return where a text stands, such as `wording/da.yaml:31`; shipped files are called so."""
    place = texts.places[template]
    path = Path(place.report.file)
    file = f"shipped wording/{path.name}" if path.parent == SHIPPED else str(path)
    return f"{file}:{place.node.line}"
