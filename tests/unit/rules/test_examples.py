from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rules.evaluate import Rulebook
from rules.examples import USUAL_TIME, facts_from_example, run
from rules.load import RulesError

Book = Callable[[str], Rulebook]

RULES = """
channels: {email: {hours: office}}
rules:
  - {name: a, when: {text: a}, then: {queue: billing, target: 4h, skills: [legal, billing], note: sober}}
examples:
"""


def outcome(book: Book, message: str, expect: str) -> str:
    """Return what `check` says of one example; "" when it holds."""
    found = run(book(f"{RULES}  - {{message: {message}, expect: {expect}}}\n"))
    return found[0].text if found else ""


@pytest.mark.parametrize(
    "expect",
    [
        "{rule: a, queue: billing, target: 240m, note: sober, skills: [billing, legal]}",
        "{rules: [a], priority: normal, hold: false, hours: office, acknowledge: when_waiting}",
    ],
)
def test_examples_that_hold(book: Book, expect: str) -> None:
    """Expectations are compared by meaning: 4h is 240m, and skills have no order."""
    assert outcome(book, "{channel: email, text: A}", expect) == ""


@pytest.mark.parametrize(
    ("expect", "part"),
    [
        ("{rule: ''}", "rule should be none and is 'a'"),
        ("{queue: general}", "queue should be 'general' and is 'billing'"),
        ("{target: 1h}", "target should be 1h and is 4h"),
        ("{hold: true}", "hold should be true and is false"),
        ("{language: da, priority: low}", "language should be 'da' and is none; priority should be 'low'"),
    ],
)
def test_examples_that_fail_say_what_came_out(book: Book, expect: str, part: str) -> None:
    """A failed example says what was expected, what came out and which rules decided."""
    text = outcome(book, "{channel: email, text: a}", expect)
    assert part in text
    assert text.endswith("Decided by: a")


def test_a_failed_example_has_its_place(book: Book) -> None:
    """The place is that of the expectation."""
    made = book(f"{RULES}  - message: {{channel: email}}\n    expect: {{rule: a}}\n")
    [problem] = run(made)
    assert made.text.splitlines()[problem.line - 1][problem.column - 1 :] == "{rule: a}"
    assert problem.text.endswith("Decided by: defaults")


def test_the_time_of_an_example_is_on_the_clock_of_its_hours(book: Book) -> None:
    """`at` without a zone is local to the hours that apply to the channel."""
    assert outcome(book, "{channel: email, at: 2026-11-23 09:00}", "{rule: ''}") == ""
    facts = facts_from_example(
        {"channel": "email", "at": "2026-11-23 09:00"}, zone=ZoneInfo("Europe/Copenhagen")
    )
    assert facts.now == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert facts_from_example({"channel": "email", "at": "2026-11-23T09:00Z"}).now.hour == 9
    assert facts_from_example({"channel": "email"}).now == USUAL_TIME


def test_mistakes_in_a_described_message() -> None:
    """A message described elsewhere, as on the command line, is read by the same grammar."""
    with pytest.raises(RulesError, match="did you mean 'text'"):
        facts_from_example({"channel": "email", "txt": "a"})
    with pytest.raises(RulesError, match="needs the field 'channel'"):
        facts_from_example({"unanswered": 2})
