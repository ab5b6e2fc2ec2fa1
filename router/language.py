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
            if "://" in word or "@" in word or word.startswith(("www.", "#")):
                continue
            if not any(map(str.isdigit, word)):
                yield word


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
