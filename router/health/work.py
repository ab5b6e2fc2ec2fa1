"""What is wrong with the work: nobody decides, answers, is here or speaks, or promises are broken."""

from collections.abc import Callable, Iterator

from router.health.cause import Cause, ahead, first_due, place, so_many, span
from router.health.signals import RISK_S, WINDOW_S, Signals, ended, too_many_broken
from router.kept import reasons

#: A message that is in the store waits here until it is decided.
TRIAGE = "triage"
#: Seconds that messages may wait to be decided before it is told, and how much longer before it is critical.
UNDECIDED_S, PATIENCE_S = 30.0, 60.0
#: Nobody present matters when something is due within this many seconds.
SOON_S = 3600.0


def _undecided(signals: Signals) -> Iterator[Cause]:
    waiting = [stat for stat in signals.stats if stat.queue == TRIAGE and stat.waiting and stat.oldest_at]
    oldest = min((stat.oldest_at for stat in waiting if stat.oldest_at), default=None)
    if oldest is None or (signals.now - oldest).total_seconds() < UNDECIDED_S:
        return
    count = sum(stat.waiting for stat in waiting)
    yield Cause(
        key="undecided",
        critical=(signals.now - oldest).total_seconds() > UNDECIDED_S + PATIENCE_S,
        text=f"{so_many(count, 'message')} not decided yet, the oldest for {span(signals.now - oldest)}.",
        impact="These customers have no person and no note yet.",
        safe_until=first_due(waiting, signals.now),
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
            text=f"{so_many(stat.overdue, 'conversation')} past due in {place(stat)}.",
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
            text=f"Nobody who serves {stat.queue} is present, and {so_many(stat.waiting, 'conversation')} "
            f"waiting in {place(stat)}.",
            audience="lead",
            impact="Nobody will answer these customers until somebody opens the desk.",
            safe_until=ahead(stat.next_due_at, signals.now),
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
            text=f"{so_many(stat.at_risk, 'conversation')} due within {RISK_S / 60:.0f} minutes in {place(stat)}; "
            f"at the present rate {able:.0f} will be answered.",
            audience="lead",
            impact="Some customers will be answered late.",
            safe_until=ahead(stat.next_due_at, signals.now),
            next="Put more people on this queue, or tell customers a later time before it passes.",
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


LOOKS: tuple[Callable[[Signals], Iterator[Cause]], ...] = (
    _undecided,
    _overdue,
    _unstaffed,
    _unspoken,
    _at_risk,
    _promises,
)
