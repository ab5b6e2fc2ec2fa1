"""Reads the note texts of a language: the shipped file, with an operator's own laid over it."""

import contextlib
from collections.abc import Collection
from collections.abc import Mapping as Map
from collections.abc import Sequence as Seq
from datetime import timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import DateTimePattern
from msgspec import Struct

from rules import extras
from rules.grove import Faulty, Grove, Place, resolved
from rules.nodes import Mapping, Node, Sequence, describe
from rules.problems import Problem
from rules.saytime import DAYS, HOURS, MINUTES, TimeWords, pattern
from rules.template import Template

#: Kinds of notes. `late` stands for `first` where the customer has waited too long for it, and `missed` for
#: `renewal` where the time named before has passed; `inherited` for both where somebody else named it.
KINDS = ("first", "late", "renewal", "missed", "inherited", "introduction", "added", "incident", "followup")
VOICES = ("owner", "duty")
STYLES = ("mail", "chat", "public", "spoken")
TONES = ("plain", "sober")

#: Values that every note has.
ALWAYS = frozenset({"person", "first_name", "full_name"})
#: Values that may be empty, so that they stand in [ ].
MAYBE = frozenset({"customer", "customer_first", "others", "reference", "back", "number"})
#: Values that notes of a kind have besides.
BY_KIND: Map[str, frozenset[str]] = {
    "first": frozenset({"time"}),
    "late": frozenset({"time"}),
    "missed": frozenset({"time", "previous_time"}),
    "renewal": frozenset({"time", "previous_time"}),
    "inherited": frozenset({"time", "previous_time"}),
    "introduction": frozenset({"time"}),
    "added": frozenset({"time"}),
    "incident": frozenset({"time", "what"}),
    "followup": frozenset(),
}
_FROM = frozenset({"previous_person"})
MAYBE_BY_KIND: Map[str, frozenset[str]] = {"introduction": _FROM, "inherited": _FROM}
NAMES = ALWAYS | MAYBE | frozenset({"time", "previous_time", "previous_person", "what"})

#: Parts of a time: what may stand in each, and what must.
_TIME_NAMES: Map[str, tuple[Collection[str], Collection[str]]] = {
    "today": (("clock", "weekday", "date"), ("clock",)),
    "tomorrow": (("clock", "weekday", "date"), ("clock",)),
    "later": (("clock", "weekday", "date"), ("clock", "weekday", "date")),
    "said_today": (("clock",), ("clock",)),
    "said_later": (("clock", "weekday", "date"), ("clock", "weekday")),
    "back_today": ((), ()),
    "back_morning": ((), ()),
    "back_tomorrow": ((), ()),
    "back_weekday": (("weekday",), ("weekday",)),
    "back_later": (("weekday", "date"), ("weekday", "date")),
    "zone": (("city",), ("city",)),
}
_TIME_KEYS = ("clock", "full_hour", "date", "weekdays", "zones", "joined", *_TIME_NAMES)
_SIGNED = frozenset({"full_name", "first_name", "reference"})
_KEYS = (
    "version",
    "locale",
    "or",
    "time",
    "notes",
    "disclosed",
    "disclosure",
    "answer_language",
    "asks",
    "signature",
    "link",
    "check",
    "page",
    "voices",
)
#: What a file may do without.
_SPARE = frozenset({"disclosed", "voices"})

#: kind, voice, style, tone.
Slot = tuple[str, str, str, str]


class Texts(Struct, frozen=True, kw_only=True):
    """All texts of one language."""

    language: str
    locale: Locale
    #: Joins the last two of several names.
    conjunction: str
    time: TimeWords
    notes: Map[Slot, tuple[Template, ...]]
    #: Instead of `notes` and the disclosure, where given.
    disclosed: Map[Slot, tuple[Template, ...]]
    #: By voice and style; empty where the texts say it themselves.
    disclosure: Map[tuple[str, str], Template]
    answer_language: Template
    asks: Map[str, Template]
    signature: Map[str, Template]
    #: By style, the sentence that carries the customer's link, and the one that does so after an answer.
    link: Map[str, Template]
    check: Map[str, Template]
    #: What the page says that the link opens.
    page: Map[str, Template]
    #: Agents' own notes and signatures, by agent and then slot or style; where their words stand.
    voices: Map[str, Map[Slot, tuple[Template, ...]]]
    signatures: Map[str, Map[str, Template]]
    agents: Map[str, Place]
    #: Where each text stands.
    places: Map[Template, Place]


def read(language: str, paths: Seq[Path], problems: list[Problem]) -> Texts | None:
    """Return the texts of a language, later files laid over earlier ones; None when there are problems."""
    reader = _Reader(language)
    texts = None
    with contextlib.suppress(Faulty):
        texts = reader.texts([reader.parsed(path) for path in paths])
    found = [problem for report in reader.reports for problem in report.problems]
    problems += found
    return None if any(not problem.warning for problem in found) else texts


class _Reader(Grove):
    """Builds the texts of one language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language

    def texts(self, roots: list[Mapping]) -> Texts:
        """Return the texts; raises Faulty when what is wrong leaves nothing to go on with."""
        root = roots[0]
        for over in roots[1:]:
            root = self.laid_over(root, over)
        given = self.known(root, _KEYS, "the file")
        if (version := given.get("version")) is not None and getattr(version, "raw", "") != "1":
            self.fault(version, f"version 1 is the one that can be read, not {describe(version)}")
        for key in _KEYS[1:]:
            if key not in given and key not in _SPARE:
                self.fault(root, f"{key!r} is missing; compare with the shipped file")
        locale = self.locale(given.get("locale"))
        if locale is None or self.failed:
            raise Faulty
        time = self.time(given["time"], locale)
        notes = self.slots(given["notes"], complete=True)
        disclosed = self.slots(given["disclosed"], complete=False) if "disclosed" in given else {}
        disclosure = self.table(given["disclosure"], VOICES, STYLES, names=_SIGNED)
        signature = self.table(given["signature"], STYLES, names=_SIGNED)
        asks = {key: self.text(node, ()) for key, node in self.known(given["asks"], None, "asks").items()}
        answer = self.text(given["answer_language"], {"language"})
        link, check = extras.linked(self, given["link"]), extras.linked(self, given["check"])
        page = extras.page(self, given["page"])
        own = extras.voices(self, given["voices"], STYLES, _SIGNED) if "voices" in given else []
        voices = {one.agent: self.slots(one.notes, complete=False) for one in own if one.notes is not None}
        conjunction = self.word(given["or"])
        if time is None or self.failed:
            raise Faulty
        return Texts(
            language=self.language,
            locale=locale,
            conjunction=conjunction,
            time=time,
            notes=notes,
            disclosed=disclosed,
            disclosure={(voice, style): text for (voice, style), text in disclosure.items()},
            answer_language=answer,
            asks=asks,
            signature={style: text for (style,), text in signature.items()},
            link=link,
            check=check,
            page=page,
            voices=voices,
            signatures={one.agent: one.signature for one in own},
            agents={one.agent: one.place for one in own},
            places=self.places,
        )

    def locale(self, node: Node | None) -> Locale | None:
        """Return Babel's locale."""
        if node is None:
            return None
        try:
            return Locale.parse(self.word(node))
        except (UnknownLocaleError, ValueError):
            self.fault(node, f"no such locale: {describe(node)}; write one such as {self.language}")
            return None

    def time(self, node: Node, locale: Locale) -> TimeWords | None:
        """Return how the language says times."""
        given = self.known(node, _TIME_KEYS, "time")
        optional = {"full_hour", "weekdays", "zones"}
        if missing := [key for key in _TIME_KEYS if key not in given and key not in optional]:
            self.fault(node, f"time needs {', '.join(missing)}; compare with the shipped file")
            return None
        clock = self.pattern(given["clock"], locale, uses="HH:mm", step=MINUTES)
        hour = self.pattern(given.get("full_hour", given["clock"]), locale, uses="HH:mm", step=HOURS)
        date = self.pattern(given["date"], locale, uses="d MMMM", step=DAYS)
        if clock is None or hour is None or date is None:
            return None
        joined = self.table(given["joined"], STYLES, names=("time", "zone"))
        return TimeWords(
            locale=locale,
            clock=clock,
            full_hour=hour,
            date=date,
            weekdays=self.weekdays(given.get("weekdays"), locale),
            zones=self.zones(given.get("zones")),
            joined={style: self.joined(given["joined"], text) for (style,), text in joined.items()},
            **{key: self.phrase(given[key], *names) for key, names in _TIME_NAMES.items()},
        )

    def joined(self, node: Node, text: Template) -> Template:
        """Return how time and zone are joined, both of which must be said."""
        if not {"time", "zone"} <= text.needed:
            self.fault(node, "both {time} and {zone} must stand in it, outside [ ]")
        return text

    def pattern(self, node: Node, locale: Locale, *, uses: str, step: timedelta) -> DateTimePattern | None:
        """Return a date pattern."""
        try:
            return pattern(self.word(node), locale, uses=uses, step=step)
        except ValueError as error:
            self.fault(node, str(error))
            return None

    def phrase(self, node: Node, names: Collection[str], needs: Collection[str]) -> Template:
        """Return a part of a time, which must say what it is there for."""
        made = self.text(node, names)
        if missing := sorted(set(needs) - made.needed):
            self.fault(node, f"{{{missing[0]}}} must stand in it, outside [ ]")
        return made

    def weekdays(self, node: Node | None, locale: Locale) -> tuple[str, ...]:
        """Return the weekdays, Monday first: the file's, else Babel's."""
        if node is None:
            return tuple(locale.days["format"]["wide"][day] for day in range(7))
        if isinstance(node, Sequence) and len(node.items) == 7:
            return tuple(self.word(item) for item in node.items)
        self.fault(node, "weekdays must be a list of seven, Monday first")
        return ("",) * 7

    def zones(self, node: Node | None) -> dict[str, str]:
        """Return the words for zones."""
        found = {} if node is None else self.known(node, None, "zones")
        for key, value in found.items():
            try:
                ZoneInfo(key)
            except (ValueError, KeyError, OSError):
                self.fault(value, f"there is no time zone {key!r}; write one such as Europe/Copenhagen")
        return {key: self.word(value) for key, value in found.items()}

    def slots(self, node: Node, *, complete: bool) -> dict[Slot, tuple[Template, ...]]:
        """Return the texts of every kind, voice, style and tone."""
        self.checked(node, (KINDS, VOICES, STYLES, TONES))
        made: dict[Slot, tuple[Template, ...]] = {}
        cache: dict[tuple[int, str], tuple[Template, ...]] = {}
        for slot in product(KINDS, VOICES, STYLES, TONES):
            leaf = resolved(node, slot)
            if leaf is None:
                if complete:
                    self.fault(node, f"there is no text for {' → '.join(slot)}")
                continue
            key = id(leaf), slot[0]
            if key not in cache:
                cache[key] = self.variants(leaf, slot[0])
            made[slot] = cache[key]
        return made

    def variants(self, leaf: Node, kind: str) -> tuple[Template, ...]:
        """Return the texts of a leaf, checked for names that notes of the kind do not have."""
        items = leaf.items if isinstance(leaf, Sequence) else [leaf]
        if not items:
            self.fault(leaf, "the list is empty; write at least one text")
        sure = ALWAYS | BY_KIND[kind]
        maybe = MAYBE | MAYBE_BY_KIND.get(kind, frozenset())
        made = []
        for item in items:
            text = self.text(item, NAMES)
            if not text.source.strip():
                self.fault(item, "the text is empty; write one, or leave the place out")
            elif unfit := sorted(text.names - sure - maybe):
                self.fault(item, f"a {kind} note has no {{{unfit[0]}}}; it has {_listed(sure | maybe)}")
            elif loose := sorted(text.needed & maybe):
                self.fault(item, f"{{{loose[0]}}} may be empty; put it and the words around it in [ ]")
            made.append(text)
        return tuple(made)


def _listed(names: Collection[str]) -> str:
    return " ".join(f"{{{name}}}" for name in sorted(names))
