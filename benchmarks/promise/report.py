"""The figures as tables, for the screen and for the page."""

import re
from collections.abc import Mapping
from pathlib import Path

from benchmarks.promise.score import Figures

#: Column, figure, format.
COLUMNS = (
    ("kept", "kept", ".3f"),
    ("worst channel", "worst", ".3f"),
    ("worst 200", "window_least", ".2f"),
    ("5 % of 200", "window_p05", ".2f"),
    ("spike", "spike", ".3f"),
    ("first 50", "first", ".2f"),
    ("slack p50", "p50", ".0f"),
    ("slack p90", "p90", ".0f"),
    ("in target", "inside", ".2f"),
    ("pinball", "pinball", ".1f"),
)
_NAMES = {"engine": "engine, as first said", "renewed": "engine, as last said"}
_SHOWN = re.compile(r"(?<=<!-- promises -->\n).*(?=<!-- end promises -->)", re.DOTALL)

Found = Mapping[str, Mapping[str, Figures]]


def table(found: Found) -> str:
    """Return the figures as lines of text, one block for each scenario."""
    blocks = []
    for scenario, methods in found.items():
        lines = [f"{scenario:22}" + "".join(f"{head:>14}" for head, _, _ in COLUMNS)]
        for method, figures in methods.items():
            if figures:
                cells = "".join(f"{figures[key]:14{form}}" for _, key, form in COLUMNS)
                lines.append(f"{_NAMES.get(method, method):22}{cells}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def show(found: Found, page: Path) -> None:
    """Put the figures into the page, between its two marks."""
    lines = [
        "| scenario | method | " + " | ".join(head for head, _, _ in COLUMNS) + " |",
        "| --- | --- |" + " --- |" * len(COLUMNS),
    ]
    for scenario, methods in found.items():
        for method, figures in methods.items():
            if figures:
                cells = " | ".join(f"{figures[key]:{form}}" for _, key, form in COLUMNS)
                lines.append(f"| {scenario} | {_NAMES.get(method, method)} | {cells} |")
    text = "\n".join(lines)
    page.write_text(_SHOWN.sub(lambda _: f"{text}\n", page.read_text(), count=1))
