"""Conditions on states and amounts: numbers and dates, yes or no, open or closed, sensitive matters."""

import re
from collections.abc import Callable, Iterable

from rules import mood
from rules.match import Condition, joined
from rules.textual import label
from rules.view import View

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

#: Fields that are true or false: how to look, and the sentences for true and for false.
_FLAGS: dict[str, tuple[Callable[[View], bool], str, str]] = {
    "attachments": (
        lambda view: bool(view.facts.attachments),
        "there are attachments",
        "there is no attachment",
    ),
    "reopened": (lambda view: view.facts.reopened, "the conversation was reopened", "it was not reopened"),
    "promise_broken": (
        lambda view: view.facts.promise_broken,
        "a promise was broken",
        "no promise was broken",
    ),
    "upset": (lambda view: view.upset, "the customer sounds upset", "the customer does not sound upset"),
}


def amount(field: str, operator: str, limit: float) -> Condition:
    """Return a condition: a number is, or is greater or less than, the limit; a text that is no number is not."""
    sign = {"is": "exactly", "greater": "more than", "less": "less than"}[operator]
    named = "the number of unanswered messages" if field == "unanswered" else label(field)

    def check(view: View) -> bool:
        value = _number(view, field)
        if value is None:
            return False
        return (
            value > limit
            if operator == "greater"
            else value < limit
            if operator == "less"
            else value == limit
        )

    return Condition(
        check=check,
        yes=lambda view: f"{label(field)} is {_written(view, field)}, {sign} {limit:g}",
        no=lambda view: f"{label(field)} is {_written(view, field)}, not {sign} {limit:g}",
        key=f"{field} {operator} {limit:g}",
        says=f"{named} is {sign} {limit:g}",
        denies=f"{named} is not {sign} {limit:g}",
    )


def dated(field: str, operator: str, limit: str) -> Condition:
    """Return a condition: a date (2026-12-24) is after (`greater`) or before (`less`) the limit."""
    sign = {"greater": "after", "less": "before"}[operator]

    def check(view: View) -> bool:
        found = _DATE.match(view.words(field).text)
        return found is not None and (found[0] > limit if operator == "greater" else found[0] < limit)

    return Condition(
        check=check,
        yes=lambda view: f"{label(field)} is {_written(view, field)}, {sign} {limit}",
        no=lambda view: f"{label(field)} is {_written(view, field)}, not {sign} {limit}",
        key=f"{field} {operator} {limit}",
        says=f"{label(field)} is {sign} {limit}",
        denies=f"{label(field)} is not {sign} {limit}",
    )


def flag(field: str, *, wanted: bool) -> Condition:
    """Return a condition: a state holds, or does not."""
    look, true, false = _FLAGS[field]

    def say(view: View) -> str:
        if field == "upset" and view.upset:
            return f"{true} ({joined(mood.signs(view.words('content')), 'and')})"
        return true if look(view) else false

    check = look if wanted else lambda view: not look(view)
    return Condition(
        check=check,
        yes=say,
        no=say,
        key=f"{field} {wanted}",
        says=true if wanted else false,
        denies=false if wanted else true,
    )


def sensitive(kinds: Iterable[str]) -> Condition:
    """Return a condition: the text touches one of these sensitive matters."""
    wanted = tuple(kind for kind in mood.KINDS if kind in set(kinds))
    names = frozenset(wanted)

    def yes(view: View) -> str:
        kind = next(kind for kind in view.sensitive if kind in names)
        return f"it touches {spoken(kind)} ({joined(mood.touched(view.words('content'), kind), 'and')})"

    return Condition(
        check=lambda view: not names.isdisjoint(view.sensitive),
        yes=yes,
        no=lambda _: f"it does not touch {joined([spoken(kind) for kind in wanted], 'or')}",
        key=f"sensitive {sorted(names)}",
        says=f"it touches {joined([spoken(kind) for kind in wanted], 'or')}",
        denies=f"it does not touch {joined([spoken(kind) for kind in wanted], 'or')}",
    )


def spoken(kind: str) -> str:
    """Return a kind of sensitive matter for sentences."""
    return kind.replace("_", "-")


def opened(name: str, *, wanted: bool) -> Condition:
    """Return a condition: the hours ("" = those of the channel) are open now, or closed."""

    def say(view: View) -> str:
        return f"{view.calendar(name).name} is {'open' if view.is_open(name) else 'closed'} now"

    return Condition(
        check=(lambda view: view.is_open(name)) if wanted else (lambda view: not view.is_open(name)),
        yes=say,
        no=say,
        key=f"hours {name} {wanted}",
        says=f"{name or 'the channel'} is {'open' if wanted else 'closed'}",
        denies=f"{name or 'the channel'} is {'closed' if wanted else 'open'}",
    )


def _number(view: View, field: str) -> float | None:
    if field == "unanswered":
        return view.facts.unanswered
    try:
        return float(view.words(field).text)
    except ValueError:
        return None


def _written(view: View, field: str) -> str:
    return str(view.facts.unanswered) if field == "unanswered" else view.words(field).text or "unknown"
