"""The texts that go out in somebody's name on a channel, as customers would read them: what they agree to."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

from msgspec import Struct
from msgspec.structs import replace

from router import note
from router.conversation import NoteKind
from router.house import Account, House
from rules.model import Person
from rules.wording import WordingError

#: The moment and the times of the specimens are the same for everybody, so that only the texts make a difference.
NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
AT, EARLIER, PASSED = NOW + timedelta(hours=5), NOW + timedelta(hours=2), NOW - timedelta(minutes=20)
#: Most variants of a text that are shown.
VARIANTS = 20
#: What is shown, in the order in which a customer may hear it: kind, and what it answers.
KINDS = (
    ("first", "When somebody writes and waits"),
    ("late", "When somebody has waited too long for a first word"),
    ("added", "When they write again before you have answered"),
    ("renewal", "When the time cannot be kept"),
    ("missed", "When the time has passed"),
    ("inherited", "When a colleague's time cannot be kept"),
    ("introduction", "When you take over from a colleague"),
    ("followup", "When it has been answered, to ask whether that helped"),
)
#: How they read, and what is said of it: the rules pick the tone by what the customer wrote.
TONES = (("plain", ""), ("sober", ", and is upset or in trouble"))
IN_PUBLIC = ", where others can read it"
#: Where a platform allows one automatic message, what comes later is for people to send.
ONCE = frozenset({"first", "late"})
_BEFORE = {"renewal": EARLIER, "missed": PASSED, "inherited": EARLIER}
#: Kinds that name the colleague who had it before.
_FROM = frozenset({"introduction", "inherited"})
_CUSTOMER, _COLLEAGUE, _REFERENCE, _NUMBER = "Ana Pereira", "Tom Berg", "HB-7K2Q9", "+4512344417"


class Specimen(Struct, frozen=True, kw_only=True):
    """A note as a customer would read it."""

    kind: str
    #: When it goes out.
    when: str
    #: True when it says "I'll answer", False when it says "I'll see to it that you have an answer".
    owner: bool
    language: str
    text: str
    tone: str = "plain"


class _Case(Struct, frozen=True, kw_only=True):
    """What is to be worded."""

    kind: str
    language: str
    owner: bool
    turn: int
    tone: str
    style: str


def of(house: House, person: Person, channel: str) -> list[Specimen]:
    """Return every text in the person's name on the channel, in its accounts' languages and the person's own."""
    accounts = [one for one in house.accounts.values() if one.channel == channel]
    found: dict[Specimen, None] = {}
    for account in accounts:
        for kind, when in KINDS:
            if kind in ONCE or not account.one_automatic_reply:
                for language in _languages(house, person, account):
                    found.update(dict.fromkeys(_worded(house, person, account, (kind, when, language))))
    return list(found)


def version(texts: Sequence[Specimen]) -> str:
    """Return a hash of the texts: another one when any of them says something else."""
    said = [(one.kind, one.owner, one.language, one.text) for one in texts]
    return hashlib.sha256(json.dumps(sorted(said)).encode()).hexdigest()[:16]


def _languages(house: House, person: Person, account: Account) -> list[str]:
    wanted = dict.fromkeys((account.language, *person.languages))
    return [one for one in wanted if one in house.wording.languages]


def _worded(house: House, person: Person, account: Account, what: tuple[str, str, str]) -> Iterator[Specimen]:
    kind, when, language = what
    for owner in (True, False) if stands_behind(house, person) else (True,):
        shown: set[str] = set()
        for style, (tone, mood) in product(_styles(account), TONES):
            place = IN_PUBLIC if style != account.style else ""
            for text in _variants(
                house,
                person,
                account,
                _Case(kind=kind, language=language, owner=owner, turn=0, tone=tone, style=style),
            ):
                if text not in shown:  # many read the same in every tone
                    shown.add(text)
                    yield Specimen(
                        kind=kind,
                        when=f"{when}{mood}{place}",
                        owner=owner,
                        language=language,
                        text=text,
                        tone=tone,
                    )


def _styles(account: Account) -> tuple[str, ...]:
    """Return how notes read there; where people write in private and nobody stays on the line also in public."""
    return (account.style, "public") if account.style == "chat" and not account.live else (account.style,)


def _variants(house: House, person: Person, account: Account, case: _Case) -> Iterator[str]:
    """Yield the texts that take turns."""
    first = ""
    for turn in range(VARIANTS):
        try:
            words = note.compose(house.wording, _request(house, person, account, replace(case, turn=turn)))
        except WordingError:
            continue  # no text for it there: then nothing is sent either
        if words.text == first:
            return  # all of them had their turn
        first = first or words.text
        yield words.text


def stands_behind(house: House, person: Person) -> bool:
    """Tell whether they speak for a queue too: they are on duty for one, or lead it."""
    return any(person.id in (*queue.duty, queue.lead) for queue in house.book.queues.values())


def _request(house: House, person: Person, account: Account, case: _Case) -> note.Request:
    """Return what a note to an invented customer is worded from."""
    return note.Request(
        kind=case.kind,
        id="n_specimen",
        turn=case.turn,
        person=person,
        owner=case.owner,
        others=() if case.owner else (_COLLEAGUE,),
        customer=_CUSTOMER,
        promise_at=None if case.kind == NoteKind.FOLLOWUP else AT,
        previous_at=_BEFORE.get(case.kind),
        previous_person=_COLLEAGUE if case.kind in _FROM else "",
        now=NOW,
        language=case.language,
        answer_languages=(case.language,),
        zone=house.zone(wanted="", account=account),
        style=case.style,
        tone=case.tone,
        disclose=account.disclose,
        address=account.address,
        reference=_REFERENCE if account.reference_in_note and case.style == account.style else "",
        number=_NUMBER if account.style == "spoken" else "",
    )
