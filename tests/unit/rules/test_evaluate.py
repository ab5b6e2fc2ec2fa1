from collections.abc import Callable

import pytest

from rules.evaluate import Rulebook, evaluate
from rules.examples import facts_in
from rules.explain import explain
from rules.model import Explanation, Facts, Verdict

Book = Callable[[str], Rulebook]

REFINED = """
channels:
  email: {target: 8h, hours: office, queue: general, priority: low, note: sober, acknowledge: always}
rules:
  - {name: premium, when: {customer.tier: premium}, then: {priority: high, skills: [legal]}, continue: true}
  - {name: refunds, when: {text: {contains_any: [refund]}}, then: {queue: billing, skills: [billing], priority: normal}}
  - {name: late, when: {hours.late: open}, then: {hours: late, target: 2h, language: de}}
  - {name: junk, when: {text: {contains_any: [casino]}}, then: {hold: true, note: none, acknowledge: never}}
"""


def decide(book: Rulebook, **message: object) -> Verdict:
    """Return the verdict on a message."""
    return evaluate(book, facts_in(book, {"channel": "email", **message}))


def test_the_first_match_wins(book: Book) -> None:
    """The first matching rule decides, and the search ends there."""
    verdict = decide(book(REFINED), text="refund from the casino")
    assert (verdict.rule, verdict.rules) == ("refunds", ("refunds",))
    assert (verdict.queue, verdict.hold) == ("billing", False)


def test_continue_lets_later_rules_add(book: Book) -> None:
    """After `continue: true` later rules add what is open; skills add up; nothing decided changes."""
    verdict = decide(book(REFINED), text="refund", customer={"tier": "premium"})
    assert verdict.rules == ("premium", "refunds")
    assert (verdict.rule, verdict.queue, verdict.priority) == ("premium", "billing", "high")
    assert verdict.skills == ("legal", "billing")


def test_continue_alone_leaves_the_rest_to_the_channel(book: Book) -> None:
    """A rule that continues and is followed by none still counts."""
    verdict = decide(book(REFINED), text="hello", customer={"tier": "premium"})
    assert (verdict.rules, verdict.queue, verdict.priority) == (("premium",), "general", "high")


def test_defaults_come_from_the_channel(book: Book) -> None:
    """Where no rule matches, the channel decides."""
    verdict = decide(book(REFINED), text="hello")
    assert (verdict.rule, verdict.rules, verdict.queue) == ("", (), "general")
    assert (verdict.target_s, verdict.priority, verdict.tone) == (8 * 3600, "low", "sober")
    assert (verdict.acknowledge, verdict.hold, verdict.skills, verdict.language) == ("always", False, (), "")


def test_everything_a_rule_can_decide(book: Book) -> None:
    """Hold, note and acknowledgement; hours, target and language."""
    junk = decide(book(REFINED), text="casino")
    assert (junk.hold, junk.tone, junk.acknowledge) == (True, "none", "never")
    late = decide(book(REFINED), text="hello", at="2026-11-23 23:00")
    assert (late.hours, late.target_s, late.language) == ("late", 7200, "de")


HOURS = """
channels:
  forum: {hours: late}
rules:
  - {name: own, when: {text: own}, then: {hours: always, queue: billing}}
  - {name: bills, when: {text: bill}, then: {queue: billing}}
"""


@pytest.mark.parametrize(
    ("channel", "text", "hours"),
    [
        ("forum", "own", "always"),
        ("forum", "bill", "late"),
        ("email", "bill", "office"),
        ("email", "else", "always"),
    ],
)
def test_hours_come_from_rule_channel_queue_or_always(
    book: Book, channel: str, text: str, hours: str
) -> None:
    """The target counts in the hours of the rule, else the channel, else the queue, else always."""
    assert decide(book(HOURS), channel=channel, text=text).hours == hours


def test_the_explanation_names_who_decided(book: Book) -> None:
    """One sentence for each thing decided, with the rule or the default behind it."""
    verdict = decide(book(REFINED), text="refund", customer={"tier": "premium"})
    assert verdict.explanation == (
        "Priority high (rule 'premium').",
        "Needs the skills legal (rule 'premium').",
        "Queue 'billing' (rule 'refunds').",
        "Needs the skills billing (rule 'refunds').",
        "Target 8 h (default of email).",
        "The note is worded sober (default of email).",
        "A note goes out always (default of email).",
        "The target counts in the hours 'office' (default of email).",
    )


def test_a_verdict_carries_the_version(book: Book) -> None:
    """Equal texts have equal versions, and any change makes another."""
    one, same, other = book(REFINED), book(REFINED), book(HOURS)
    assert decide(one).version == one.version == same.version != other.version


def test_a_channel_unknown_to_the_rules_still_gets_a_verdict(book: Book) -> None:
    """Work from a channel that the rules do not know lands in triage, due in a day."""
    made = book(REFINED)
    verdict = evaluate(made, Facts(now=facts_in(made, {"channel": "email"}).now, channel="telex"))
    assert (verdict.queue, verdict.target_s, verdict.hours) == ("triage", 86400, "always")
    assert made.queue("gone").id == "triage"
    assert made.person("gone") is None


def test_explain_speaks_of_every_rule(book: Book) -> None:
    """Each rule says why it matched, did not match or was not reached; the defaults come last."""
    made = book(REFINED)
    told = explain(
        made, facts_in(made, {"channel": "email", "text": "A refund", "customer": {"tier": "gold"}})
    )
    assert told == [
        Explanation(rule="premium", outcome="no", text="no: customer.tier is gold, not premium"),
        Explanation(rule="refunds", outcome="matched", text="yes: text contains 'refund'"),
        Explanation(rule="late", outcome="not reached", text="not reached: 'refunds' decided before"),
        Explanation(rule="junk", outcome="not reached", text="not reached: 'refunds' decided before"),
        Explanation(
            rule="",
            outcome="default",
            text=" ".join(decide(made, text="A refund", customer={"tier": "gold"}).explanation),
        ),
    ]
    assert str(told[1]) == "refunds: yes: text contains 'refund'"


@pytest.mark.parametrize(
    ("when", "message", "text"),
    [
        ("{text: {contains_any: [refund, money back]}}", {}, "no: text contains none of refund, money back"),
        ("{text: {contains_all: [order, late]}}", {"text": "order"}, "no: text lacks late"),
        ("{channel: [phone, forum]}", {}, "no: channel is email, not phone or forum"),
        ("{customer.tier: premium}", {}, "no: customer.tier is unknown, not premium"),
        ("{unanswered: {greater: 2}}", {}, "no: unanswered is 1, not more than 2"),
        ("{hours.office: closed}", {}, "no: office is open now"),
        ("{time: closed}", {}, "no: always is open now"),
        ("{upset: true}", {"text": "furious"}, "yes: the customer sounds upset ('furious')"),
        ("{sensitive: legal}", {"text": "my attorney"}, "yes: it touches legal ('attorney*')"),
        ("{attachments: true}", {}, "no: there is no attachment"),
        ("{not: {channel: email}}", {}, "no: channel is email"),
        (
            "{any: [{text: a}, {subject: b}]}",
            {"text": "c"},
            "no: text is c, not a and subject is unknown, not b",
        ),
        ("{}", {}, "yes: it holds for every message"),
    ],
)
def test_reasons(book: Book, when: str, message: dict[str, object], text: str) -> None:
    """Reasons are sentences about this message."""
    made = book(f"rules: [{{name: it, when: {when}, then: {{priority: high}}}}]")
    assert explain(made, facts_in(made, {"channel": "email", **message}))[0].text == text
