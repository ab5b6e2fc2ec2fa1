"""What is wrong, in words for whoever must act: what, what it means to customers, until when it is safe, what next."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from router.health.signals import RISK_S, WINDOW_S, Report, Signals, ended, too_many_broken
from router.kept import reasons
from router.ports import QueueStat

#: A message that is in the store waits here until it is decided.
TRIAGE = "triage"

SLOW_S = 1.0
LAG_S = 1.0
#: Seconds that the broker, the timers or undecided messages may take before it is critical.
PATIENCE_S = 60.0
CHANNEL_PATIENCE_S = 300.0
#: Nobody present matters when something is due within this many seconds.
SOON_S = 3600.0
UNDECIDED_S = 30.0
GIB = 1024**3


class Cause(Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    #: Names the cause over time, so that `since` can be remembered.
    key: str
    critical: bool = False
    #: Critical once it has lasted this many seconds; None = never by lasting alone.
    critical_after_s: float | None = None
    text: str
    #: Who can do something about it: ops or lead.
    audience: str = "ops"
    #: What it means to customers.
    impact: str
    #: Until then nobody outside is harmed; None when that cannot be told or has passed.
    safe_until: datetime | None = None
    next: str
    #: When it began, where the part itself knows.
    since: datetime | None = None


def causes(signals: Signals) -> list[Cause]:
    """Return everything that is wrong, in no order."""
    return [cause for look in LOOKS for cause in look(signals)]


def due_next(signals: Signals) -> datetime | None:
    """Return the next due time of all open work, as long as it lies ahead."""
    ahead = (
        stat.next_due_at for stat in signals.stats if stat.next_due_at and stat.next_due_at > signals.now
    )
    return min(ahead, default=None)


def _store(signals: Signals) -> Iterator[Cause]:
    if signals.store_trouble:
        yield Cause(
            key="store",
            critical=True,
            text=f"The store cannot be used: {signals.store_trouble}",
            impact="New messages are refused, and their senders keep them and try again. No notes go out.",
            safe_until=due_next(signals),
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
            safe_until=due_next(signals),
            next="See that the broker runs and can be reached. Nothing has to be sent again: "
            "the store rings for what waits within ten seconds of its return.",
        )


def _undecided(signals: Signals) -> Iterator[Cause]:
    waiting = [stat for stat in signals.stats if stat.queue == TRIAGE and stat.waiting and stat.oldest_at]
    oldest = min((stat.oldest_at for stat in waiting if stat.oldest_at), default=None)
    if oldest is None or (signals.now - oldest).total_seconds() < UNDECIDED_S:
        return
    count = sum(stat.waiting for stat in waiting)
    yield Cause(
        key="undecided",
        critical=(signals.now - oldest).total_seconds() > UNDECIDED_S + PATIENCE_S,
        text=f"{_so_many(count, 'message')} not decided yet, the oldest for {_span(signals.now - oldest)}.",
        impact="These customers have no person and no note yet.",
        safe_until=_first_due(waiting, signals.now),
        next="See that a process with the role `router` runs and that the broker works.",
        since=oldest,
    )


def _overdue(signals: Signals) -> Iterator[Cause]:
    for stat in signals.stats:
        if not stat.overdue:
            continue
        work = stat.waiting + stat.assigned
        yield Cause(
            key=f"overdue {stat.queue} {stat.channel}",
            critical=stat.overdue >= 5 and stat.overdue * 10 >= work,
            text=f"{_so_many(stat.overdue, 'conversation')} past due in {_place(stat)}.",
            audience="lead",
            impact="These customers wait longer than they may expect.",
            next="Sort the desk by urgency and answer, hand over, or tell the customer a new time.",
            since=min(stat.next_due_at, signals.now) if stat.next_due_at else None,
        )


def _unstaffed(signals: Signals) -> Iterator[Cause]:
    for stat in signals.stats:
        who = signals.unstaffed.get(stat.queue)
        if who is None or not stat.waiting or stat.next_due_at is None:
            continue
        left_s = (stat.next_due_at - signals.now).total_seconds()
        if left_s > SOON_S:
            continue
        yield Cause(
            key=f"unstaffed {stat.queue} {stat.channel}",
            critical=left_s < RISK_S,
            text=f"Nobody who serves {stat.queue} is present, and {_so_many(stat.waiting, 'conversation')} "
            f"waiting in {_place(stat)}.",
            audience="lead",
            impact="Nobody will answer these customers until somebody opens the desk.",
            safe_until=_ahead(stat.next_due_at, signals.now),
            next=f"Ask {who or 'somebody who serves the queue'} to open the desk.",
        )


def _unspoken(signals: Signals) -> Iterator[Cause]:
    for channel, who in signals.unspoken.items():
        yield Cause(
            key=f"unspoken {channel}",
            text=f"Nobody agreed to notes in their name on {channel}.",
            impact="Whoever writes there hears nothing until a person answers.",
            next=f"Let {who} sign in and agree under Notes, at /notes.",
        )


def _at_risk(signals: Signals) -> Iterator[Cause]:
    """Find queues that answer fewer than fall due: at_risk > handled per minute times the horizon."""
    for stat in signals.stats:
        able = stat.handled / WINDOW_S * RISK_S
        if not stat.at_risk or stat.at_risk <= able or stat.queue == TRIAGE:
            continue
        yield Cause(
            key=f"at risk {stat.queue} {stat.channel}",
            text=f"{_so_many(stat.at_risk, 'conversation')} due within {RISK_S / 60:.0f} minutes in {_place(stat)}; "
            f"at the present rate {able:.0f} will be answered.",
            audience="lead",
            impact="Some customers will be answered late.",
            safe_until=_ahead(stat.next_due_at, signals.now),
            next="Put more people on this queue, or tell customers a later time before it passes.",
        )


def _parked(signals: Signals) -> Iterator[Cause]:
    parked = [stat for stat in signals.stats if stat.parked]
    if count := sum(stat.parked for stat in parked):
        yield Cause(
            key="parked",
            text=f"{_so_many(count, 'message')} set aside because processing failed.",
            impact="These customers got no note; their messages keep their queue and due time.",
            safe_until=_first_due(parked, signals.now),
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
            safe_until=due_next(signals),
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


def _promises(signals: Signals) -> Iterator[Cause]:
    kept, broken = ended(signals.promises)
    if too_many_broken(signals.promises):
        yield Cause(
            key="promises",
            text=f"{broken} of the last {kept + broken} promises were broken{reasons.mostly(signals.reasons)}.",
            audience="lead",
            impact="Customers were told a time and not answered by it.",
            next=f"{reasons.help_against(signals.reasons)} The page Report shows which queues these are.",
        )


def _told(signals: Signals) -> Iterator[Cause]:
    for told in signals.told:
        yield Cause(
            key=f"told {told.key}",
            text=told.text,
            audience=told.audience,
            impact=told.impact,
            next=told.next,
            since=told.since,
        )


LOOKS: tuple[Callable[[Signals], Iterator[Cause]], ...] = (
    _store, _broker, _undecided, _overdue, _unstaffed, _unspoken, _at_risk, _parked, _channels, _timers, _disk,
    _process, _promises, _told,
)  # fmt: skip


def began(cause: Cause, known: Mapping[str, datetime], now: datetime) -> datetime:
    """Return since when the cause holds: as its part says, else when it was first seen."""
    return cause.since or known.get(cause.key, now)


def is_critical(cause: Cause, since: datetime, now: datetime) -> bool:
    """Tell whether the cause is critical, at once or by having lasted."""
    lasted_s = (now - since).total_seconds()
    return cause.critical or (cause.critical_after_s is not None and lasted_s >= cause.critical_after_s)


def _long(report: Report, now: datetime) -> bool:
    return report.since is not None and (now - report.since).total_seconds() > PATIENCE_S


def _ahead(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at > now else None


def _first_due(stats: list[QueueStat], now: datetime) -> datetime | None:
    ahead = (stat.next_due_at for stat in stats if stat.next_due_at and stat.next_due_at > now)
    return min(ahead, default=None)


def _place(stat: QueueStat) -> str:
    return f"{stat.queue} ({stat.channel})" if stat.channel else stat.queue


def _so_many(count: int, thing: str) -> str:
    return f"1 {thing} is" if count == 1 else f"{count} {thing}s are"


def _span(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
