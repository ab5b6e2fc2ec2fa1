"""The benchmark runs from end to end, and its results are what others may read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import ROOT

NAMES = [
    "queue to decision with note, RabbitMQ + SQLite",
    "queue to decision with note, RabbitMQ + SQLite, CPU",
    "queue to decision with note, embedded",
    "queue to decision with note, embedded, CPU",
    "mail in to note out",
    "mail in to note out, CPU",
    "chat message to visible note, idle, p50",
    "chat message to visible note, idle, p99",
    "promises kept as first said, beside the target",
    "promises: loss for a 95 % quantile, beside a plain queue",
    "a promise, 1,000 waiting, beside the target alone",
]


@pytest.mark.timeout(240)
def test_results_are_well_formed(tmp_path: Path) -> None:
    """A tiny run measures everything beside a baseline, prints it, and writes a list of named figures."""
    results = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--results", str(results)],
        cwd=ROOT, capture_output=True, text=True, timeout=230, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    figures = json.loads(results.read_text())
    assert [one["name"] for one in figures] == NAMES
    for one in figures:
        assert set(one) == {"name", "value", "unit", "baseline", "ratio"}
        assert one["unit"] in {"messages/s", "µs/message", "mails/s", "µs/mail", "ms", "share", "min", "µs"}
        assert one["value"] > 0
        assert one["baseline"] > 0
        assert one["ratio"] == pytest.approx(one["value"] / one["baseline"], abs=0.001)
        assert one["name"] in done.stdout
