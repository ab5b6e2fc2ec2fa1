"""What health says of a look at every part, and how often it looks."""

import asyncio
import re
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from router import metrics
from router.accounts.reports import Report
from router.conversation import Event
from router.errors import StoreDown
from router.health import Health
from router.health.document import document, drain_s
from router.health.signals import Disk, Signals
from router.health.told import Told, heard, tell
from router.kept import tally
from router.kept.figures import SLACK_S, Day, Group
from router.ports import Depth, PromiseFigure, QueueStat, Record
from router.switches import turned
from router.testing import ManualClock, MemoryBroker, MemoryStore
from router.voice import consent
from router.voice.consent import Consent
from rules.load import load

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
WELL = Signals(now=NOW, disk=Disk(50 * 1024**3, 100 * 1024**3))
KEYS = {
    "name", "channel", "depth", "in_flight", "oldest_age_s", "arrivals_per_min", "handled_per_min", "drain_s",
    "at_risk", "overdue", "next_due_at", "parked",
}  # fmt: skip


def minutes(count: float) -> datetime:
    """Return the instant so many minutes from now."""
    return NOW + timedelta(minutes=count)


def stat(**fields: Any) -> QueueStat:
    """Return the standing of a queue where all is quiet, but for these fields."""
    quiet: dict[str, Any] = {
        "queue": "general", "channel": "email", "waiting": 0, "assigned": 0, "oldest_at": None,
        "next_due_at": None, "overdue": 0, "at_risk": 0, "arrived": 0, "handled": 0, "parked": 0,
    }  # fmt: skip
    return QueueStat(**(quiet | fields))


def report(state: str, since: datetime, error: str = "") -> Report:
    """Return how an account is."""
    return Report(channel="email", account="support", state=state, since=since, error=error)


def seen(signals: Signals, known: dict[str, datetime] | None = None) -> dict[str, Any]:
    """Return the document of this look."""
    return document(signals, known or {})[0]


def the_cause(signals: Signals) -> dict[str, Any]:
    """Return the one cause there is."""
    [cause] = seen(signals)["causes"]
    assert set(cause) == {"text", "since", "audience", "impact", "safe_until", "next"}
    assert all(cause[key] for key in ("text", "impact", "next"))
    found: dict[str, Any] = cause
    return found


def test_all_is_well() -> None:
    """With nothing wrong the status is ok and there is no cause."""
    found = seen(WELL)
    assert found["status"] == "ok"
    assert found["causes"] == []
    assert set(found) == {"status", "causes", "queues", "promises", "channels"}


def test_row() -> None:
    """A row tells the standing of a queue with the names that others rely on."""
    busy = stat(
        waiting=6,
        assigned=2,
        oldest_at=minutes(-3),
        next_due_at=minutes(120),
        arrived=20,
        handled=30,
        parked=0,
    )
    [row] = seen(replace(WELL, stats=[busy]))["queues"]
    assert row == {
        "name": "general", "channel": "email", "depth": 6, "in_flight": 2, "oldest_age_s": 180.0,
        "arrivals_per_min": 2.0, "handled_per_min": 3.0, "drain_s": 120.0, "at_risk": 0, "overdue": 0,
        "next_due_at": "2026-11-23T13:00:00.000Z", "parked": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("depth", "rate", "expected"), [(0, 0.0, 0.0), (4, 2.0, 120.0), (4, 0.0, None)])
def test_drain(depth: int, rate: float, expected: float | None) -> None:
    """What waits is drained at the present rate; at no rate it never is."""
    assert drain_s(depth, rate) == expected


def test_doorbell_row() -> None:
    """The broker's queues are rows too, under their own names."""
    signals = replace(WELL, depths={"inbound.email": Depth(ready=3, in_flight=1, oldest_age_s=0.5)})
    [row] = seen(signals)["queues"]
    assert set(row) == KEYS
    assert (row["name"], row["channel"], row["depth"], row["in_flight"]) == ("inbound.email", "email", 3, 1)


def figure(**counts: Any) -> PromiseFigure:
    """Return figures of the queue `general` on email."""
    return PromiseFigure(**{"queue": "general", "channel": "email", **counts})


def test_promises() -> None:
    """The kept rate counts promises that ended kept or broken, and is unknown before; also by channel and queue."""
    counts = [
        figure(made=9, kept=3, renewed=2, broken=1, withdrawn=1),
        figure(channel="forum", kept=2),
        figure(queue="billing", made=1),
    ]
    found = seen(replace(WELL, promises=counts))["promises"]
    by_channel, by_queue = found.pop("by_channel"), found.pop("by_queue")
    assert found.pop("week") is None
    assert found == {"made": 10, "kept": 5, "renewed": 2, "broken": 1, "kept_rate": 5 / 6}
    forum = {"made": 0, "kept": 2, "renewed": 0, "broken": 0, "withdrawn": 0, "kept_rate": 1.0}
    email = {"made": 10, "kept": 3, "renewed": 2, "broken": 1, "withdrawn": 1, "kept_rate": 0.75}
    assert by_channel == [{"name": "email", **email}, {"name": "forum", **forum}]
    assert [(row["name"], row["made"], row["kept_rate"]) for row in by_queue] == [
        ("billing", 1, None),
        ("general", 9, 5 / 6),
    ]
    assert seen(WELL)["promises"]["kept_rate"] is None


def test_too_many_broken_promises_are_a_cause() -> None:
    """Below nine in ten of at least twenty a lead is told, with the commonest reason and what helps against it."""
    reasons = (("nobody on", 3), ("changed", 1))
    few, fine = figure(kept=16, broken=3), figure(kept=18, broken=2)
    for counts in (few, fine):
        assert seen(replace(WELL, promises=[counts], reasons=reasons))["causes"] == []
    signals = replace(WELL, promises=[figure(kept=17), figure(channel="forum", broken=3)], reasons=reasons)
    cause = the_cause(signals)
    assert (
        cause["text"] == "3 of the last 20 promises were broken, most often because nobody was on (3 times)."
    )
    assert (cause["audience"], seen(signals)["status"]) == ("lead", "warning")
    assert "hours of the people" in cause["next"]
    assert "Report" in cause["next"]
    unknown = the_cause(replace(signals, reasons=()))
    assert unknown["text"] == "3 of the last 20 promises were broken."
    assert "Report" in unknown["next"]


def test_store_down() -> None:
    """Without its store the service is critical, and the document still shows what was known last."""
    signals = replace(WELL, store_trouble="no answer", stats=[stat(waiting=1, next_due_at=minutes(200))])
    cause = the_cause(signals)
    assert cause["safe_until"] == "2026-11-23T14:20:00.000Z"
    assert seen(signals)["status"] == "critical"
    assert len(seen(signals)["queues"]) == 1


def test_broker_down() -> None:
    """Without its broker the service warns, and is critical when that lasts."""
    signals = replace(WELL, broker_trouble="connection refused")
    assert "kept" in the_cause(signals)["impact"]
    assert seen(signals)["status"] == "warning"
    assert seen(signals, {"broker": minutes(-2)})["status"] == "critical"


def test_since_is_remembered() -> None:
    """A cause tells since when it holds, and begins anew when it had gone."""
    ill = replace(WELL, broker_trouble="down")
    _, known = document(ill, {})
    later = replace(ill, now=minutes(0.5))
    found, known = document(later, known)
    assert found["causes"][0]["since"] == "2026-11-23T11:00:00.000Z"
    _, known = document(replace(WELL, now=minutes(1)), known)
    found, _ = document(replace(ill, now=minutes(2)), known)
    assert found["causes"][0]["since"] == "2026-11-23T11:02:00.000Z"


def test_overdue() -> None:
    """Overdue work is for the lead: a warning, critical when it is much of the queue."""
    few, many = stat(waiting=90, assigned=10, overdue=4), stat(waiting=40, assigned=10, overdue=6)
    assert the_cause(replace(WELL, stats=[few]))["audience"] == "lead"
    assert seen(replace(WELL, stats=[few]))["status"] == "warning"
    assert seen(replace(WELL, stats=[many]))["status"] == "critical"


@pytest.mark.parametrize(
    ("due_in_min", "status"), [(5 * 60, "ok"), (40, "warning"), (10, "critical"), (-5, "critical")]
)
def test_nobody_present(due_in_min: float, status: str) -> None:
    """That nobody is present matters as something falls due, and says whom to ask."""
    waiting = stat(waiting=2, next_due_at=minutes(due_in_min))
    signals = replace(WELL, stats=[waiting], unstaffed={"general": "Maria or Tom"})
    assert seen(signals)["status"] == status
    if status != "ok":
        assert "Maria or Tom" in the_cause(signals)["next"]


def test_undecided() -> None:
    """Messages that wait to be decided point at the router, at once in words and soon critically."""
    fresh = stat(queue="triage", waiting=3, oldest_at=minutes(-0.1), next_due_at=minutes(60))
    stuck, old = replace(fresh, oldest_at=minutes(-1)), replace(fresh, oldest_at=minutes(-3))
    assert seen(replace(WELL, stats=[fresh]))["status"] == "ok"
    assert "router" in the_cause(replace(WELL, stats=[stuck]))["next"]
    assert seen(replace(WELL, stats=[old]))["status"] == "critical"


def test_too_slow() -> None:
    """A queue that answers fewer than fall due is named before they are overdue."""
    slow = stat(assigned=9, at_risk=9, handled=2, next_due_at=minutes(8))
    cause = the_cause(replace(WELL, stats=[slow]))
    assert "at the present rate 3 will be answered" in cause["text"]
    assert cause["safe_until"] == "2026-11-23T11:08:00.000Z"
    assert seen(replace(WELL, stats=[replace(slow, handled=20)]))["status"] == "ok"


def test_parked() -> None:
    """Parked messages are shown with the command that replays them."""
    cause = the_cause(replace(WELL, stats=[stat(parked=2, next_due_at=minutes(90))]))
    assert "handleby parked" in cause["next"]
    assert cause["safe_until"] == "2026-11-23T12:30:00.000Z"


def test_channel() -> None:
    """An account that is down is a warning at first and critical later; one that is starting may."""
    fresh, old = report("down", minutes(-1), "login refused"), report("down", minutes(-10))
    cause = the_cause(replace(WELL, reports=[fresh]))
    assert "login refused" in cause["text"]
    assert cause["since"] == "2026-11-23T10:59:00.000Z"
    assert seen(replace(WELL, reports=[old]))["status"] == "critical"
    assert seen(replace(WELL, reports=[report("starting", minutes(-0.1))]))["status"] == "ok"
    assert seen(replace(WELL, reports=[report("degraded", minutes(-60))]))["status"] == "warning"
    assert seen(replace(WELL, reports=[fresh]))["channels"] == [
        {
            "name": "email", "account": "support", "state": "down", "last_seen_at": None,
            "error": "login refused",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("signals", "status", "word"),
    [
        (replace(WELL, timers_trouble="this clock is 3 s off"), "warning", "clock"),
        (replace(WELL, disk=Disk(500 * 1024**2, 100 * 1024**3)), "critical", "disk"),
        (replace(WELL, disk=Disk(5 * 1024**3, 100 * 1024**3)), "warning", "disk"),
        (replace(WELL, store_s=2.5), "warning", "2.5 s"),
        (replace(WELL, lag_s=1.5), "warning", "1.5 s"),
        (replace(WELL, promises=[figure(kept=15, broken=5)]), "warning", "5 of the last 20"),
    ],
)
def test_machine(signals: Signals, status: str, word: str) -> None:
    """Clock, disk, a slow store, a stalled process and broken promises each have their sentence."""
    assert word in the_cause(signals)["text"]
    assert seen(signals)["status"] == status


class CountingStore(MemoryStore):
    """Counts how often it is asked, and fails when told."""

    asked = 0
    broken = False

    async def queue_stats(self, *, now: datetime, since: datetime, risk_s: float) -> list[QueueStat]:
        """Count, then answer or fail."""
        self.asked += 1
        if self.broken:
            raise StoreDown
        return await super().queue_stats(now=now, since=since, risk_s=risk_s)

    async def now(self) -> datetime:
        """Answer or fail."""
        if self.broken:
            raise StoreDown
        return await super().now()


class House:
    """The parts that health looks at, made of twins."""

    def __init__(self, *roles: str) -> None:
        self.clock = ManualClock(NOW)
        self.store = CountingStore(self.clock)
        self.broker = MemoryBroker(self.clock)
        self.reports: list[Report] = []
        book = load(None, channels=["email", "webchat"])
        self.health = Health(
            self,
            book=lambda: book,
            reports=lambda: self.reports,
            roles=roles or ("channels", "router", "desk"),
        )


async def test_many_ask() -> None:
    """However many ask at once, the parts are looked at once."""
    house = House()
    found = await asyncio.gather(*(house.health.queues() for _ in range(20)))
    assert house.store.asked == 1
    assert {status for status, _ in found} == {200}
    assert found[0][1]["status"] == "ok"


async def test_paused_notes_are_a_cause() -> None:
    """While somebody paused all notes health says so, since when and how to end it."""
    house = House()
    await house.store.put_record(turned(None, NOW - timedelta(hours=2), paused=True))
    status, found = await house.health.queues()
    assert (status, found["status"]) == (200, "warning")
    (cause,) = found["causes"]
    assert cause["text"] == "Automatic notes are paused."
    assert datetime.fromisoformat(cause["since"]) == NOW - timedelta(hours=2)
    assert "notes resume" in cause["next"]
    house = House()
    await house.store.put_record(turned(None, NOW, paused=False))
    assert (await house.health.queues())[1]["causes"] == []


async def test_broken_store_is_said() -> None:
    """A store that fails makes 503 with the reason, in a document that is whole."""
    house = House()
    house.store.broken = True
    status, found = await house.health.queues()
    assert status == 503
    assert found["status"] == "critical"
    assert "The store cannot be used" in found["causes"][0]["text"]
    assert (await house.health.ready())[0] == 503


async def test_ready() -> None:
    """Ready needs the store, and the broker once; a process that takes messages in is ready without it later."""
    house = House()
    house.broker.down = "no route"
    status, found = await house.health.ready()
    assert status == 503
    assert found["missing"] == ["broker: no route"]
    house.broker.down = ""
    assert (await house.health.ready())[0] == 200
    house.broker.down = "no route"
    assert (await house.health.ready())[0] == 200


async def test_ready_by_role() -> None:
    """A process that only routes is of no use without the broker; one that only takes in never needs it."""
    routing, taking = House("router"), House("channels")
    assert (await routing.health.ready())[0] == 200
    routing.broker.down = taking.broker.down = "no route"
    assert (await routing.health.ready())[0] == 503
    assert (await taking.health.ready())[0] == 200


async def test_live() -> None:
    """A process whose loop runs is alive."""
    house = House()
    measuring = asyncio.create_task(house.health.run())
    await asyncio.sleep(0.3)
    assert (await house.health.live())[0] == 200
    measuring.cancel()


def promise(kind: str) -> Event:
    """Return the log's line about a promise, a minute ago."""
    return Event(at=minutes(-1), kind=kind, channel="email", queue="general", agent="maria")


def counted_week() -> Record:
    """Return what the tally writes of the running week: three promises kept, one broken, by two people."""
    slack = bisect_right(SLACK_S, 1000.0)
    groups = (
        Group(channel="email", queue="general", agent="maria", made=4, kept=2, slack={slack: 2}),
        Group(channel="email", queue="billing", agent="tom", kept=1, broken=1, renewed=1),
    )
    day = msgspec.json.encode(Day(day="2026-W48", groups=groups)).decode()
    return Record(kind=tally.KIND, id="2026-W48", value={"day": day}, version=1)


async def test_the_running_week_is_told() -> None:
    """By channel and queue, with the time there was to spare; nobody's own figures are there."""
    house = House()
    await house.store.put_record(counted_week())
    week = (await house.health.queues())[1]["promises"]["week"]
    assert (week["name"], week["made"], week["kept"], week["broken"]) == ("2026-W48", 4, 3, 1)
    assert (week["renewed"], week["kept_rate"]) == (1, 0.75)
    assert 900 <= week["slack_p10_s"] <= week["slack_p50_s"] <= 1800
    [email] = week["by_channel"]
    assert (email["name"], email["kept"]) == ("email", 3)
    assert {row["name"]: row["kept_rate"] for row in week["by_queue"]} == {"billing": 0.5, "general": 1.0}
    assert not re.search("maria|tom", str(week))


async def test_scrape() -> None:
    """A scrape holds the counters and the document's figures, and can be parsed."""
    house = House()
    house.reports = [report("ok", NOW)]
    metrics.accepted("email")
    metrics.decided("email", 3, 0.01)
    metrics.parked("email")
    metrics.sent("email", "sent", automatic=True, seconds=0.2)
    metrics.sent("email", "failed", automatic=False, seconds=0.2)
    metrics.slack("a channel of its own", -30.0)  # other tests count on the real ones, in the same registry
    await house.store.append([promise("kept"), promise("kept"), promise("broken"), promise("renewed")])
    await house.store.put_record(counted_week())
    body, content_type = await house.health.metrics()
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert content_type.startswith("text/plain")
    assert {
        "handleby_messages_accepted", "handleby_messages_decided", "handleby_messages_parked", "handleby_notes",
        "handleby_answers", "handleby_decision_seconds", "handleby_send_seconds", "handleby_health_status",
        "handleby_queue_depth", "handleby_channel_up", "handleby_promises", "handleby_loop_lag_seconds",
    } <= set(families)  # fmt: skip
    [kept] = families["handleby_channel_promises_kept_ratio"].samples
    assert (kept.labels, kept.value) == ({"channel": "email"}, 2 / 3)
    counts = {each.labels["outcome"]: each.value for each in families["handleby_queue_promises"].samples}
    assert counts == {"made": 0, "kept": 2, "renewed": 1, "broken": 1, "withdrawn": 0}
    slack = families["handleby_promise_slack_seconds"].samples
    late = {
        each.labels.get("le"): each.value
        for each in slack
        if each.labels["channel"] == "a channel of its own"
    }
    assert (late["-60.0"], late["0.0"]) == (0, 1)
    [week] = families["handleby_week_promises_kept_ratio"].samples
    assert week.value == 0.75
    [up] = families["handleby_channel_up"].samples
    assert (up.labels, up.value) == ({"channel": "email", "account": "support"}, 1.0)


def test_gone_rows_disappear() -> None:
    """A queue that the document no longer names leaves no stale figure behind."""
    metrics.show(seen(replace(WELL, stats=[stat(queue="old", waiting=1)])))
    metrics.show(seen(WELL))
    assert b'queue="old"' not in metrics.render()[0]


async def test_what_a_part_says_of_itself_is_a_cause() -> None:
    """Said through the store, so that every process shows it; forgotten once all is well or nobody says it any more."""
    house = House()
    store, clock = house.store, house.clock
    told = Told(key="x", text="It fails.", impact="Nobody is told.", next="Mend it.", since=clock.now())
    await tell(store, "part", [told], clock.now())
    [cause] = (await house.health.queues())[1]["causes"]
    assert (cause["text"], cause["next"], cause["impact"]) == ("It fails.", "Mend it.", "Nobody is told.")
    assert await heard(store) == [told]
    await tell(store, "part", [], clock.now())
    assert await heard(store) == []
    await tell(store, "part", [told], clock.now())
    clock.move(61)
    assert await heard(store) == []


async def test_a_channel_on_which_nobody_agreed_to_notes_is_a_cause(tmp_path: Path) -> None:
    """Told once a channel, with who should agree; gone as soon as somebody who stands behind its queue has."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "version: 1\nagents:\n  maria: {name: Maria Jensen, queues: [general]}\n"
        "  tom: {name: Tom Berg, queues: [general]}\n  eve: {name: Eve Holm, queues: [general]}\n"
        "queues:\n  general: {duty: [maria], lead: tom}\n"
    )
    house = House()
    book = load(rules, channels=["email", "webchat"])
    places = (("email", "support"), ("email", "sales"), ("webchat", "site"))
    house.reports = [Report(channel=channel, account=name, state="ok", since=NOW) for channel, name in places]
    health = Health(house, book=lambda: book, reports=lambda: house.reports)
    found = (await health.queues())[1]["causes"]
    assert [one["text"] for one in found] == [
        "Nobody agreed to notes in their name on email.",
        "Nobody agreed to notes in their name on webchat.",
    ]
    assert {one["audience"] for one in found} == {"ops"}
    assert "Let Maria Jensen sign in and agree" in found[0]["next"]
    await consent.agree(house.store, "eve", "webchat", Consent(at=NOW, version="v1"))
    await consent.agree(house.store, "tom", "email", Consent(at=NOW, version="v1"))
    health = Health(house, book=lambda: book, reports=lambda: house.reports)
    [left] = (await health.queues())[1]["causes"]
    assert "webchat" in left["text"], "Eve answers, but stands behind no queue"
