"""A figure: what was measured beside what the baseline did in the same run; as a table and as JSON."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One line of the table and of `results.json`."""

    name: str
    value: float
    unit: str
    baseline: float
    #: value / baseline: of rates the larger the better, of CPU and milliseconds the smaller.
    ratio: float


Sample = dict[str, float]

_SHOWN = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- end -->)", re.DOTALL)


def figure(name: str, unit: str, ours: Sequence[float], bare: Sequence[float]) -> Figure:
    """Return the medians of both sides, and their ratio."""
    value, baseline = (float(f"{median(side):.4g}") for side in (ours, bare))
    return Figure(name, value, unit, baseline, round(value / baseline, 3))


def interleaved(rounds: int, *measures: Callable[[], Sample]) -> list[list[Sample]]:
    """Measure in turns, so that what else happens on the machine falls on all alike; a list for each measure."""
    found: list[list[Sample]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, samples in zip(measures, found, strict=True):
            samples.append(measure())
    return found


def of(samples: Sequence[Sample], key: str) -> list[float]:
    """Return one column."""
    return [sample[key] for sample in samples]


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines of text."""
    width = max(len(one.name) for one in figures)
    head = f"{'':{width}}  {'ours':>9}  {'baseline':>9}  {'ratio':>6}"
    rows = [
        f"{one.name:{width}}  {one.value:9,.4g}  {one.baseline:9,.4g}  {one.ratio:6.2f}  {one.unit}"
        for one in figures
    ]
    return "\n".join([head, *rows])


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures as a JSON list."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(list(figures)), indent=2) + b"\n")


def show(figures: Sequence[Figure], page: Path) -> None:
    """Put the figures into the page, between its two marks."""
    rows = [
        f"| {one.name} | {one.value:,.4g} {one.unit} | {one.baseline:,.4g} {one.unit} | {one.ratio:.2f} |"
        for one in figures
    ]
    lines = "\n".join(["| | ours | baseline | ratio |", "| --- | --- | --- | --- |", *rows])
    page.write_text(_SHOWN.sub(lambda _: f"{lines}\n", page.read_text(), count=1))
