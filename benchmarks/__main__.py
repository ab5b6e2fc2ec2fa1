"""Measure everything, each figure beside its baseline in the same run; print a table and write results.json.

A full run also puts the table into README.md, unless it writes its results elsewhere.

python -m benchmarks             # some minutes; the machine should do nothing else
python -m benchmarks --quick     # seconds; shows that it works, its figures mean little
python -m benchmarks --only mail
"""

import argparse
import asyncio
import gc
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import uvloop

from benchmarks.bare_loop import bare_loop
from benchmarks.figures import Figure, Sample, figure, interleaved, of, show, table, write
from benchmarks.promise.part import promise_figures as promised
from benchmarks.route import route
from benchmarks.whole import bare_mail, chat, mail, program
from router.brokers.local import LocalBroker
from router.brokers.rabbit import RabbitBroker
from tests.support.rabbit import RabbitNode
from tests.support.running import Running, service

T = TypeVar("T")
RESULTS = Path(__file__).parent / "results.json"
PAGE = Path(__file__).parent / "README.md"


class Sizes(msgspec.Struct, frozen=True):
    """How much is measured."""

    rounds: int
    messages: int
    mails: int
    chats: int
    #: Messages of a simulated run; how many runs.
    promises: int
    runs: int


FULL = Sizes(rounds=5, messages=3000, mails=2000, chats=400, promises=2000, runs=2)
QUICK = Sizes(rounds=1, messages=100, mails=40, chats=6, promises=60, runs=1)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run on the loop that the service runs on, without the waste of what ran before."""
    gc.collect()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def queue_figures(sizes: Sizes) -> list[Figure]:
    """Queue to committed decision with a note, on RabbitMQ and embedded, beside the bare aio-pika loop."""
    with RabbitNode.started() as node:

        def bare() -> Sample:
            return run(bare_loop(node.url, sizes.messages))

        def rabbit() -> Sample:
            return run(route(lambda _: RabbitBroker(node.url), sizes.messages))

        def embedded() -> Sample:
            return run(route(LocalBroker, sizes.messages))

        base, on_rabbit, in_one = interleaved(sizes.rounds, bare, rabbit, embedded)
    return [
        figure(f"queue to decision with note, {name}{title}", unit, of(ours, key), of(base, key))
        for name, ours in (("RabbitMQ + SQLite", on_rabbit), ("embedded", in_one))
        for title, unit, key in (("", "messages/s", "rate"), (", CPU", "µs/message", "cpu_us"))
    ]


def mail_figures(sizes: Sizes) -> list[Figure]:
    """Mail in to note out through the real process, beside aiosmtpd that only keeps the mail."""
    with (
        tempfile.TemporaryDirectory(prefix="handleby-bench-") as folder,
        service(Path(folder)) as running,
        program("bare_mail", f"{folder}/mails.db") as (pid, port),
    ):
        running.start()
        run(mail(running, min(100, sizes.mails)))  # the first mails warm caches, in both

        def bare() -> Sample:
            return run(bare_mail(pid, port, sizes.mails))

        base, ours = interleaved(sizes.rounds, bare, lambda: run(mail(running, sizes.mails)))
        _stop(running)
    return [
        figure("mail in to note out", "mails/s", of(ours, "rate"), of(base, "rate")),
        figure("mail in to note out, CPU", "µs/mail", of(ours, "cpu_us"), of(base, "cpu_us")),
    ]


def chat_figures(sizes: Sizes) -> list[Figure]:
    """Chat message to visible note when idle, beside an echo."""
    with (
        tempfile.TemporaryDirectory(prefix="handleby-bench-") as folder,
        service(Path(folder)) as running,
        program("bare_chat") as (_, port),
    ):
        running.start()
        run(chat(running.url(), port, 5))
        ours, base = run(chat(running.url(), port, sizes.chats))
        _stop(running)
    return [
        figure(f"chat message to visible note, idle, {key}", "ms", [ours[key]], [base[key]])
        for key in ("p50", "p99")
    ]


def promise_figures(sizes: Sizes) -> list[Figure]:
    """Promises kept in simulated weeks, beside the static target and a plain queue; and what a promise costs."""
    return promised(sizes.promises, sizes.runs)


def _stop(running: Running) -> None:
    assert running.stop() == 0, running.log()


PARTS: dict[str, Callable[[Sizes], list[Figure]]] = {
    "queue": queue_figures,
    "mail": mail_figures,
    "chat": chat_figures,
    "promise": promise_figures,
}


def main() -> None:
    """Measure what is asked for."""
    given = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    given.add_argument("--quick", action="store_true", help="a run of seconds")
    given.add_argument("--only", choices=PARTS, action="append", help="a part; may be given again")
    given.add_argument(
        "--results", type=Path, help="where to write the JSON; default: results.json beside this"
    )
    wanted = given.parse_args()
    sizes = QUICK if wanted.quick else FULL
    figures = [one for name in wanted.only or PARTS for one in PARTS[name](sizes)]
    sys.stdout.write(f"{table(figures)}\n")
    if wanted.results:
        write(figures, wanted.results)
    elif not (wanted.quick or wanted.only):  # a part of the figures must not pass for all of them
        write(figures, RESULTS)
        show(figures, PAGE)


if __name__ == "__main__":
    main()
