"""Says of every rule, in a sentence, why it did or did not decide about a message."""

from rules.evaluate import Rulebook, evaluate
from rules.model import Explanation, Facts
from rules.rulebook import Rule
from rules.view import View


def explain(book: Rulebook, facts: Facts) -> list[Explanation]:
    """Return one explanation for each rule in the order of the file, then one for what else was decided."""
    view = View(facts, book.calendars, book.usual)
    told: list[Explanation] = []
    decider = ""
    for rule in book.rules:
        told.append(_skipped(rule, decider) if decider else _tried(rule, view))
        if told[-1].outcome == "matched" and not rule.go_on:
            decider = rule.name
    verdict = evaluate(book, facts)
    told.append(Explanation(rule="", outcome="default", text=" ".join(verdict.explanation)))
    return told


def _skipped(rule: Rule, decider: str) -> Explanation:
    text = f"not reached: '{decider}' decided before"
    return Explanation(rule=rule.name, outcome="not reached", text=text)


def _tried(rule: Rule, view: View) -> Explanation:
    if not rule.when.check(view):
        return Explanation(rule=rule.name, outcome="no", text=f"no: {rule.when.no(view)}")
    more = "; later rules may add to it" if rule.go_on else ""
    return Explanation(rule=rule.name, outcome="matched", text=f"yes: {rule.when.yes(view)}{more}")
