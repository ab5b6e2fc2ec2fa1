"""Evaluates a rulebook: the facts of one message in, what to do with it out."""

from typing import Any

from rules.model import ChannelPolicy, Facts, Verdict
from rules.rulebook import TRIAGE, Effect, Rule, Rulebook, policy_sayings, sayings
from rules.view import View

__all__ = ["TRIAGE", "Effect", "Rule", "Rulebook", "evaluate"]


def evaluate(book: Rulebook, facts: Facts) -> Verdict:
    """Decide about one message.

    Rules are tried from top to bottom and the first that matches ends the search, unless it says
    `continue: true`: then later ones may add what is still open. Each thing is decided by the first
    rule that says it; only skills add up. What no rule says comes from the channel. The hours in
    which the target counts are the rule's, else the channel's, else the queue's, else always.
    """
    view = View(facts, book.calendars, book.usual)
    names: list[str] = []
    decided: dict[str, Any] = {}
    sentences: list[str] = []
    for rule in book.rules:
        if rule.when.check(view):
            names.append(rule.name)
            _add(rule, decided, sentences)
            if not rule.go_on:
                break
    return _verdict(book, facts, names, decided, sentences)


def _add(rule: Rule, decided: dict[str, Any], sentences: list[str]) -> None:
    for what, value, sentence in rule.says:
        if what == "skills":
            decided[what] = tuple(dict.fromkeys((*decided.get(what, ()), *value)))
        elif what in decided:
            continue
        else:
            decided[what] = value
        sentences.append(sentence)


def _verdict(
    book: Rulebook, facts: Facts, names: list[str], decided: dict[str, Any], sentences: list[str]
) -> Verdict:
    policy = book.policy(facts.channel)
    for what, value, sentence in book.defaults.get(facts.channel) or policy_sayings(policy):
        if what not in decided:
            decided[what] = value
            sentences.append(sentence)
    if "hours" not in decided:
        decided["hours"], sentence = _hours(book, policy, decided["queue"])
        sentences.append(sentence)
    return Verdict(
        version=book.version,
        rule=names[0] if names else "",
        rules=tuple(names),
        explanation=tuple(sentences),
        **decided,
    )


def _hours(book: Rulebook, policy: ChannelPolicy, queue: str) -> tuple[str, str]:
    """Return the hours that count where no rule names any, and the sentence that says why."""
    if policy.hours:
        name, by = policy.hours, f"default of {policy.channel}"
    else:
        name, by = book.queue(queue).hours, f"hours of the queue '{queue}'"
    if not name:
        return "always", "The target counts day and night (no rule, channel or queue says otherwise)."
    return name, sayings(Effect(hours=name), by)[0][2]
