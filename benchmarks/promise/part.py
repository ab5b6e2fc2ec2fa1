"""Promises among the other figures: a small part of the comparison, each figure beside a simpler method's."""

import asyncio

from benchmarks.figures import Figure, figure
from benchmarks.promise.cost import costs
from benchmarks.promise.run import Run
from benchmarks.promise.scenario import SCENARIOS
from benchmarks.promise.score import Figures, figures

#: Not one of the seeds that the engine was tuned on.
SEED = 11


def promise_figures(messages: int, runs: int) -> list[Figure]:
    """Return figures over the first messages of some runs of the scenario `normal`."""
    ours: list[Figures] = []
    target: list[Figures] = []
    queue: list[Figures] = []
    for seed in range(SEED, SEED + runs):
        judged = asyncio.run(Run(SCENARIOS["normal"], seed, most=messages).go())
        for found, method in ((ours, "engine"), (target, "static target"), (queue, "queue length")):
            found.append(figures(judged, method))
    cost = costs()
    return [
        figure("promises kept as first said, beside the target", "share", _of(ours, "kept"), _of(target, "kept")),
        figure(
            "promises: loss for a 95 % quantile, beside a plain queue", "min", _of(ours, "pinball"),
            _of(queue, "pinball"),
        ),
        figure(
            "a promise, 1,000 waiting, beside the target alone", "µs", [cost["promise"]], [cost["target"]]
        ),
    ]  # fmt: skip


def _of(runs: list[Figures], name: str) -> list[float]:
    return [one[name] for one in runs]
