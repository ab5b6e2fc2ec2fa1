"""Compare the promise engine with simpler methods, on simulated weeks or on a log of your own.

python -m benchmarks.promise                         # four scenarios, six seeds: about half an hour on two cores
python -m benchmarks.promise --messages 3000         # shorter runs: ten minutes, and more of the cold start
python -m benchmarks.promise --scenario busy --seeds 21 22
python -m benchmarks.promise --no-renewals           # no customer is told another time
python -m benchmarks.promise --quick                 # less than a minute; its figures mean little
python -m benchmarks.promise --trace log.csv         # columns arrived_at,channel,first_response_at,agent
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from benchmarks.promise.cost import costs
from benchmarks.promise.judge import METHODS
from benchmarks.promise.replay import Replay
from benchmarks.promise.report import show, table
from benchmarks.promise.run import Run
from benchmarks.promise.scenario import SCENARIOS, Scenario
from benchmarks.promise.score import Figures, figures, mean
from benchmarks.promise.trace import TraceError, read

#: Seeds that nobody looked at while the engine was made; it was tuned on 1 and 2.
UNSEEN = (11, 12, 13, 14, 15, 16)
QUICK = 300
PAGE = Path(__file__).parents[1] / "README.md"


def measured(scenario: Scenario, seed: int, *, renewals: bool = True) -> dict[str, Figures]:
    """Return the figures of each method over one run."""
    judged = asyncio.run(Run(scenario, seed, renewals=renewals).go())
    return {method: figures(judged, method) for method in METHODS}


def compared(
    scenarios: Sequence[Scenario], seeds: Sequence[int], *, renewals: bool, jobs: int
) -> dict[str, dict[str, Figures]]:
    """Return, by scenario and method, the means over the seeds."""
    asked = [(scenario, seed) for scenario in scenarios for seed in seeds]
    with ProcessPoolExecutor(jobs) as pool:
        waiting = [pool.submit(measured, scenario, seed, renewals=renewals) for scenario, seed in asked]
        runs = []
        for (scenario, seed), one in zip(asked, waiting, strict=True):
            runs.append((scenario.name, one.result()))
            sys.stderr.write(f"{scenario.name}, seed {seed}: done\n")
    return {
        scenario.name: {
            method: mean([found[method] for name, found in runs if name == scenario.name])
            for method in METHODS
        }
        for scenario in scenarios
    }


def replayed(path: Path) -> dict[str, dict[str, Figures]]:
    """Return the figures of each method over a log. Raises TraceError."""
    judged = Replay(read(path)).go()
    return {path.name: {method: figures(judged, method) for method in METHODS}}


def _asked() -> argparse.Namespace:
    given = argparse.ArgumentParser(
        prog="python -m benchmarks.promise",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    given.add_argument("--scenario", choices=SCENARIOS, action="append", help="may be given again")
    given.add_argument("--seeds", type=int, nargs="+", default=UNSEEN)
    given.add_argument("--messages", type=int, help="in a run; default: as the scenario says")
    given.add_argument("--no-renewals", action="store_true", help="customers are told one time only")
    given.add_argument("--quick", action="store_true", help="one seed, some hundred messages")
    given.add_argument("--jobs", type=int, default=2, help="runs at a time")
    given.add_argument("--trace", type=Path, help="a CSV log to replay instead")
    given.add_argument("--page", action="store_true", help="put the tables into benchmarks/README.md")
    return given.parse_args()


def main() -> int:
    """Compare what is asked for, and print it."""
    wanted = _asked()
    if wanted.trace is not None:
        try:
            found = replayed(wanted.trace)
        except TraceError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        sys.stdout.write(f"{table(found)}\n")
        return 0
    scenarios = [SCENARIOS[name] for name in wanted.scenario or SCENARIOS]
    seeds = wanted.seeds[:1] if wanted.quick else wanted.seeds
    messages = QUICK if wanted.quick else wanted.messages
    if messages:
        scenarios = [msgspec.structs.replace(one, messages=messages) for one in scenarios]
    found = compared(scenarios, seeds, renewals=not wanted.no_renewals, jobs=wanted.jobs)
    cost = costs()
    sys.stdout.write(f"{table(found)}\n\n")
    sys.stdout.write(
        f"A promise with 1,000 conversations waiting: {cost['promise']:.0f} µs; the look at the house that "
        f"comes once a second: {cost['look']:.0f} µs.\n"
    )
    if wanted.page:
        show(found, PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
