"""What the small page says that a note's link opens: its labels, and what it answers to a tap."""

from collections.abc import Mapping

from msgspec import Struct

from rules.template import Template

_TIME, _NAME = frozenset({"time"}), frozenset({"first_name"})
#: Every text of the page, and the values that stand in it.
PAGE: Mapping[str, frozenset[str]] = {
    "title": frozenset(),
    "greeting": _NAME | _TIME,
    "later": frozenset(),
    "later_done": _TIME,
    "urgent": frozenset(),
    "urgent_done": _NAME,
    "pick": frozenset(),
    "pick_button": frozenset(),
    "pick_done": _TIME,
    "pick_refused": frozenset(),
    "solved": frozenset(),
    "solved_done": frozenset(),
    "question": frozenset(),
    "solved_yes": frozenset(),
    "open_still": frozenset(),
    "tell": frozenset(),
    "open_done": _NAME,
    "confirm": frozenset(),
    "back": frozenset(),
    "undo": frozenset(),
    "over": frozenset(),
    "broken": frozenset(),
    "failed": frozenset(),
}


class PageWords(Struct, frozen=True, kw_only=True):
    """The page's texts in one language and form of address.

    Where a text names a value it is written `{time}` or `{first_name}`, to be filled in with
    `str.format`: `words.later_done.format(time=wording.say_time(…))`.
    """

    title: str
    #: {first_name} {time}: who sees to it, and by when.
    greeting: str
    #: Tomorrow is fine.
    later: str
    #: {time}
    later_done: str
    #: It is urgent.
    urgent: str
    #: {first_name}
    urgent_done: str
    #: Pick a time: the label and the button below the choice.
    pick: str
    pick_button: str
    #: {time}
    pick_done: str
    #: Nobody can answer by the time that was picked.
    pick_refused: str
    #: Solved, thank you.
    solved: str
    solved_done: str
    #: After an answer: did that solve it? Yes; no, something is open.
    question: str
    solved_yes: str
    open_still: str
    #: What is still open: the label of a field that may stay empty.
    tell: str
    #: {first_name}
    open_done: str
    #: Above the button that makes a choice count, and the way back.
    confirm: str
    back: str
    #: They changed their mind.
    undo: str
    #: The link is no longer in use; it is incomplete; what was asked could not be done just now.
    over: str
    broken: str
    failed: str


def page_words(texts: Mapping[str, Template], *, formal: bool) -> PageWords:
    """Return the page's words in one form of address."""
    left = {name: f"{{{name}}}" for name in _TIME | _NAME}
    return PageWords(**{key: text.render(left, formal=formal) for key, text in texts.items()})
