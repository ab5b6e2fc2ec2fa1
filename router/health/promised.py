"""What the health document says of promises: the last 24 hours, and the running week with its slack."""

from collections.abc import Callable, Sequence
from typing import Any

from router.kept import figures
from router.kept.figures import Day, Group
from router.ports import PromiseFigure

Counts = dict[str, Any]


def promises(found: Sequence[PromiseFigure], week: Day | None) -> Counts:
    """Return the counts of the last day; kept_rate = kept / (kept + broken), null when none has ended so."""
    whole = _counts(found)
    del whole["withdrawn"]
    return {
        **whole,
        "by_channel": _by(found, lambda one: one.channel),
        "by_queue": _by(found, lambda one: one.queue),
        "week": None if week is None else _week(week),
    }


def _by(found: Sequence[PromiseFigure], name_of: Callable[[PromiseFigure], str]) -> list[Counts]:
    names = sorted({name_of(one) for one in found})
    return [{"name": name, **_counts([one for one in found if name_of(one) == name])} for name in names]


def _counts(found: Sequence[PromiseFigure]) -> Counts:
    kept, broken = sum(one.kept for one in found), sum(one.broken for one in found)
    return {
        "made": sum(one.made for one in found),
        "kept": kept,
        "renewed": sum(one.renewed for one in found),
        "broken": broken,
        "withdrawn": sum(one.withdrawn for one in found),
        "kept_rate": kept / (kept + broken) if kept + broken else None,
    }


def _week(week: Day) -> Counts:
    """Return the sums of the week so far; slack = promised − actual, of a tenth and of half the answers."""

    def by(name: str) -> list[Counts]:
        return [{"name": place, **_sums(one)} for place, one in figures.summed([week], name).items()]

    whole = figures.summed([week], "").get("", Group())
    return {"name": week.day, **_sums(whole), "by_channel": by("channel"), "by_queue": by("queue")}


def _sums(one: Group) -> Counts:
    return {
        "made": one.made,
        "kept": one.kept,
        "renewed": one.renewed,
        "broken": one.broken,
        "withdrawn": one.withdrawn,
        "kept_rate": one.kept_rate,
        "slack_p10_s": one.slack_s(0.1),
        "slack_p50_s": one.slack_s(0.5),
    }
