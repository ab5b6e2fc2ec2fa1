"""The document of `/health/queues`, made from one look at every part."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from router.health.cause import Cause, began, is_critical
from router.health.causes import causes
from router.health.promised import promises
from router.health.signals import WINDOW_S, Signals
from router.ports import Depth, QueueStat

Document = dict[str, Any]


def document(signals: Signals, known: Mapping[str, datetime]) -> tuple[Document, dict[str, datetime]]:
    """Return the document, and since when each present cause holds, to be given again the next time."""
    found = [(cause, began(cause, known, signals.now)) for cause in causes(signals)]
    rated = [(cause, since, is_critical(cause, since, signals.now)) for cause, since in found]
    rated.sort(key=lambda entry: (not entry[2], entry[1]))
    status = "critical" if any(bad for _, _, bad in rated) else "warning" if rated else "ok"
    whole = {
        "status": status,
        "causes": [_cause(cause, since) for cause, since, _ in rated],
        "queues": [
            *(_work(stat, signals) for stat in signals.stats),
            *(_doorbell(name, depth, signals) for name, depth in sorted(signals.depths.items())),
        ],
        "promises": promises(signals.promises, signals.week),
        "channels": [
            {
                "name": report.channel,
                "account": report.account,
                "state": report.state,
                "last_seen_at": _said(report.last_seen_at),
                "error": report.error,
            }
            for report in signals.reports
        ],
    }
    return whole, {cause.key: since for cause, since in found}


def _cause(cause: Cause, since: datetime) -> Document:
    return {
        "text": cause.text,
        "since": _said(since),
        "audience": cause.audience,
        "impact": cause.impact,
        "safe_until": _said(cause.safe_until),
        "next": cause.next,
    }


def _work(stat: QueueStat, signals: Signals) -> Document:
    """Return one line of people's work.

    depth = waiting for an owner; in_flight = owned; rates are a minute, over the last ten;
    drain_s = depth / handled_per_min · 60, null when nothing was handled while something waits.
    """
    age = None if stat.oldest_at is None else max(0.0, (signals.now - stat.oldest_at).total_seconds())
    return {
        "name": stat.queue,
        "channel": stat.channel,
        "depth": stat.waiting,
        "in_flight": stat.assigned,
        "oldest_age_s": age if stat.waiting else None,
        "arrivals_per_min": stat.arrived / (WINDOW_S / 60),
        "handled_per_min": stat.handled / (WINDOW_S / 60),
        "drain_s": drain_s(stat.waiting, stat.handled / (WINDOW_S / 60)),
        "at_risk": stat.at_risk,
        "overdue": stat.overdue,
        "next_due_at": _said(stat.next_due_at),
        "parked": stat.parked,
    }


def _doorbell(name: str, depth: Depth, signals: Signals) -> Document:
    """Return one queue of the broker: messages that were accepted and are about to be decided.

    in_flight is what this process holds on RabbitMQ, and what all hold in the embedded queue.
    """
    channel = name.removeprefix("inbound.")
    arrived = sum(stat.arrived for stat in signals.stats if stat.channel == channel)
    return {
        "name": name,
        "channel": channel,
        "depth": depth.ready,
        "in_flight": depth.in_flight,
        "oldest_age_s": depth.oldest_age_s,
        "arrivals_per_min": arrived / (WINDOW_S / 60),
        "handled_per_min": None,
        "drain_s": 0.0 if not depth.ready else None,
        "at_risk": 0,
        "overdue": 0,
        "next_due_at": None,
        "parked": 0,
    }


def drain_s(depth: int, handled_per_min: float) -> float | None:
    """Return how many seconds the work that waits takes at this rate; None when it never ends."""
    if not depth:
        return 0.0
    return depth / handled_per_min * 60 if handled_per_min > 0 else None


def _said(at: datetime | None) -> str | None:
    return (
        None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
