"""Fills a note text in: what the placeholders stand for, what follows the text, and what the linter says of it."""

import re
from collections.abc import Mapping
from datetime import datetime
from zlib import crc32
from zoneinfo import ZoneInfo

from msgspec import Struct

from router.errors import HandlebyError
from rules.called import first_name, line
from rules.extras import LINKED
from rules.lint import Manner, lint
from rules.saytime import AT_ONCE
from rules.template import Missing, Template
from rules.texts import BY_KIND, Slot, Texts

_DIGITS = re.compile(r"\D")
#: A chat or a call that was answered this late (seconds) has been waited for; elsewhere any delay past due has.
SORRY_AT_ONCE_S = 300.0
#: The duty person's voice names at most so many colleagues.
OTHERS_NAMED = 2


class WordingError(HandlebyError):
    """No honest words could be found for a note. Tell a person; they write it themselves."""


class WordRequest(Struct, frozen=True, kw_only=True):
    """Everything that a note is worded from."""

    #: The note's id: equal ids give equal words.
    id: str
    #: Its number among the notes of its text, which take turns with the variants; None = the id picks one.
    turn: int | None = None
    #: first, late, renewal, missed, introduction, added, incident or followup.
    kind: str
    #: The person's id in the rules, by which words of their own are found; "" = none.
    agent: str = ""
    #: Full name of the person in whose name it goes, and whether the work is theirs.
    person: str
    owner: bool
    #: mail, chat, public or spoken.
    style: str = "mail"
    #: plain or sober.
    tone: str = "plain"
    language: str = "en"
    #: formal or informal.
    address: str = "formal"
    now: datetime
    zone: ZoneInfo
    #: The promised time; a follow-up names none.
    at: datetime | None = None
    #: The time promised before, for a renewal.
    previous_at: datetime | None = None
    #: What the customer calls themselves; made safe here.
    customer: str = ""
    #: Who else may answer, for the duty person's voice.
    others: tuple[str, ...] = ()
    #: The conversation's reference; "" = do not name it.
    reference: str = ""
    #: Say that it was sent automatically.
    disclose: bool = False
    #: Code of the language that the answer will be in, when it is another one.
    answer_language: str = ""
    #: When the person is there again, if they are not now.
    back_at: datetime | None = None
    #: The number to be called; the last four digits are read out.
    number: str = ""
    #: What has happened, in a sentence that a person wrote, for an incident.
    what: str = ""
    #: Who had the work before, for an introduction.
    previous_person: str = ""
    #: The fact to ask for: a key of `asks`. Left out in public, where nobody should write it, and when spoken.
    ask: str = ""
    #: Seconds that the customer has waited too long for this first note; above 0 it begins with an apology.
    late_s: float = 0.0
    #: Address of the page on which the customer says what suits them; "" = none. Left out in public and when spoken.
    link: str = ""


class Worded(Struct, frozen=True, kw_only=True):
    """A note's words, held by the linter."""

    text: str
    language: str
    #: The promised time as it stands in the text; "" when there is none.
    time: str


def worded(texts: Texts, request: WordRequest, text: Template) -> tuple[Worded, list[str]]:
    """Return the words of a text and what the linter says of them. Raises WordingError."""
    formal = request.address != "informal"
    values = _values(texts, request, formal=formal)
    slot = slot_of(request)
    own = text in texts.disclosed.get(slot, ())
    signed = texts.signatures.get(request.agent, {}).get(request.style, texts.signature[request.style])
    after = [
        texts.asks[request.ask] if request.ask and request.style in LINKED else None,
        texts.answer_language if values.get("language") else None,
        texts.disclosure[slot[1], slot[2]] if request.disclose and not own else None,
    ]
    try:
        said = [part.render(values, formal=formal) for part in (text, *after) if part is not None]
        signature = signed.render(values, formal=formal)
        link = _link(texts, request, formal=formal)
    except Missing as missing:
        raise WordingError(f"The {request.kind} note cannot be worded: {missing}.") from None
    body = " ".join(filter(None, said))
    whole = "\n\n".join(part for part in (body, signature) if part)  # the link is ours and not judged
    phrase = values.get("time", "")
    faults = lint(
        whole,
        request.language,
        person=values["full_name"],
        time_phrase=phrase,
        allow_time=_promises(request),
        manner=_manner(request, values),
    )
    text_ = "\n\n".join(part for part in (body, link, signature) if part)
    return Worded(text=text_, language=request.language, time=phrase), faults


def slot_of(request: WordRequest) -> Slot:
    """Return under which kind, voice, style and tone the texts stand."""
    kind = "late" if request.kind == "first" and _sorry(request) else request.kind
    return kind, "owner" if request.owner else "duty", request.style, request.tone


def chosen(texts: Texts, request: WordRequest) -> Template:
    """Return the text for this note: the agent's own where they have one, else the shipped one.

    One that says when the person is back is taken where that is known.
    """
    slot = slot_of(request)
    disclosed = texts.disclosed.get(slot, ()) if request.disclose else ()
    variants = texts.voices.get(request.agent, {}).get(slot, ()) or disclosed or texts.notes[slot]
    if request.back_at is not None:
        variants = tuple(each for each in variants if "back" in each.names) or variants
    place = crc32(request.id.encode()) if request.turn is None else request.turn
    return variants[place % len(variants)]


def _sorry(request: WordRequest) -> bool:
    """Tell whether the customer has waited so long for a first word that it must begin with an apology."""
    return request.late_s > (SORRY_AT_ONCE_S if request.style in AT_ONCE else 0)


def _link(texts: Texts, request: WordRequest, *, formal: bool) -> str:
    """Return the sentence that carries the customer's link; "" where there is none."""
    sentences = texts.check if request.kind == "followup" else texts.link
    if not request.link or request.style not in sentences or request.kind == "incident":
        return ""
    return sentences[request.style].render({"link": request.link}, formal=formal)


def _values(texts: Texts, request: WordRequest, *, formal: bool) -> dict[str, str]:
    """Return what the placeholders stand for; absent where there is nothing to say."""
    time, now, zone = texts.time, request.now, request.zone
    full, customer = line(request.person), request.customer
    values = {
        "full_name": full,
        "first_name": first_name(full),
        "person": full if formal else first_name(full),
        "customer": customer if formal else first_name(customer),
        "customer_first": first_name(customer),
        "others": f" {texts.conjunction} ".join(line(other) for other in request.others[:OTHERS_NAMED]),
        "reference": line(request.reference, longest=40),
        "number": _DIGITS.sub("", request.number)[-4:],
        "what": _sentence(line(request.what)),
        "previous_person": line(request.previous_person),
    }
    if request.at is not None and _promises(request):
        values["time"] = time.say(request.at, now, zone, request.style)
    if request.previous_at is not None:
        values["previous_time"] = time.said(request.previous_at, now, zone)
    if request.back_at is not None:
        values["back"] = time.back(request.back_at, now, zone)
    if request.answer_language not in {"", request.language}:
        values["language"] = str(texts.locale.languages.get(request.answer_language, request.answer_language))
    return values


def _promises(request: WordRequest) -> bool:
    """Tell whether notes of the kind name a time."""
    return "time" in BY_KIND[request.kind]


def _manner(request: WordRequest, values: Mapping[str, str]) -> Manner:
    """Return how the note is to be judged."""
    names = (
        request.customer,
        values["customer_first"],
        *map(line, request.others),
        values["previous_person"],
    )
    told = (values.get("previous_time", ""), values["what"], values.get("back", ""))
    return Manner(tone=request.tone, style=request.style, names=names, told=told)


def _sentence(text: str) -> str:
    """Return the text with a full stop where it has no end."""
    return text if not text or text[-1] in ".!?…" else f"{text}."
