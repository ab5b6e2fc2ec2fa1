"""What is wrong with the machinery: store, broker, timers, accounts, disk, this process, and what it set aside."""

from collections.abc import Callable, Iterator
from datetime import datetime

from router.health.cause import Cause, first_due, so_many
from router.health.signals import Report, Signals

SLOW_S = 1.0
LAG_S = 1.0
#: Seconds that the broker or the timers may take before it is critical, and an account.
PATIENCE_S = 60.0
CHANNEL_PATIENCE_S = 300.0
GIB = 1024**3


def _store(signals: Signals) -> Iterator[Cause]:
    if signals.store_trouble:
        yield Cause(
            key="store",
            critical=True,
            text=f"The store cannot be used: {signals.store_trouble}",
            impact="New messages are refused, and their senders keep them and try again. No notes go out.",
            safe_until=first_due(signals.stats, signals.now),
            next="See that the store runs, can be reached and has room. It is used again by itself.",
        )
    elif signals.store_s > SLOW_S:
        yield Cause(
            key="store slow",
            text=f"The store took {signals.store_s:.1f} s to answer.",
            impact="Notes and the desk are slow.",
            next="Look at the load and the disk of the store.",
        )


def _broker(signals: Signals) -> Iterator[Cause]:
    if signals.broker_trouble:
        yield Cause(
            key="broker",
            critical_after_s=PATIENCE_S,
            text=f"The broker does not work: {signals.broker_trouble}",
            impact="Messages are still taken in and kept, but not decided: nobody new gets a person or a note.",
            safe_until=first_due(signals.stats, signals.now),
            next="See that the broker runs and can be reached. Nothing has to be sent again: "
            "the store rings for what waits within ten seconds of its return.",
        )


def _parked(signals: Signals) -> Iterator[Cause]:
    parked = [stat for stat in signals.stats if stat.parked]
    if count := sum(stat.parked for stat in parked):
        yield Cause(
            key="parked",
            text=f"{so_many(count, 'message')} set aside because processing failed.",
            impact="These customers got no note; their messages keep their queue and due time.",
            safe_until=first_due(parked, signals.now),
            next="`handleby parked list` shows why; `handleby parked replay` tries again.",
        )


def _channels(signals: Signals) -> Iterator[Cause]:
    for report in signals.reports:
        if report.state == "ok" or (report.state == "starting" and not _long(report, signals.now)):
            continue
        down = report.state != "degraded"
        yield Cause(
            key=f"channel {report.channel} {report.account}",
            critical_after_s=CHANNEL_PATIENCE_S if down else None,
            text=f"{report.channel}/{report.account} is {report.state}"
            + (f": {report.error}" if report.error else "."),
            impact="Messages on this account come and go late; providers keep what they cannot deliver."
            if down
            else "Messages on this account may be slow.",
            next="Check the account's settings and whether the provider works. It is tried again by itself.",
            since=report.since,
        )


def _timers(signals: Signals) -> Iterator[Cause]:
    if signals.timers_trouble:
        yield Cause(
            key="timers",
            critical_after_s=PATIENCE_S,
            text=f"The timers do not run here: {signals.timers_trouble}",
            impact="Warnings before a due time and honest renewals come late.",
            safe_until=first_due(signals.stats, signals.now),
            next="Mend what is named; for the clock, let the machine keep its time with NTP.",
        )


def _disk(signals: Signals) -> Iterator[Cause]:
    disk = signals.disk
    if disk is None or (disk.free > GIB and disk.free * 10 > disk.total):
        return
    yield Cause(
        key="disk",
        critical=disk.free < GIB // 5 or disk.free * 50 < disk.total,
        text=f"The disk with the data has {disk.free / GIB:.1f} GiB left.",
        impact="When it is full new messages are refused, and their senders keep them.",
        next="Make room or enlarge the disk.",
    )


def _process(signals: Signals) -> Iterator[Cause]:
    if signals.lag_s > LAG_S:
        yield Cause(
            key="lag",
            text=f"This process stood still for {signals.lag_s:.1f} s.",
            impact="Notes, chat and the desk are slow.",
            next="Look at the machine's load; if it is idle, report this with the log of that minute.",
        )


def _long(report: Report, now: datetime) -> bool:
    return report.since is not None and (now - report.since).total_seconds() > PATIENCE_S


LOOKS: tuple[Callable[[Signals], Iterator[Cause]], ...] = (
    _store,
    _broker,
    _parked,
    _channels,
    _timers,
    _disk,
    _process,
)
