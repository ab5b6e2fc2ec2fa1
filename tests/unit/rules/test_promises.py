from collections.abc import Callable

import pytest

from rules.evaluate import Rulebook, evaluate
from rules.examples import facts_in, run
from rules.load import RulesError, load, read
from rules.shares import between, said

Book = Callable[[str], Rulebook]
Problems = Callable[[str], list[str]]


def test_promises_are_kept_as_shipped() -> None:
    """Nothing said: 95 of 100 times kept, warnings at 70 and 85 per cent, no question afterwards, links."""
    for policy in load(None, channels=[]).channels.values():
        assert (policy.promise_level, policy.warn_at, policy.lead_at) == (0.95, 0.7, 0.85)
        assert (policy.follow_up_s, policy.customer_links) == (None, True)


def test_a_channel_says_how_its_promises_are_kept(book: Book) -> None:
    """Shares are read in both forms; a follow-up has a time or never comes."""
    rules = book("""
        channels:
          email: {promise_level: 99%, warn_at: 50%, lead_at: 0.9, follow_up: 24h, customer_links: false}
          forum: {promise_level: 0.8, follow_up: never}
        """)
    email, forum = rules.policy("email"), rules.policy("forum")
    assert (email.promise_level, email.warn_at, email.lead_at) == (0.99, 0.5, 0.9)
    assert (email.follow_up_s, email.customer_links) == (86400.0, False)
    assert (forum.promise_level, forum.follow_up_s) == (0.8, None)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("promise_level: 100%", "35: '100%' is out of range; write a share from 50% to 99.5%"),
        ("promise_level: 95", "35: '95' is not a share; write it like 99.5% or 0.995"),
        ("warn_at: most", "29: 'most' is not a share; write it like 98% or 0.98"),
        (
            "warn_at: 90%",
            "29: the lead is warned at 85% and the owner at 90%; make lead_at later than warn_at",
        ),
        (
            "warn_at: 80%, lead_at: 80%",
            "43: the lead is warned at 80% and the owner at 80%; make lead_at later than warn_at",
        ),
        (
            "follow_up: later",
            "31: 'later' is not a duration: write instant, 90s, 5m, 4h, 2d or 1h30m, or never",
        ),
        ("customer_links: sure", "36: write true or false here, not 'sure'"),
    ],
)
def test_what_cannot_be_meant_is_told(problems: Problems, entry: str, told: str) -> None:
    """Each mistake is named with its place and a way to mend it."""
    assert problems(f"channels: {{email: {{{entry}}}}}\n") == [f"1:{told}"]


def test_shares_are_exact() -> None:
    """95% and 0.95 are the same number, and a share is said as it was written."""
    read = between(0.0, 1.0)
    assert {read("95%"), read("0.95"), read(".95"), read("95,0 %")} == {0.95}
    assert [said(each) for each in (0.7, 0.85, 0.995, 0.29)] == ["70%", "85%", "99.5%", "29%"]


# --- overflow -----------------------------------------------------------------------------------

OVERFLOW = """
queues:
  general: {{duty: [maria]}}
  billing: {{duty: [maria], overflow: {}}}
"""


def overflow(value: str) -> str:
    """Return a file of one team in which billing overflows somewhere."""
    team = "version: 1\nagents: {maria: {name: Maria, queues: [general, billing]}}"
    return team + OVERFLOW.format(value)


def test_a_queue_may_overflow_into_others() -> None:
    """The queues are kept in the order in which they are asked."""
    rules = read(overflow("[general, triage]"), source="f", channels=[])
    assert rules.queue("billing").overflow == ("general", "triage")
    assert rules.queue("general").overflow == ()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("[general, billing]", "f:5:38: 'billing' cannot overflow into itself; name other queues"),
        ("[generl]", "f:5:39: no queue is called 'generl'; did you mean 'general'?"),
    ],
)
def test_where_work_cannot_overflow_is_told(value: str, told: str) -> None:
    """A queue does not overflow into itself, nor into one that does not exist."""
    with pytest.raises(RulesError) as caught:
        read(overflow(value), source="f", channels=[])
    assert str(caught.value) == told


# --- ask ----------------------------------------------------------------------------------------

ASKS = """
rules:
  - {name: parcels, when: {text: {contains_any: [parcel]}}, then: {ask: order}, continue: true}
  - {name: others, then: {ask: email, priority: high}}
examples:
  - message: {channel: email, text: "Where is my parcel?"}
    expect: {ask: order}
"""


def test_a_rule_asks_for_the_missing_fact(book: Book) -> None:
    """The first rule that asks decides what is asked for, says so, and an example can expect it."""
    rules = book(ASKS)
    parcel = evaluate(rules, facts_in(rules, {"channel": "email", "text": "a parcel"}))
    other = evaluate(rules, facts_in(rules, {"channel": "email", "text": "a bill"}))
    assert (parcel.ask, parcel.priority, other.ask) == ("order", "high", "email")
    assert parcel.explanation[0] == "Asks for 'order' (rule 'parcels')."
    assert run(rules) == []


def test_without_a_rule_nothing_is_asked_for(book: Book) -> None:
    """No channel asks for anything by itself."""
    rules = book("")
    assert evaluate(rules, facts_in(rules, {"channel": "email", "text": "hello"})).ask == ""
