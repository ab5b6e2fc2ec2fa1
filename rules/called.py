"""What a person is called in a note; what customers call themselves is hostile input."""

import re
import unicodedata

#: Nobody is greeted by more than this (characters, words).
LONGEST = 60
MOST_WORDS = 8

_SPACES = re.compile(r"\s+")
_ASIDE = re.compile(r"\([^)]*\)|\bvia\b.*", re.IGNORECASE)
#: Letters of any script, then marks, spaces and the signs that occur in names.
_ALLOWED_SIGNS = frozenset(" .'’-·")
#: Small words that stand in names without a capital.
_PARTICLES = frozenset(
    """af al av bin bint da das de degli del della den der des di do dos du e el en i ibn la le op te ten
    ter til van vom von y zu zum zur""".split()  # noqa: SIM905  # a list of words reads best as text
)
#: Words that no person is called: robots, roles, and what programs put where a name should be.
_NOBODY = frozenset(
    """abuse accounts admin administrator anonymous automatic automatisch billing bot client cliente contact
    customer daemon donotreply gast guest gæst help helpdesk info invité invitado invoice kunde kundeservice
    kundenservice mailer mailerdaemon marketing nan news newsletter nobody none noreply notification
    notifications null office order orders postmaster reply robot root sales service support system team
    test undefined unknown urgent user visitante visiteur visitor webmaster besøgende besucher аноним гость
    клиент поддержка""".split()  # noqa: SIM905  # the same
)
#: Most names; nothing in them needs tidying.
_PLAIN = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)?")
_TITLES = frozenset(
    """dr dr. prof prof. herr frau hr. fru mr mr. mrs mrs. ms ms. m. mme sr. sra. sir г-н г-жа
    """.split()  # noqa: SIM905  # the same
)
#: Controls, directions, surrogates, unassigned characters; symbols such as emoji.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk"})


def safe_name(name: str) -> str:
    """Return the name as it may stand in a note, "" when it is hardly a person's name.

    The result is one line of letters and a few signs: no control or direction characters, no address,
    link, digit, mark-up or sentence can come through.
    """
    plain = name if _PLAIN.fullmatch(name) else _tidy(name[:200])
    words = plain.split(" ")
    if not plain or len(plain) > LONGEST or len(words) > MOST_WORDS:
        return ""
    if not all(each in _ALLOWED_SIGNS or unicodedata.category(each)[0] in "LM" for each in plain):
        return ""
    if any(word.strip(".'’-").casefold().replace("-", "") in _NOBODY for word in words):
        return ""
    if _is_domain(plain) or _is_phrase(words) or _is_piled(plain):
        return ""
    return plain


def first_name(name: str) -> str:
    """Return what to call somebody by; the whole name when a title or an initial stands first."""
    words = name.split()
    if len(words) < 2 or words[0].endswith(".") or words[0].casefold() in _TITLES:
        return name
    return words[0]


def line(text: str, *, longest: int = 300) -> str:
    """Return the text as one line without control or direction characters, so that it can stand in a header."""
    if text.isprintable() and len(text) <= longest and "  " not in text:
        return text.strip()
    kept = "".join(each if unicodedata.category(each)[0] != "C" else " " for each in text[: 4 * longest])
    return _SPACES.sub(" ", kept).strip()[:longest].rstrip()


def _tidy(name: str) -> str:
    """Return the name without what mail programs and habits put around it: quotes, asides, emoji."""
    plain = unicodedata.normalize("NFC", name)
    plain = _SPACES.sub(" ", plain)
    plain = "".join(each for each in plain if unicodedata.category(each) not in _DROPPED)
    plain = _SPACES.sub(" ", _ASIDE.sub(" ", plain)).strip(" \"'`,.")
    last, comma, first = plain.partition(", ")
    if comma and "," not in first and len(first.split()) <= 3 and len(last.split()) <= 3:
        return f"{first} {last}"
    return plain


def _is_domain(plain: str) -> bool:
    """Tell whether a dot stands inside a word, as in `example.com`, beyond initials (`J.R.`)."""
    return any(
        len(end) > 1 and start for start, dot, end in (w.rpartition(".") for w in plain.split()) if dot
    )


def _is_phrase(words: list[str]) -> bool:
    """Tell whether three words or more stand in small letters: a sentence rather than a name."""
    if len(words) < 3:
        return False
    small = [word for word in words if word[:1].islower() and word.casefold() not in _PARTICLES]
    return bool(small)


def _is_piled(plain: str) -> bool:
    """Tell whether marks are piled on the letters, as in text made to run over the lines around it."""
    marks = sum(unicodedata.category(each)[0] == "M" for each in plain)
    return marks > len(plain) // 2
