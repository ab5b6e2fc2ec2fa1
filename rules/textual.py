"""Conditions on texts: equal, containing words, beginning with, matching a pattern."""

from collections.abc import Callable, Iterable
from typing import Any

from rules.match import Check, Condition, joined
from rules.view import SEVERAL, View
from rules.words import Terms, Words, fold


def equals(field: str, values: Iterable[str]) -> Condition:
    """Return a condition: the field is one of the values; "" means that it is empty or unknown."""
    shown = tuple(values)
    wanted = frozenset(fold(value) for value in shown)
    return Condition(
        check=_on(field, lambda words: words.folded in wanted),
        yes=lambda view: f"{label(field)} is {_value(view, field)}",
        no=lambda view: (
            f"{label(field)} is {_value(view, field)}, not {joined([_shown(v) for v in shown], 'or')}"
        ),
        key=f"{field} is {sorted(wanted)}",
        says=f"{label(field)} is {joined([_shown(value) for value in shown], 'or')}",
        denies=f"{label(field)} is not {joined([_shown(value) for value in shown], 'or')}",
    )


def contains(field: str, terms: Iterable[str], *, all_of: bool) -> Condition:
    """Return a condition: any of the terms, or all of them, occur in the field as whole words."""
    wanted = Terms(terms)
    listed = ", ".join(wanted.terms[:8]) + (", …" if len(wanted.terms) > 8 else "")

    def hits(view: View) -> str:
        found = list(dict.fromkeys(term for words in view.each(field) for term in wanted.found(words)))
        return joined([f"'{term}'" for term in found[:3]], "and")

    def lacks(view: View) -> str:
        there = {term for words in view.each(field) for term in wanted.found(words)}
        return ", ".join(term for term in wanted.terms if term not in there)

    return Condition(
        check=_on(field, wanted.all_occur if all_of else wanted.occur),
        yes=lambda view: f"{label(field)} contains {hits(view)}",
        no=lambda view: (
            f"{label(field)} lacks {lacks(view) or listed}"
            if all_of
            else f"{label(field)} contains none of {listed}"
        ),
        key=f"{field} contains {'all' if all_of else 'any'} {sorted({fold(term) for term in wanted.terms})}",
        says=f"{label(field)} contains {'all' if all_of else 'any'} of: {listed}"
        if len(wanted.terms) > 1
        else f"{label(field)} contains {listed}",
        denies=f"{label(field)} does not contain {'all' if all_of else 'any'} of: {listed}"
        if len(wanted.terms) > 1
        else f"{label(field)} does not contain {listed}",
    )


def starts(field: str, beginnings: Iterable[str]) -> Condition:
    """Return a condition: the field begins with one of the texts, whatever the case."""
    shown = tuple(beginnings)
    wanted = tuple(fold(text) for text in shown)
    listed = joined([f"'{text}'" for text in shown], "or")
    return Condition(
        check=_on(field, lambda words: words.folded.startswith(wanted)),
        yes=lambda _: f"{label(field)} starts with {listed}",
        no=lambda _: f"{label(field)} does not start with {listed}",
        key=f"{field} starts {sorted(wanted)}",
        says=f"{label(field)} starts with {listed}",
        denies=f"{label(field)} does not start with {listed}",
    )


def matches(field: str, patterns: Iterable[Any]) -> Condition:
    """Return a condition: one of the patterns, as `pattern` returns them, is found in the field."""
    searches = [one.search for one in patterns]
    sources = [one.pattern for one in patterns]
    listed = joined(sources, "or")
    return Condition(
        check=_on(field, lambda words: any(search(words.searchable) is not None for search in searches)),
        yes=lambda _: f"{label(field)} matches {listed}",
        no=lambda _: f"{label(field)} does not match {listed}",
        key=f"{field} matches {sorted(sources)}",
        says=f"{label(field)} matches {listed}",
        denies=f"{label(field)} does not match {listed}",
    )


def label(field: str) -> str:
    """Return a field's name for sentences."""
    return {
        "previous_owner": "the previous owner",
        "sender": "the sender",
        "sender_name": "the sender's name",
        "content": "subject or text",
        "attachments": "an attachment",
    }.get(field, field)


def _on(field: str, test: Callable[[Words], bool]) -> Check:
    if field in SEVERAL:
        return lambda view: any(test(words) for words in view.each(field))
    return lambda view: test(view.words(field))


def _value(view: View, field: str) -> str:
    return joined([_shown(words.text) for words in view.each(field)], "and") or "missing"


def _shown(text: str) -> str:
    short = text if len(text) <= 60 else f"{text[:57]}…"
    return short.replace("\n", " ").strip() or "unknown"
