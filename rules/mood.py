"""How a customer sounds, and whether the matter forbids automatic words: simple signs, each nameable."""

import re
from collections.abc import Mapping

from rules.griefterms import GRIEF
from rules.moodterms import ANNOYED, SENSITIVE, UPSET
from rules.words import Terms, Words

#: What `sensitive` may be, in the order of importance.
KINDS = ("self_harm", "danger", "death", "legal", "press")
_BANGS = ("!!", "?!", "!?", "???")
_CAPITALS = re.compile(r"[A-ZÀ-ÖØ-ÞА-ЯЁ]{4}")
_LETTERS = re.compile(r"[^\W\d_]{3,}")


def _listed(text: str) -> list[str]:
    return [term.strip() for term in " ".join(text.split()).split(",")]


def _terms(by_language: Mapping[str, str], *more: str) -> Terms:
    return Terms([*(term for texts in by_language.values() for term in _listed(texts)), *more])


#: Everybody whom people lose, in every phrase for it.
_GRIEF = tuple(
    phrase.format(who=who)
    for people, phrases in GRIEF.values()
    for phrase in _listed(phrases)
    for who in _listed(people)
)


_UPSET = _terms(UPSET)
_ANNOYED = _terms(ANNOYED)
_SENSITIVE = {kind: _terms(SENSITIVE[kind], *(_GRIEF if kind == "death" else ())) for kind in KINDS}
#: All of them in one: most messages touch none, and one look tells.
_ANY_SENSITIVE = Terms(term for terms in _SENSITIVE.values() for term in terms.terms)


def upset(words: Words) -> bool:
    """Tell whether the customer sounds upset: one strong sign, or two milder ones."""
    if _UPSET.occur(words) or _shouts(words.text):
        return True
    return _ANNOYED.occur(words) and (_bangs(words.text) or len(_ANNOYED.found(words)) > 1)


def signs(words: Words) -> list[str]:
    """Name the signs of being upset that were found, at most three."""
    found = [f"'{term}'" for term in _UPSET.found(words) or _ANNOYED.found(words)]
    if _shouts(words.text):
        found.append("written in capitals")
    if _bangs(words.text):
        found.append("exclamation marks")
    return found[:3]


def sensitive(words: Words) -> tuple[str, ...]:
    """Return the kinds of sensitive matter that the text touches, gravest first."""
    if not _ANY_SENSITIVE.occur(words):
        return ()
    return tuple(kind for kind, terms in _SENSITIVE.items() if terms.occur(words))


def touched(words: Words, kind: str) -> list[str]:
    """Name the words by which a kind of sensitive matter was found."""
    return [f"'{term}'" for term in _SENSITIVE[kind].found(words)[:3]]


def _shouts(text: str) -> bool:
    """Tell whether most of a text of several words is in capitals."""
    if _CAPITALS.search(text) is None:
        return False
    letters = _LETTERS.findall(text[:2000])
    loud = sum(1 for word in letters if word.isupper())
    return loud >= 4 and loud >= 0.7 * len(letters)


def _bangs(text: str) -> bool:
    return any(bang in text for bang in _BANGS)
