"""Words a note: picks the text, fills it in, and lets nothing out that the linter refuses."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from rules.called import safe_name
from rules.filling import Worded, WordingError, WordRequest, chosen, worded
from rules.lint import Manner, fit, lint
from rules.pagewords import PageWords, page_words
from rules.problems import Problem, RulesError
from rules.proof import proofread
from rules.refusals import LANGUAGES
from rules.texts import BY_KIND, KINDS, STYLES, TONES, Texts, read

__all__ = ["Manner", "PageWords", "WordRequest", "Worded", "Wording", "WordingError", "lint"]

SHIPPED = Path(__file__).parent / "wording"


class Wording:
    """The note texts of all languages."""

    def __init__(self, texts: Mapping[str, Texts]) -> None:
        """Take the texts by language; see `load`."""
        self._texts = texts

    @classmethod
    def load(cls, directory: Path | None = None) -> "Wording":
        """Read the shipped texts, and a directory's `<language>.yaml` files over them.

        Raises RulesError with every problem, each as `file:line:column`.
        """
        return _shipped() if directory is None else cls(_read(directory))

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the codes of the languages that notes can be written in."""
        return tuple(self._texts)

    def asks(self, language: str) -> tuple[str, ...]:
        """Return the facts that a note of the language can ask for."""
        return tuple(self.texts(language).asks)

    def page(self, language: str, *, formal: bool = True) -> PageWords:
        """Return what the customer's page says; in English where there are no texts in the language."""
        texts = self._texts.get(language) or self.texts("en")
        return page_words(texts.page, formal=formal)

    def say_time(
        self, at: datetime, now: datetime, zone: ZoneInfo, language: str, style: str = "mail"
    ) -> str:
        """Return by when, as a note says it: `by 15:40 today (Copenhagen time)`."""
        return self.texts(language).time.say(at, now, zone, style)

    def word(self, request: WordRequest) -> Worded:
        """Return the note's words. Raises WordingError when none can be found that the linter lets pass.

        What the customer calls themselves, and the names of colleagues, are left out rather than
        letting them spoil a note.
        """
        texts = self.texts(request.language)
        self._check(request)
        customer = safe_name(request.customer)
        request = replace(request, customer=customer if customer and fit(customer, request.language) else "")
        faults: list[str] = []
        for attempt in _plainer(request):
            words, faults = worded(texts, attempt, chosen(texts, attempt))
            if not faults:
                return words
        raise WordingError(f"The {request.kind} note cannot be sent: {'; '.join(faults)}. Write it yourself.")

    def texts(self, language: str) -> Texts:
        """Return a language's texts. Raises WordingError when there are none."""
        found = self._texts.get(language)
        if found is None:
            known = ", ".join(self._texts)
            raise WordingError(f"There are no note texts in {language!r}; there are some in {known}.")
        return found

    def _check(self, request: WordRequest) -> None:
        """Refuse what no text can be found for."""
        for value, known in ((request.kind, KINDS), (request.style, STYLES), (request.tone, TONES)):
            if value not in known:
                raise WordingError(
                    f"There are no note texts for {value!r}; there are some for {', '.join(known)}."
                )
        if request.ask and request.ask not in self.texts(request.language).asks:
            raise WordingError(
                f"No text asks for {request.ask!r}; add it to `asks` in {request.language}.yaml."
            )
        if request.at is None and "time" in BY_KIND[request.kind]:
            raise WordingError(f"A {request.kind} note needs a time to promise.")


def _plainer(request: WordRequest) -> Iterator[WordRequest]:
    """Yield the request, then with less and less in it that others wrote."""
    yield request
    if request.others:
        yield (request := replace(request, others=()))
    if request.customer:
        yield replace(request, customer="")


@lru_cache(maxsize=1)
def _shipped() -> Wording:
    """Read the shipped texts once a process; they cannot change under it."""
    return Wording(_read(None))


def _read(directory: Path | None) -> dict[str, Texts]:
    """Read and hold the texts of every language. Raises RulesError."""
    problems: list[Problem] = []
    found: dict[str, Texts] = {}
    for language in LANGUAGES:
        own = directory / f"{language}.yaml" if directory else None
        mine = [own] if own and own.is_file() else []
        texts = read(language, [SHIPPED / f"{language}.yaml", *mine], problems)
        if texts is not None:
            problems += proofread(texts) if mine else ()  # the shipped ones alone are proofread by the tests
            found[language] = texts
    problems += _strangers(directory)
    if problems:
        raise RulesError(problems)
    return found


def _strangers(directory: Path | None) -> Iterator[Problem]:
    """Yield a problem for each file of a language that the linter could not hold."""
    known = ", ".join(LANGUAGES)
    if directory and not directory.is_dir():
        yield Problem(file=str(directory), line=1, column=1, text="there is no such directory")
    for path in sorted(directory.glob("*.yaml")) if directory else ():
        if path.stem not in LANGUAGES:
            text = f"the linter has no rules for the language {path.stem!r}; it knows {known}"
            yield Problem(file=str(path), line=1, column=1, text=text)
