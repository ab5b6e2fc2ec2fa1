from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rules.evaluate import Rulebook, evaluate
from rules.examples import facts_in
from rules.explain import explain

Book = Callable[[str], Rulebook]
Problems = Callable[[str], list[str]]


def holds(book: Rulebook, message: Mapping[str, Any]) -> bool:
    """Tell whether the only rule matches the message."""
    return evaluate(book, facts_in(book, {"channel": "email", **message})).rule == "it"


def rule(when: str) -> str:
    """Return a file's rules with this one condition."""
    return f"rules:\n  - {{name: it, when: {when}, then: {{priority: high}}}}\n"


PAIRS = [
    # condition, a message for which it holds, one for which it does not
    ("{channel: email}", {}, {"channel": "forum"}),
    ("{channel: [forum, email]}", {}, {"channel": "phone"}),
    ("{channel: {in: [forum, email]}}", {}, {"channel": "phone"}),
    ("{channel: {not: forum}}", {}, {"channel": "forum"}),
    ("{channel: {not: [forum, phone]}}", {}, {"channel": "phone"}),
    ("{account: support}", {"account": "Support"}, {"account": "sales"}),
    ("{text: {contains_any: [refund, money back]}}", {"text": "My MONEY-BACK, please"}, {"text": "Is it refundable?"}),
    ("{text: {contains_any: refund*}}", {"text": "Is it refundable?"}, {"text": "A prerefund"}),
    ("{text: {contains_any: ['50%']}}", {"text": "take 50% off"}, {"text": "50 of them"}),
    ("{text: {contains_all: [order, late]}}", {"text": "Late again, the order"}, {"text": "my order"}),
    (r"{text: {matches: '\bAB-\d{4}\b'}}", {"text": "about ab-1234."}, {"text": "ab-12"}),
    ("{text: {matches: [foo$, ^bar]}}", {"text": "bar none"}, {"text": "a bar"}),
    ("{text: {starts_with: Hello}}", {"text": "  hello there"}, {"text": "Oh hello"}),
    ("{text: {not: {contains_any: [spam]}}}", {"text": "eggs"}, {"text": "spam and eggs"}),
    ("{text: {contains_any: [a1], not: {contains_any: [b2]}}}", {"text": "a1"}, {"text": "a1 b2"}),
    ("{text: stop}", {"text": " STOP\n"}, {"text": "stop it"}),
    ("{text: ''}", {"text": ""}, {"text": "x"}),
    ("{subject: {contains_any: [invoice]}}", {"subject": "Re: Invoice 7"}, {"text": "invoice"}),
    ("{content: {contains_all: [invoice, wrong]}}", {"subject": "Invoice", "text": "It is wrong"}, {"text": "wrong"}),
    ("{sender: {matches: '@bank\\.example$'}}", {"sender": "jo@BANK.example"}, {"sender": "jo@bank.example.org"}),
    ("{sender: {contains_any: ['@bank.example']}}", {"sender": "jo@bank.example"}, {"sender": "jo@example.com"}),
    ("{sender_name: {starts_with: Dr}}", {"sender_name": "Dr Who"}, {"sender_name": "Who"}),
    ("{language: da}", {"language": "da"}, {"language": "en"}),
    ("{language: {not: [en, da]}}", {"language": "ru"}, {"language": "en"}),
    ("{language: ''}", {}, {"language": "en"}),
    ("{customer.tier: premium}", {"customer": {"tier": "Premium"}}, {}),
    ("{customer: {tier: a, country: DK}}", {"customer": {"tier": "a", "country": "dk"}}, {"customer": {"tier": "a"}}),
    ("{customer.tier: {not: premium}}", {}, {"customer": {"tier": "premium"}}),
    ("{customer.orders: {greater: 9}}", {"customer": {"orders": "10"}}, {"customer": {"orders": "many"}}),
    ("{customer.orders: {less: 9.5}}", {"customer": {"orders": 9}}, {"customer": {"orders": "10"}}),
    ("{customer.on: {less: 2020-01-01}}", {"customer": {"on": "2019-12-31"}}, {"customer": {"on": "2020-01-01"}}),
    ("{customer.on: {greater: 2020-01-01}}", {"customer": {"on": "2020-01-02"}}, {"customer": {"on": "long"}}),
    ("{customer.number: 0045}", {"customer": {"number": "0045"}}, {"customer": {"number": "45"}}),
    ("{attachments: true}", {"attachments": ["a.pdf"]}, {}),
    ("{attachments: false}", {}, {"attachments": ["a.pdf"]}),
    ("{attachments: {not: true}}", {}, {"attachments": ["a.pdf"]}),
    ("{attachments: {contains_any: ['*.pdf']}}", {"attachments": ["b.txt", "A.PDF"]}, {"attachments": ["pdf.txt"]}),
    ("{attachments: {starts_with: image/}}", {"attachments": ["a.png", "image/png"]}, {"attachments": ["a.png"]}),
    ("{previous_owner: maria}", {"previous_owner": "maria"}, {"previous_owner": "tom"}),
    ("{previous_owner: {not: ''}}", {"previous_owner": "tom"}, {}),
    ("{kind: unreadable}", {"kind": "unreadable"}, {}),
    ("{unanswered: 2}", {"unanswered": 2}, {"unanswered": 3}),
    ("{unanswered: [2, 3]}", {"unanswered": 3}, {"unanswered": 1}),
    ("{unanswered: {greater: 2}}", {"unanswered": 3}, {"unanswered": 2}),
    ("{unanswered: {greater: 1, less: 4}}", {"unanswered": 3}, {"unanswered": 4}),
    ("{unanswered: {not: 1}}", {"unanswered": 2}, {}),
    ("{reopened: true}", {"reopened": True}, {}),
    ("{reopened: false}", {}, {"reopened": True}),
    ("{promise_broken: {is: true}}", {"promise_broken": True}, {}),
    ("{upset: true}", {"text": "I am furious"}, {"text": "I am glad"}),
    ("{upset: false}", {"text": "I am glad"}, {"text": "I am furious"}),
    ("{sensitive: true}", {"text": "my lawyer"}, {"text": "my dog"}),
    ("{sensitive: false}", {"text": "my dog"}, {"text": "my lawyer"}),
    ("{sensitive: [legal, press]}", {"text": "my lawyer"}, {"text": "there is a gas leak"}),
    ("{time: open}", {"at": "2026-11-23 03:00"}, {"channel": "forum", "at": "2026-11-23 03:00"}),
    ("{hours.office: open}", {"at": "2026-11-23T09:00+01:00"}, {"at": "2026-11-23T17:00+01:00"}),
    ("{hours: {office: closed, late: open}}", {"at": "2026-11-23T23:00+01:00"}, {"at": "2026-11-23T17:00+01:00"}),
    ("{all: [{channel: email}, {text: a}]}", {"text": "a"}, {"text": "b"}),
    ("{any: [{text: a}, {text: b}]}", {"text": "b"}, {"text": "c"}),
    ("{not: {text: a}}", {"text": "b"}, {"text": "a"}),
    ("{channel: email, any: [{text: a}, {not: {any: [{text: b}, {text: c}]}}]}", {"text": "d"}, {"text": "c"}),
    ("{text: STRASSE}", {"text": "Straße"}, {"text": "Gasse"}),
    ("{text: {contains_any: [ｆｕｌｌ]}}", {"text": "full"}, {"text": "fully"}),
    ("{text: {contains_any: [退款]}}", {"text": "我要退款"}, {"text": "你好"}),
]  # fmt: skip


@pytest.mark.parametrize(("when", "yes", "no"), PAIRS)
def test_conditions(book: Book, when: str, yes: dict[str, Any], no: dict[str, Any]) -> None:
    """Every field and operator holds for one message and not for another, and can say why."""
    made = book(f"channels: {{forum: {{hours: office}}}}\n{rule(when)}")
    assert (holds(made, yes), holds(made, no)) == (True, False)
    for message, outcome in ((yes, "yes: "), (no, "no: ")):
        text = explain(made, facts_in(made, {"channel": "email", **message}))[0].text
        assert text.startswith(outcome)
        assert len(text) > len(outcome) + 3


def test_a_rule_without_condition_holds_for_every_message(book: Book) -> None:
    """`when` may be left out, or empty."""
    assert holds(book("rules: [{name: it, then: {priority: low}}]"), {})
    assert holds(book("rules: [{name: it, when: {}, then: {priority: low}}]"), {})


def test_hostile_text_costs_little(book: Book) -> None:
    """Lone surrogates, NUL and megabytes of text are looked at like any other, up to a limit."""
    made = book(rule(r"{text: {matches: '(a+)+$', contains_any: [zebra]}}"))
    for text in ("\ud800 zebra aaa", "\x00zebra aa", "a" * 3_000_000, ("a!" * 500_000) + "zebra"):
        facts = facts_in(made, {"channel": "email", "text": ""})
        evaluate(made, type(facts)(now=facts.now, channel="email", text=text))


@pytest.mark.parametrize(
    ("when", "part"),
    [
        ("{chanel: email}", "did you mean 'channel'?"),
        ("{channel: mail}", "did you mean 'email'?"),
        ("{kind: human}", "write one of: customer"),
        ("{language: danish}", "did you mean 'da'?"),
        ("{previous_owner: mariam}", "did you mean 'maria'?"),
        ("{hours.ofice: open}", "did you mean 'office'?"),
        ("{hours: open}", "such as {office: open}"),
        ("{time: shut}", "write one of: open, closed"),
        ("{time: [open]}", "a single value"),
        ("{upset: yes}", "write true or false here, not 'yes'"),
        ("{unanswered: {greater: two}}", "a whole number from 0"),
        ("{customer.age: {greater: old}}", "neither a number nor a date"),
        ("{customer.: x}", "no field 'customer.'"),
        ("{customer.a b: x}", "name of an attribute"),
        ("{customer: premium}", "such as {tier: premium}"),
        ("{text: {contains: a}}", "did you mean 'contains_any'?"),
        ("{text: {contains_any: []}}", "the list is empty"),
        ("{text: {}}", "say what 'text' should be"),
        ("{text: [{is: a}]}", "a text is needed here, not a mapping"),
        ("{text: ~}", "a text is needed here, not nothing"),
        ("{text: true}", 'put it in quotes: "true"'),
        ("{matches: a}", "stands behind a field"),
        ("{channel: {matches: a}}", "'channel' does not know 'matches'"),
        ("{text: {matches: '(a'}}", "at character 1: missing )"),
        ("{text: {matches: 'ab(?=c)'}}", "at character 3: invalid perl operator '(?='; look-around"),
        (r"{text: {matches: '(a)\1'}}", "back references"),
        ("{text: {matches: 'a{1001}'}}", "at character 2"),
        (f"{{text: {{matches: {'a' * 501}}}}}", "longer than 500"),
        (r"{text: {matches: '\PN{900}\pL{900}'}}", "too large"),
        ("{any: {channel: email}}", "takes a list"),
        ("{all: []}", "takes a list"),
        ("{not: [{channel: email}]}", "a condition is needed here"),
        ("[{channel: email}]", "a condition is needed here"),
        ("{not: " * 12 + "{channel: email}" + "}" * 12, "nested more than 10 deep"),
        ("{sensitive: money}", "write one of: self_harm"),
    ],
)
def test_mistakes_in_conditions(problems: Problems, when: str, part: str) -> None:
    """A mistake in a condition is explained at its place."""
    found = problems(rule(when))
    assert any(part in problem for problem in found), found
    assert found[0].startswith("2:")


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("{}", "any message"),
        ("{channel: email, upset: true}", "channel is email and the customer sounds upset"),
        ("{text: {contains_any: [refund, lamp]}}", "text contains any of: refund, lamp"),
        ("{text: {not: {contains_all: [refund]}}}", "text does not contain refund"),
        ("{customer.tier: [gold, premium]}", "customer.tier is gold or premium"),
        ("{unanswered: {greater: 2}}", "the number of unanswered messages is more than 2"),
        ("{customer.since: {less: 2026-01-01}}", "customer.since is before 2026-01-01"),
        ("{subject: {starts_with: Re}}", "subject starts with 'Re'"),
        ("{hours.office: closed}", "office is closed"),
        ("{sensitive: true}", "it touches self-harm, danger, death, legal or press"),
        (
            "{channel: email, any: [{upset: true}, {reopened: true}]}",
            "channel is email and (the customer sounds upset or the conversation was reopened)",
        ),
        (
            "{not: {any: [{upset: true}, {attachments: true}]}}",
            "the customer does not sound upset and there is no attachment",
        ),
    ],
)
def test_a_condition_says_in_words_when_it_holds(book: Book, when: str, says: str) -> None:
    """Whatever the message: for the page that shows the rules."""
    assert book(rule(when)).rules[0].when.says == says
