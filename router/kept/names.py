"""Hides names in what somebody wrote: those we know, and words that may be the name of somebody whom we do not.

No list holds all names. A capital inside a sentence gives most away; where a capital tells nothing the word, or the
whole text, is left out, as a quote with a gap does no harm and a name in it does. A stranger's name in small letters
is not found.
"""

import re
from collections.abc import Sequence

from router.reading.language import SMALL

HIDDEN, GAP = "[name]", "…"
WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
#: A closing line and what follows it is no part of what somebody says.
CLOSING = re.compile(
    r"""(?imx)^\W*(?:
        (?:(?:best|kind|warm|many)\s+)?regards|sincerely|yours|cheers
        |(?:(?:med\s+venlig|venlig|bedste|mange|kærlig)\s+)?hilsen|mvh
        |(?:(?:viele|liebe|beste|mit\s+freundlichen|freundliche|schöne)\s+)?gr(?:ü|ue)(?:ß|ss)en?|mfg
        |(?:bien\s+)?cordialement
        |(?:un\s+)?(?:cordial\s+)?saludos?(?:\s+cordial(?:es)?)?|atentamente
        |с\s+уважением
    )\b.{0,20}$"""
)
#: Words that begin a sentence and are nobody's name, beside the small words of each language.
_BEGIN = """
    dear hi hello hey thank good morning evening day please still why how who if so no yes we they he she there
    here nothing nobody after since on in at to for of as did do does was were has have had will can another
    again now today yesterday then also because sorry our their don't can't
    kære goddag venligst stadig hvem hvis så nej ja vi de han hun der her intet ingen siden mit mine vores den
    det i kan skal skulle må var er en et nu igen men da alt tak
    liebe lieber sehr geehrte geehrter geehrtes hallo guten tag warum wer wenn so nein ja er es sie hier dort
    nichts niemand nach seit meine mein unser unsere der die das ein eine dann jetzt heute gestern aber immer
    vielen dank
    cher chère bonsoir pourquoi comment qui si non oui il elle ils nous on rien personne depuis mes notre le la
    les un une ce cela alors maintenant mais toujours et
    estimado estimada buenos buenas días tardes quién qué si no sí él ella ellos nosotros nada nadie desde mis
    nuestro la los las un una ahora hoy ayer pero todavía y es en
    здравствуйте привет добрый день уважаемые кто если так нет да мы они он она там здесь ничего никто после мои
    наш всё все теперь сегодня вчера очень спасибо до с в
"""
BEGIN = frozenset(" ".join((*SMALL.values(), _BEGIN)).split())
#: What is left of an apostrophe in French.
ELIDED = frozenset(("c", "d", "j", "l", "n", "qu", "s"))
#: Words that are written with a capital anywhere.
_ANYWHERE = """
    i i'm i'd i've i'll ok monday tuesday wednesday thursday friday saturday sunday january february march april
    may june july august september october november december english danish german french spanish russian
    christmas easter montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz mai juni
    juli oktober dezember sie ihnen ihr ihre ihren ihrem ihrer vous usted ustedes вы вас вам ваш ваша ваше ваши
"""
ANYWHERE = frozenset(_ANYWHERE.split())
#: Before these a German noun stands; before a name hardly ever.
_ARTICLE = re.compile(
    r"(?:d(?:er|ie|as|en|em|es)|(?:m|d|s|k)?ein(?:e|en|em|er|es)?|(?:ihr|unser|euer|eur|dies|jed|welch|all|viel)"
    r"(?:e|en|em|er|es)?|zum|zur|im|am|vom|beim|ins|ans|kein\w*)"
)
_ADJECTIVE = re.compile(r"\w+(?:e|en|er|es|em)")
#: Of texts in which so many words inside sentences have a capital, capitals tell nothing about names.
NOUNS = 0.2
#: Shorter lines of capitalised words alone are somebody's name below a letter.
SIGNED = 3


def hide(text: str, known: frozenset[str]) -> str | None:
    """Return the text as one line with gaps for names; None where nobody can tell what is a name.

    `known`: casefolded words of names that must not stay, whatever they look like.
    """
    said = CLOSING.split(text)[0]
    lines = [line for line in map(str.strip, said.splitlines()) if line and not line.startswith(">")]
    if not all(_cased(line) for line in lines) or _shouted(" ".join(lines)):
        return None
    nouns = _like_german(lines)
    found = " ".join(_line(line, known, nouns=nouns) for line in lines if not _signed(line, known))
    return re.sub(rf"{re.escape(HIDDEN)}(?:[ -]{re.escape(HIDDEN)})+", HIDDEN, found)


def words_of(names: Sequence[str]) -> frozenset[str]:
    """Return the words of names, as `hide` wants them."""
    found = (part for name in names for word in WORD.findall(name) for part in (word, *re.split(r"\W", word)))
    return frozenset(part.casefold() for part in found if len(part) > 1)


def _line(line: str, known: frozenset[str], *, nouns: bool) -> str:
    before: list[str] = []
    begins = True
    pieces: list[str] = []
    last = 0
    for found in WORD.finditer(line):
        between, word = line[last : found.start()], found[0]
        begins = begins if not pieces else re.search(r"[.!?:…]\W*$", between) is not None
        joined = between.strip() == "" and not begins
        pieces += [between, _told(word, before if joined else [], known, begins=begins, nouns=nouns)]
        before = [*before[-1:], word] if joined else [word]
        last, begins = found.end(), False
    return "".join((*pieces, line[last:]))


def _told(word: str, before: list[str], known: frozenset[str], *, begins: bool, nouns: bool) -> str:
    """Return the word, or what stands for it; `before`: up to two words of the same sentence right before it."""
    plain = word.casefold().replace("’", "'")
    if _is_known(plain, known):
        return HIDDEN + ("'s" if plain.endswith("'s") else "")
    if not word[0].isupper() or plain in ANYWHERE or _begins(plain) or len(word) == 1:
        return word
    if word.isupper():
        return word
    if begins:
        return GAP
    return word if nouns and _is_noun(before) else HIDDEN


def _begins(plain: str) -> bool:
    """Tell whether a word, its part before an apostrophe included, is one that begins sentences."""
    return plain in BEGIN or plain.partition("'")[0] in BEGIN | ELIDED


def _is_known(plain: str, known: frozenset[str]) -> bool:
    """Tell whether it is one of the names, also with the ending of a case."""
    parts = {plain, plain.removesuffix("'s"), *re.split(r"\W", plain)}
    parts |= {each[:-1] for each in parts if len(each) > 3 and each.endswith("s")}
    if not known.isdisjoint(parts):
        return True
    return len(_stem(plain)) > 2 and any(_stem(plain) == _stem(name) for name in known if name != _stem(name))


def _stem(word: str) -> str:
    """Return a Russian word without the vowels at its end, which change with the case."""
    return re.sub(r"(?:[аеёиоуыэюяйь]{1,2}|ом|ем|ой|ей)$", "", word)


def _is_noun(before: list[str]) -> bool:
    if not before:
        return False
    last = before[-1].casefold()
    if _ARTICLE.fullmatch(last):
        return True
    return (
        len(before) > 1
        and before[-1].islower()
        and bool(_ADJECTIVE.fullmatch(last) and _ARTICLE.fullmatch(before[-2].casefold()))
    )


def _signed(line: str, known: frozenset[str]) -> bool:
    words = WORD.findall(line)
    if not words or len(words) > SIGNED or line[-1] in ".!?":
        return False
    return all(word[0].isupper() and word.casefold() not in BEGIN for word in words) or all(
        word.casefold() in known for word in words
    )


def _like_german(lines: list[str]) -> bool:
    inside = [word for line in lines for word in WORD.findall(line)[1:] if word.casefold() not in ANYWHERE]
    return (
        bool(inside)
        and sum(word[0].isupper() for word in inside) >= NOUNS * len(inside)
        and any(_ARTICLE.fullmatch(word.casefold()) for word in inside)
    )


def _cased(line: str) -> bool:
    return all(letter.lower() != letter.upper() for letter in line if letter.isalpha())


def _shouted(text: str) -> bool:
    """Tell whether several words beside each other are in capitals, so that these say nothing."""
    return re.search(r"\b[^\W\d_a-z]{3,}\W+[^\W\d_a-z]{3,}\b", text) is not None and any(
        one.isupper() and two.isupper()
        for one, two in zip(WORD.findall(text), WORD.findall(text)[1:], strict=False)
        if len(one) > 2 and len(two) > 2
    )
