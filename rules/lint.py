"""The linter that holds every note: one person, one hard time, nothing untrue and nothing that people hate."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import re2
from msgspec import Struct

from rules.called import first_name
from rules.refusals import LANGUAGES, REASONS, patterns

#: Most characters of a note by style; X allows no more in public, and nobody listens longer.
LONGEST: Mapping[str, int] = {"mail": 1200, "chat": 500, "public": 280, "spoken": 500}
#: Stands for what was taken out before matching; no letter, so that words end there.
_GONE = "·"

_CLOCK = (
    r"\d{1,2}[:.]\d{2}|\d{1,2} ?(?:am|pm|a\.m\.|p\.m\.|uhr|o'clock|h(?: ?\d{2})?)"
    r"|kl\.? ?\d{1,2}|at \d{1,2}|um \d{1,2}|à \d{1,2}|a las? \d{1,2}|noon|midnight"
)
_LINK = r"(?i)https?://|www\."
_PRIVATE_WORDS = (
    r"[A-Z]{2,}-[0-9A-Z]{4,}|[@#]\p{L}|\S@\S|\d{4,}"
    r"|\p{L}\.(?:com|net|org|io|de|dk|ru|fr|es|eu|co|uk|app|me)(?:$|[^\p{L}])"
)
_EMOJI = r"[\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B00}-\x{2BFF}\x{FE0F}]|[:;]-?[)(DP]"
_TWO_BANGS = r"(?s)!.*!"

#: Reasons that hold for some notes only, or are judged the other way round.
_FIRST, _PRIVATE, _EXCITED, _MIXED = "first person", "private", "excited", "mixed"
_SOBER = ("cheer", _EXCITED)
_WORDED = {
    **REASONS,
    "link": "is a link; a note carries none",
    _PRIVATE: "is private, or costs money, in public",
    "emoji": "is an emoji; a note carries none",
    "bangs": "has two exclamation marks; one is the most",
    _EXCITED: "is an exclamation mark; a sober note has none",
    _MIXED: "is in another language",
}


class Manner(Struct, frozen=True, kw_only=True):
    """How the note is said, and what in it is not ours to judge."""

    tone: str = "plain"
    style: str = "mail"
    #: Names that stand in the text: the customer's and colleagues'.
    names: tuple[str, ...] = ()
    #: Times that may stand beside the promised one: the earlier promise, a fact that a person wrote.
    told: tuple[str, ...] = ()


def lint(
    text: str,
    language: str,
    *,
    person: str,
    time_phrase: str,
    allow_time: bool = True,
    manner: Manner = Manner(),  # noqa: B008  # a frozen value
) -> list[str]:
    """Return what is wrong with a note, one sentence a fault; empty when it may be sent.

    `person` is the full name of whoever signs. `time_phrase` is the promised time as it must stand in
    the text, exactly once; with `allow_time` False the note may name no time at all.
    """
    plain = text.replace("’", "'")
    faults = _times(plain, time_phrase.replace("’", "'"), manner.told, allow_time=allow_time)
    if person not in text and first_name(person) not in text:
        faults.append(f"nobody is named; the name of {person} must stand in it")
    if len(text) > LONGEST[manner.style]:
        faults.append(f"{len(text)} characters; a {manner.style} note has {LONGEST[manner.style]} at most")
    return faults + _words(plain, language, person, manner)


def _times(text: str, phrase: str, told: Sequence[str], *, allow_time: bool) -> list[str]:
    """Hold the rule of the one hard time."""
    if not allow_time:
        phrase = ""
    elif not phrase or phrase not in text:
        return ["no hard time; the promised {time}, with day and zone, must stand in it"]
    elif text.count(phrase) > 1:
        return ["the time stands in it twice; once is enough"]
    rest = _without(text, (phrase, *told))
    found = _CLOCKS.search(rest)
    if found is None:
        return []
    what = "a second time" if allow_time else "a time, though this note promises none"
    return [f"{found.group().strip()!r} is {what}; only {{time}} may name one"]


def _words(text: str, language: str, person: str, manner: Manner) -> list[str]:
    """Match everything that is refused, in one pass."""
    rest = _without(text, (person, first_name(person), *manner.names))
    reasons = _hits(language, rest)
    faults = [] if _FIRST in reasons else ["nobody speaks in it; use the first person"]
    return faults + _told(reasons, rest, manner)


def refusals(text: str, language: str, manner: Manner) -> list[str]:
    """Return what is wrong with a part of a note: only what no note may say."""
    plain = _without(text.replace("’", "'"), manner.names)
    return _told(_hits(language, plain), plain, manner)


def _told(reasons: Mapping[str, str], text: str, manner: Manner) -> list[str]:
    """Return a sentence for each reason that holds for the manner."""
    skipped = {
        _FIRST,
        *(() if manner.style == "public" else (_PRIVATE,)),
        *(() if manner.tone == "sober" else _SOBER),
    }
    return [
        f"{_search(pattern, text)!r} {_WORDED[reason]}"
        for reason, pattern in reasons.items()
        if reason not in skipped
    ]


def fit(name: str, language: str) -> bool:
    """Tell whether a name says nothing but a name: no link, no sales pitch, no word that the linter looks for."""
    return not _hits(language, name).keys() - {_MIXED}


class _Rules(Struct, frozen=True):
    """A language's patterns, and the machine that looks for all of them at once."""

    machine: Any
    #: (reason, pattern), in the machine's order; the first always matches.
    patterns: tuple[tuple[str, str], ...]


def _hits(language: str, text: str) -> dict[str, str]:
    """Return the patterns found, by reason."""
    rules = _rules(language)
    found = rules.machine.Match(text) or []
    if 0 not in found:  # the machine ran out of memory, which must not pass for "nothing found"
        found = [at for at, (_, pattern) in enumerate(rules.patterns) if re2.search(pattern, text)]
    return dict(rules.patterns[at] for at in found if at)


@lru_cache(maxsize=32)
def _rules(language: str) -> _Rules:
    """Compile all of a language's patterns into one machine."""
    own = patterns(language)
    foreign = "|".join(patterns(code)["markers"] for code in LANGUAGES if code != language)
    found = (
        ("canary", ""),
        (_FIRST, _whole(own["first_person"])),
        (_PRIVATE, _PRIVATE_WORDS),
        ("link", _LINK),
        ("emoji", _EMOJI),
        ("bangs", _TWO_BANGS),
        (_EXCITED, "!"),
        (_MIXED, _whole(foreign)),
        *((key, _whole(own[key])) for key in REASONS if key in own),
    )
    machine = re2.Set.SearchSet()
    for _, pattern in found:
        machine.Add(pattern)
    machine.Compile()
    return _Rules(machine, found)


def _whole(words: str) -> str:
    """Return the pattern for whole words in any script, case set aside."""
    return rf"(?i)(?:^|[^\p{{L}}\p{{N}}_])(?:{words})(?:$|[^\p{{L}}\p{{N}}_])"


_CLOCKS = re2.compile(_whole(_CLOCK))


def _search(pattern: str, text: str) -> str:
    """Return what matched, for the sentence about it."""
    found = re2.search(pattern, text)
    return str(found.group()).strip(" ,.;:()·") if found else ""


def _without(text: str, parts: Sequence[str]) -> str:
    """Return the text with these parts taken out, longest first."""
    for part in sorted(parts, key=len, reverse=True):
        if part:
            text = text.replace(part.replace("’", "'"), _GONE)
    return text
