"""Examples: a message as a person describes it, and whether the rules make of it what was expected."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from rules.durations import written
from rules.evaluate import evaluate
from rules.format import MESSAGE
from rules.model import Example, Facts, Verdict
from rules.nodes import from_plain
from rules.problems import Problem, Report, RulesError
from rules.rulebook import Rulebook

#: When an example without `at` comes in: Wednesday 14 January 2026, noon UTC.
USUAL_TIME = datetime(2026, 1, 14, 12, tzinfo=UTC)


def facts_from_example(
    message: Mapping[str, Any], *, now: datetime = USUAL_TIME, zone: tzinfo = UTC
) -> Facts:
    """Return the facts of a message described as under `examples`; raises RulesError on a mistake.

    `now` is when it comes in if it does not say `at`; `zone` is that of an `at` without one.
    """
    report = Report("message")
    fields = MESSAGE.read(from_plain(dict(message)), report)
    if report.failed:
        raise RulesError(report.problems)
    given = dict(fields)
    at = datetime.fromisoformat(given.pop("at")) if "at" in given else now
    return Facts(
        now=(at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC),
        customer=dict(given.pop("customer", {})),
        **given,
    )


def facts_in(book: Rulebook, message: Mapping[str, Any], now: datetime = USUAL_TIME) -> Facts:
    """Return the facts of an example; its `at` is on the clock of the hours that apply to its channel."""
    zone = book.calendar(book.usual.get(str(message.get("channel", "")), "")).zone
    return facts_from_example(message, now=now, zone=zone)


def run(book: Rulebook) -> list[Problem]:
    """Return one problem for each example that came out otherwise than expected."""
    return [problem for example in book.examples if (problem := _tried(book, example)) is not None]


def _tried(book: Rulebook, example: Example) -> Problem | None:
    verdict = evaluate(book, facts_in(book, example.message))
    wrong = [
        f"{what} should be {_shown(what, wanted)} and is {_shown(what, got)}"
        for what, wanted in example.expect.items()
        if not _fits(what, wanted, got := _outcome(verdict, what), verdict)
    ]
    if not wrong:
        return None
    file, line, column = example.where.rsplit(":", 2)
    text = f"the example came out otherwise: {'; '.join(wrong)}. Decided by: {', '.join(verdict.rules) or 'defaults'}"
    return Problem(file=file, line=int(line), column=int(column), text=text)


def _fits(what: str, wanted: Any, got: Any, verdict: Verdict) -> bool:
    if what == "rule" and wanted:
        return wanted in verdict.rules
    if what == "skills":
        return set(wanted) == set(got)
    return bool(wanted == got)


def _outcome(verdict: Verdict, what: str) -> Any:
    return getattr(verdict, {"target": "target_s", "note": "tone"}.get(what, what))


def _shown(what: str, value: Any) -> str:
    if what == "target":
        return written(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(value)}]"
    return {True: "true", False: "false", "": "none"}.get(value) or repr(value)
