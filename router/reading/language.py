"""Which language a message is in: py3langid, restricted to the languages that are configured."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

#: Only this much of a text is read, and only this much of its words is weighed; the first lines tell.
LOOKED_AT = 1000
WEIGHED = 240
MOST_WORDS = 60
#: So many different small words of one language, and none of another, tell without the model.
ENOUGH = 3
#: Small words that stand in most messages, each in one of these languages only.
SMALL = {
    "en": "the and you your my is it that this with would could please been are not when where what from thanks",
    "da": "jeg og ikke det har kan til som på mig min hvor hvad hvornår hej tak vil være efter af jer dig endnu",
    "ru": "я и не на что мой моя мне вы вас как где это но по уже меня за от нет был есть когда почему",
    "de": "ich und nicht ist das habe mein meine mir wie bitte wo eine auf für noch wir sie danke kann von ihre",
    "fr": "je pas est une mon ma vous pour dans avec bonjour merci suis votre nous été elle mais qui être où",
    "es": "el por para con mi pero hola gracias está muy como cuando dónde quiero lo su usted esta hay porque todavía",
}
_SMALL = {word: language for language, listed in SMALL.items() for word in listed.split()}
#: With fewer letters a guess is a coin toss ("ok", "hello").
FEWEST_LETTERS = 9
#: With a smaller share of the probability the answer is "cannot tell".
LEAST_SHARE = 0.7


def detect(
    text: str,
    *,
    among: Sequence[str],
    letters: int = FEWEST_LETTERS,
    share: float = LEAST_SHARE,
) -> str:
    """Return the ISO 639-1 code of the text's language, "" when that cannot be told.

    Only the languages of `among` are considered.
    """
    words = " ".join(itertools.islice(_words(text[:LOOKED_AT]), MOST_WORDS))[:WEIGHED]
    if not among or sum(map(str.isalpha, words[: 4 * letters])) < letters:
        return ""
    return _plain(words, among) or _weighed(words, among, share)


def _plain(words: str, among: Sequence[str]) -> str:
    """Return the language whose small words stand in the text, if it is plain: a tenth of the model's cost."""
    if not SMALL.keys() >= set(among):
        return ""  # a word of one of these may be one of a language without a list, too
    each = {word.strip(".,;:!?()\"'") for word in words.casefold().split()}
    found = [_SMALL[word] for word in each if _SMALL.get(word) in among]
    return found[0] if len(found) >= ENOUGH and found.count(found[0]) == len(found) else ""


def _weighed(words: str, among: Sequence[str], share: float) -> str:
    """Return what the model says."""
    identifier = _identifier(tuple(sorted(set(among))))
    if identifier is None:
        return ""
    found, certainty = identifier.classify(words)
    return str(found) if certainty >= share else ""


def warm(among: Sequence[str]) -> None:
    """Load the model now, away from the event loop, instead of with the first message (about a second)."""
    detect("load the model before the work begins", among=among)


def _words(text: str) -> Iterator[str]:
    """Yield what tells a language: no quoted lines, page or mail addresses, references, numbers."""
    for line in text.splitlines():
        if line.lstrip().startswith(">"):
            continue
        for word in line.split():
            if word.isalpha() or _tells(word):
                yield word


def _tells(word: str) -> bool:
    if "://" in word or "@" in word or word.startswith(("www.", "#")):
        return False
    return not any(map(str.isdigit, word))


@functools.lru_cache(maxsize=64)
def _identifier(among: tuple[str, ...]) -> Any:
    """Return an identifier for these languages, None when the model knows none of them.

    All identifiers share the one model in memory.
    """
    whole = _model()
    known = sorted(set(whole.labels).intersection(among))
    if not known:
        return None
    narrowed = type(whole)(
        *whole._full_model,  # noqa: SLF001  # the library has no public way to a second identifier
        whole.tk_nextmove,
        whole.tk_output,
        norm_probs=True,
        tk_row=whole.tk_row,
    )
    narrowed.set_languages(known)
    return narrowed


@functools.lru_cache(maxsize=1)
def _model() -> Any:
    """Load the model once; importing the library alone costs half a second, so it waits for first use."""
    library = import_module("py3langid.langid")
    return library.LanguageIdentifier.from_model_file(library.MODEL_FILE, norm_probs=True)
