"""What the page behind a note's link shows: sentences in the note's language, and what can be chosen."""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from router.conversation import Conversation, PromiseState
from router.house import House
from router.taps import suits
from router.taps.behind import CHOICES, Looked, Stand
from rules.called import first_name
from rules.pagewords import PageWords

#: What a link may name to have it laid out for one tap, in its query `a`.
NAMED = frozenset({"later", "urgent", "picked", "solved", "open"})
#: Order of the buttons.
_BUTTONS = ("later", "urgent", "solved", "open", "undone")


class Button(Struct, frozen=True, kw_only=True):
    """One thing to choose."""

    choice: str
    text: str


class Time(Struct, frozen=True, kw_only=True):
    """One time to pick."""

    #: Seconds since 1970, as the form sends them.
    value: int
    text: str


class View(Struct, frozen=True, kw_only=True):
    """The page."""

    language: str
    words: PageWords
    #: The sentence that matters, and one below it; "" = none.
    said: str
    more: str = ""
    reference: str = ""
    buttons: tuple[Button, ...] = ()
    times: tuple[Time, ...] = ()
    #: One choice is laid out alone, to be confirmed.
    alone: bool = False
    #: "No, something is open" has a field for what it is.
    tell: bool = False


def view(house: House, seen: Looked, now: datetime, *, wanted: str = "", accepts: str = "") -> View:
    """Return the page for what is behind a link.

    `wanted` is the choice that the link named, `accepts` what languages the browser says it accepts.
    """
    one = seen.conversation
    if one is None or seen.stand in {Stand.OVER, Stand.BROKEN}:
        return _closed(house, seen, accepts)
    pen = _Pen(house, one, now)
    open_to = _open_to(house, one, seen.stand, now)
    alone = wanted in open_to & NAMED
    shown = {wanted} if alone else open_to
    said, more = pen.said(seen.stand)
    return View(
        language=pen.language,
        words=pen.words,
        said=said,
        more=more,
        reference=one.reference,
        buttons=tuple(
            Button(choice=kind, text=pen.label(kind, seen.stand)) for kind in _BUTTONS if kind in shown
        ),
        times=pen.times() if "picked" in shown else (),
        alone=alone,
        tell="open" in shown,
    )


def _open_to(house: House, one: Conversation, stand: Stand, now: datetime) -> frozenset[str]:
    """Return what may be said now; not what would change nothing."""
    able = set(CHOICES[stand])
    if one.wish is not None and one.wish.raised:
        able.discard("urgent")
    if not suits.tomorrow(house, one, now):
        able.discard("later")
    if not suits.times(house, one, now):
        able.discard("picked")
    return frozenset(able)


def _closed(house: House, seen: Looked, accepts: str) -> View:
    """Return the page of a link that leads nowhere any more."""
    one, known = seen.conversation, house.wording.languages
    accepted = (part.strip()[:2].casefold() for part in accepts[:200].split(","))
    language = language_of(house, one) if one else next((code for code in accepted if code in known), "en")
    words = house.wording.page(language, formal=one is None or _formal(house, one))
    return View(language=language, words=words, said=words.broken if one is None else words.over)


def language_of(house: House, one: Conversation) -> str:
    """Return the language of the notes of a conversation."""
    account = house.account(one.channel, one.account)
    wanted = (one.language, account.language, "en")
    return next((code for code in wanted if code in house.wording.languages), "en")


def _formal(house: House, one: Conversation) -> bool:
    return house.account(one.channel, one.account).address != "informal"


class _Pen:
    """Writes the sentences of one page."""

    def __init__(self, house: House, one: Conversation, now: datetime) -> None:
        self._house, self._one, self._now = house, one, now
        self.language = language_of(house, one)
        self.words = house.wording.page(self.language, formal=_formal(house, one))

    def said(self, stand: Stand) -> tuple[str, str]:
        """Return the sentence for where the matter stands, and one more."""
        words, kind = self.words, self._one.wish.kind if self._one.wish is not None else ""
        if stand is Stand.WAITS:
            return self._greeting() or words.title, ""
        if stand is Stand.SAID and kind == "urgent":
            return words.urgent_done.format(first_name=self._name()), self._greeting()
        if stand is Stand.SAID:
            done, until = words.later_done if kind == "later" else words.pick_done, self._until()
            return (done.format(time=until) if until else words.title), ""
        if stand is Stand.OPENED:
            return words.open_done.format(first_name=self._name()), self._greeting()
        return (words.question if stand is Stand.ASKED else words.solved_done), ""

    def label(self, kind: str, stand: Stand) -> str:
        """Return what a button says."""
        words = self.words
        solved = words.solved_yes if stand in {Stand.ASKED, Stand.OPENED} else words.solved
        labels = {
            "later": words.later,
            "urgent": words.urgent,
            "solved": solved,
            "open": words.open_still,
            "undone": words.undo,
        }
        return labels[kind]

    def times(self) -> tuple[Time, ...]:
        """Return the times to pick from."""
        found = suits.times(self._house, self._one, self._now)
        return tuple(Time(value=int(at.timestamp()), text=_upper(self._time(at))) for at in found)

    def _greeting(self) -> str:
        """Say who answers by when; nothing where no time is promised any more."""
        until = self._until()
        return self.words.greeting.format(first_name=self._name(), time=until) if until else ""

    def _until(self) -> str:
        """Return the promised time in words; "" where none lies ahead."""
        made = self._one.promise
        runs = made is not None and made.state is PromiseState.MADE and made.at > self._now
        return self._time(made.at) if made is not None and runs else ""

    def _name(self) -> str:
        house, one = self._house, self._one
        behind = house.book.person(one.previous_owner) if one.waiting_since is None else None
        person = behind or suits.behind(house, one)
        return first_name(person.name) if person is not None else ""

    def _time(self, at: datetime) -> str:
        return self._house.wording.say_time(at, self._now, self._zone(), self.language)

    def _zone(self) -> ZoneInfo:
        one = self._one
        return self._house.zone(wanted=one.zone, account=self._house.account(one.channel, one.account))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
