"""Figures of a run: how many promises were kept, in the worst stretch too, and how much time was given away."""

from collections.abc import Sequence

from benchmarks.promise.judge import Judged

#: Messages in a rolling window, and at the beginning of a run.
WINDOW = 200
FIRST = 50
#: A channel with fewer is not called the worst.
FEW = 30
LEVEL = 0.95

Figures = dict[str, float]


def figures(judged: Sequence[Judged], method: str, level: float = LEVEL) -> Figures:
    """Return the figures of one method over one run; times in minutes of open time.

    kept, worst (channel), window_least and window_p05 (shares kept in rolling windows), spike, first, p50
    and p90 (slack), inside (promised by the target), pinball (mean pinball loss at the level).
    """
    found = [one for one in judged if method in one.said]
    if not found:
        return {}
    kept = [one.slack[method] >= 0 for one in found]
    windows = _windows(kept)
    spike = [ok for one, ok in zip(found, kept, strict=True) if one.spike]
    slack = sorted(one.slack[method] / 60 for one in found)
    losses = [_pinball(one.actual_s, one.said[method].open_s, level) / 60 for one in found]
    inside = [one.said[method].at <= one.due for one in found]
    return {
        "kept": _share(kept),
        "worst": min(_by_channel(found, kept), default=_share(kept)),
        "window_least": windows[0],
        "window_p05": windows[len(windows) // 20],
        "spike": _share(spike) if spike else _share(kept),
        "first": _share(kept[:FIRST]),
        "p50": _at(slack, 0.5),
        "p90": _at(slack, 0.9),
        "inside": _share(inside),
        "pinball": sum(losses) / len(losses),
        "count": float(len(found)),
    }


def mean(runs: Sequence[Figures]) -> Figures:
    """Return the mean of each figure over the runs that have it."""
    runs = [one for one in runs if one]
    if not runs:
        return {}
    return {name: sum(one[name] for one in runs) / len(runs) for name in runs[0]}


def _by_channel(found: Sequence[Judged], kept: Sequence[bool]) -> list[float]:
    channels: dict[str, list[bool]] = {}
    for one, ok in zip(found, kept, strict=True):
        channels.setdefault(one.channel, []).append(ok)
    return [_share(each) for each in channels.values() if len(each) >= FEW]


def _windows(kept: Sequence[bool]) -> list[float]:
    """Return the shares kept in every stretch of `WINDOW`, in order of size."""
    if len(kept) <= WINDOW:
        return [_share(kept)]
    inside = sum(kept[:WINDOW])
    found = [inside]
    for place in range(WINDOW, len(kept)):
        inside += kept[place] - kept[place - WINDOW]
        found.append(inside)
    return [one / WINDOW for one in sorted(found)]


def _pinball(actual: float, said: float, level: float) -> float:
    return level * (actual - said) if actual > said else (1 - level) * (said - actual)


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0
