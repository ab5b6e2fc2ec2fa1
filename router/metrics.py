"""Figures for Prometheus: counted where things happen, gauges set from the health document on each scrape.

Labels are names from settings and rules, never anything a customer wrote, so their number is bounded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

#: Ours alone, so that nothing a library registers by itself slips in.
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

#: Seconds; fine around what a person notices, coarse around what a provider may take.
FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

ACCEPTED = Counter(
    "handleby_messages_accepted", "Messages stored for the first time.", ["channel"], registry=REGISTRY
)
DECIDED = Counter(
    "handleby_messages_decided",
    "Messages whose decision was committed, repeated rings included.",
    ["channel"],
    registry=REGISTRY,
)
PARKED = Counter("handleby_messages_parked", "Messages set aside.", ["channel"], registry=REGISTRY)
DECISION = Histogram(
    "handleby_decision_seconds",
    "From taking a batch to its commit, for each message of it.",
    ["channel"],
    buckets=FAST,
    registry=REGISTRY,
)
NOTES = Counter(
    "handleby_notes",
    "Attempts to send a note, by what came of them.",
    ["channel", "state"],
    registry=REGISTRY,
)
ANSWERS = Counter(
    "handleby_answers",
    "Attempts to send what a person wrote, by what came of them.",
    ["channel", "state"],
    registry=REGISTRY,
)
SENDING = Histogram(
    "handleby_send_seconds",
    "How long the provider took over one attempt.",
    ["channel"],
    buckets=SLOW,
    registry=REGISTRY,
)

#: Seconds either side of the promised time.
SLACKS = (-86400.0, -14400.0, -3600.0, -900.0, -300.0, -60.0, 0.0,
          60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0)  # fmt: skip

LOOP_LAG = Gauge(
    "handleby_loop_lag_seconds", "How late the event loop was, at worst in ten seconds.", registry=REGISTRY
)
STATUS = Gauge("handleby_health_status", "0 ok, 1 warning, 2 critical.", registry=REGISTRY)
CHANNEL = Gauge(
    "handleby_channel_up", "1 ok, 0.5 degraded, 0 not.", ["channel", "account"], registry=REGISTRY
)
PROMISES = Gauge(
    "handleby_promises", "Promises of the last 24 hours by outcome.", ["outcome"], registry=REGISTRY
)
KEPT_RATE = Gauge("handleby_promises_kept_ratio", "Kept of those kept or broken.", registry=REGISTRY)
WEEK_RATE = Gauge(
    "handleby_week_promises_kept_ratio",
    "Kept of those kept or broken in the running week.",
    registry=REGISTRY,
)
BY = {
    "by_channel": Gauge(
        "handleby_channel_promises",
        "Promises of the last 24 hours by channel and outcome.",
        ["channel", "outcome"],
        registry=REGISTRY,
    ),
    "by_queue": Gauge(
        "handleby_queue_promises",
        "Promises of the last 24 hours by queue and outcome.",
        ["queue", "outcome"],
        registry=REGISTRY,
    ),
}
RATE_BY = {
    "by_channel": Gauge(
        "handleby_channel_promises_kept_ratio",
        "Kept of those kept or broken in the last 24 hours.",
        ["channel"],
        registry=REGISTRY,
    ),
    "by_queue": Gauge(
        "handleby_queue_promises_kept_ratio",
        "Kept of those kept or broken in the last 24 hours.",
        ["queue"],
        registry=REGISTRY,
    ),
}
COUNTED = Counter(
    "handleby_promises_counted",
    "Promises by how they were made or ended, counted by the process that holds the figures.",
    ["channel", "queue", "outcome"],
    registry=REGISTRY,
)
SLACK = Histogram(
    "handleby_promise_slack_seconds",
    "Time promised minus time of the answer; below zero the answer was late.",
    ["channel"],
    buckets=SLACKS,
    registry=REGISTRY,
)

OUTCOMES = ("made", "kept", "renewed", "broken", "withdrawn")

#: Key of a row in the health document → what it is called here, and what it means.
ROW = {
    "depth": ("depth", "What waits."),
    "in_flight": ("in_flight", "What somebody has in hand."),
    "oldest_age_s": ("oldest_age_seconds", "Age of the oldest that waits."),
    "arrivals_per_min": ("arrivals_per_minute", "Arrivals, over the last ten minutes."),
    "handled_per_min": ("handled_per_minute", "Answered, over the last ten minutes."),
    "drain_s": ("drain_seconds", "Until what waits is handled at the present rate."),
    "at_risk": ("at_risk", "Due within the quarter of an hour."),
    "overdue": ("overdue", "Past due."),
    "parked": ("parked", "Set aside for a person to look at."),
}
QUEUES = {
    key: Gauge(f"handleby_queue_{name}", said, ["queue", "channel"], registry=REGISTRY)
    for key, (name, said) in ROW.items()
}


def accepted(channel: str) -> None:
    """Count a message that was stored for the first time."""
    ACCEPTED.labels(channel).inc()


def decided(channel: str, count: int, seconds: float) -> None:
    """Count the messages of a batch that were decided, and how long each had to wait for the commit."""
    DECIDED.labels(channel).inc(count)
    histogram = DECISION.labels(channel)
    for _ in range(count):
        histogram.observe(seconds)


def parked(channel: str) -> None:
    """Count a message that was set aside."""
    PARKED.labels(channel).inc()


def sent(channel: str, state: str, *, automatic: bool, seconds: float) -> None:
    """Count an attempt to send, by the state it led to, and how long the provider took."""
    (NOTES if automatic else ANSWERS).labels(channel, state).inc()
    SENDING.labels(channel).observe(seconds)


def promise(channel: str, queue: str, outcome: str) -> None:
    """Count a promise that was made, kept, renewed, broken or withdrawn."""
    COUNTED.labels(channel, queue, outcome).inc()


def slack(channel: str, seconds: float) -> None:
    """Note how long before the promised time the answer came; below zero it came late."""
    SLACK.labels(channel).observe(seconds)


def lag(seconds: float) -> None:
    """Set how late the event loop was."""
    LOOP_LAG.set(seconds)


def show(document: Mapping[str, Any]) -> None:
    """Set the gauges to what the health document says; what it no longer names disappears."""
    STATUS.set({"ok": 0, "warning": 1, "critical": 2}[document["status"]])
    _rows(document["queues"])
    CHANNEL.clear()
    for one in document["channels"]:
        up = {"ok": 1.0, "degraded": 0.5}.get(one["state"], 0.0)
        CHANNEL.labels(one["name"], one["account"]).set(up)
    promises = document["promises"]
    for outcome in OUTCOMES[:-1]:
        PROMISES.labels(outcome).set(promises[outcome])
    KEPT_RATE.set(_known(promises["kept_rate"]))
    WEEK_RATE.set(_known(promises["week"]["kept_rate"] if promises["week"] else None))
    for by, gauge in BY.items():
        gauge.clear()
        RATE_BY[by].clear()
        for row in promises[by]:
            RATE_BY[by].labels(row["name"]).set(_known(row["kept_rate"]))
            for outcome in OUTCOMES:
                gauge.labels(row["name"], outcome).set(row[outcome])


def _known(rate: float | None) -> float:
    return float("nan") if rate is None else rate


def render() -> tuple[bytes, str]:
    """Return what a scrape gets, and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


def _rows(rows: Sequence[Mapping[str, Any]]) -> None:
    for key, gauge in QUEUES.items():
        gauge.clear()
        for row in rows:
            if row[key] is not None:
                gauge.labels(row["name"], row["channel"]).set(row[key])
