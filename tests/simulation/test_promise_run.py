"""The benchmark of promises: its runs, its figures, and logs of other people's."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.promise.judge import Judged, Said
from benchmarks.promise.replay import Replay
from benchmarks.promise.report import table
from benchmarks.promise.run import Run
from benchmarks.promise.scenario import SCENARIOS, arrivals
from benchmarks.promise.score import figures, mean
from benchmarks.promise.trace import Row, TraceError, read
from tests.support.running import ROOT

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TRACE = ROOT / "benchmarks" / "promise" / "traces" / "two_weeks.csv"


def judged(number: int, late_s: float, *, channel: str = "email", spike: bool = False) -> Judged:
    """Return a message that was promised for an hour after it came, and answered that much later."""
    at = MONDAY + timedelta(minutes=number)
    one = Judged(number, channel, at, at + timedelta(hours=2), spike, {})
    one.said = {"engine": Said(at + timedelta(hours=1), 3600.0)}
    one.actual_s = 3600.0 + late_s
    one.slack = {"engine": -late_s if late_s else 0.0}
    return one


async def test_a_run_answers_everybody_and_keeps_its_promises() -> None:
    """In a small team's first days everybody is answered, everybody was promised a time, and nearly all are kept."""
    found = await Run(SCENARIOS["small team"], 1, most=60).go()
    assert len(found) == 60
    assert all("engine" in one.said for one in found)
    assert all(one.said["engine"].at > one.arrived for one in found)
    assert figures(found, "engine")["kept"] >= 0.9


async def test_a_run_is_the_same_twice() -> None:
    """One seed is one run: the same messages, the same promises, the same answers."""
    scenario = SCENARIOS["small team"]
    first, second = [await Run(scenario, 1, most=40).go() for _ in range(2)]
    assert [(one.said["engine"].at, one.actual_s) for one in first] == [
        (one.said["engine"].at, one.actual_s) for one in second
    ]
    assert arrivals(scenario, 1) != arrivals(scenario, 2)


def test_figures() -> None:
    """Kept, worst channel, spike, slack and pinball loss are what plain counting gives."""
    found = [judged(n, 0.0) for n in range(30)] + [
        judged(n, 600.0, channel="forum", spike=True) for n in range(30)
    ]
    shown = figures(found, "engine")
    assert (shown["kept"], shown["worst"], shown["spike"], shown["inside"]) == (0.5, 0.0, 0.0, 1.0)
    assert (shown["p50"], shown["p90"]) == (0.0, 0.0)
    assert shown["pinball"] == pytest.approx(0.95 * 10 / 2)
    assert figures(found, "static target") == {}


def test_the_worst_window() -> None:
    """Of 400 messages of which the last 100 are late, the worst 200 have half kept."""
    found = [judged(n, 60.0 if n >= 300 else 0.0) for n in range(400)]
    assert figures(found, "engine")["window_least"] == 0.5


def test_means_over_runs() -> None:
    """A figure of several runs is their mean; a method that a run does not have counts not at all."""
    assert mean([{"kept": 1.0}, {}, {"kept": 0.5}]) == {"kept": 0.75}


def test_a_log_is_replayed() -> None:
    """The shipped log gives a table with every method that knows no shifts, and most promises are kept."""
    rows = read(TRACE)
    found = Replay(rows).go()
    assert len(found) == len(rows)
    assert figures(found, "engine")["kept"] >= 0.9
    shown = table({"log": {name: figures(found, name) for name in ("engine", "static target")}})
    assert "engine, as first said" in shown


def test_who_was_never_answered_is_waiting_all_the_same() -> None:
    """A message without an answer is not judged, but stands in the queue of those that come after."""
    rows = [
        Row(MONDAY + timedelta(minutes=n), "email", MONDAY + timedelta(hours=1, minutes=n), "a")
        for n in range(60)
    ]
    open_ones = [Row(MONDAY + timedelta(minutes=30), "email", None, "a")] * 500
    calm = Replay(rows).go()
    busy = Replay(sorted([*rows, *open_ones], key=lambda one: one.arrived)).go()
    assert len(calm) == len(busy) == 60
    assert busy[-1].said["queue length"].open_s > calm[-1].said["queue length"].open_s


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("arrived_at,channel\n", ":1: the header needs the columns"),
        (
            "arrived_at,channel,first_response_at,agent\nyesterday,email,,a\n",
            ":2: arrived_at 'yesterday' is no time",
        ),
        (
            "arrived_at,channel,first_response_at,agent\n2026-03-02T09:00:00Z,email,2026-03-02T08:00:00Z,a\n",
            ":2: first_response_at 2026-03-02T08:00:00Z is before arrived_at",
        ),
        ("arrived_at,channel,first_response_at,agent\n2026-03-02T09:00:00Z,,,a\n", ":2: channel is empty"),
        ("arrived_at,channel,first_response_at,agent\n", ":1: there is no line below the header"),
    ],
)
def test_bad_rows_are_told_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    """Whatever is wrong with a log is told with its file and line, and how to mend it."""
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TraceError, match=r"log\.csv") as caught:
        read(path)
    assert told in str(caught.value)


def test_all_problems_at_once(tmp_path: Path) -> None:
    """Two bad lines are told together, and what is no text at all is told as well."""
    path = tmp_path / "log.csv"
    path.write_text("arrived_at,channel,first_response_at,agent\nx,email,,a\ny,email,,a\n", encoding="utf-8")
    with pytest.raises(TraceError) as caught:
        read(path)
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["2", "3"]
    path.write_bytes(b"arrived_at\xff")
    with pytest.raises(TraceError, match="not UTF-8"):
        read(path)
    with pytest.raises(TraceError, match="cannot be read"):
        read(tmp_path / "none.csv")


def test_the_command_replays(tmp_path: Path) -> None:
    """`python -m benchmarks.promise --trace` prints the table, or what is wrong with the log."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.promise", "--trace", str(tmp_path / "none.csv")],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert told.returncode == 1
    assert "it cannot be read" in told.stderr
