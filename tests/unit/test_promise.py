from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.promise import SOONEST, Quote, Snapshot, grid, promise
from rules.hours import ALWAYS, Calendar
from rules.schedule import Schedule

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
ZONES = [
    COPENHAGEN,
    ZoneInfo("Asia/Kolkata"),
    ZoneInfo("Asia/Kathmandu"),
    ZoneInfo("America/New_York"),
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("UTC"),
]
LUNCH = ((480, 720), (750, 1080))
OFFICE = Calendar(
    name="office", zone=COPENHAGEN, schedule=Schedule(week=(LUNCH, LUNCH, LUNCH, LUNCH, LUNCH, (), ()))
)
NIGHT = Calendar(name="night", zone=COPENHAGEN, schedule=Schedule(week=(((1320, 1800),),) * 7))
ODD = Calendar(
    name="odd", zone=ZoneInfo("Asia/Kathmandu"), schedule=Schedule(week=(((487, 503), (1001, 1119)),) * 7)
)
NEVER = Calendar(name="never", zone=COPENHAGEN, schedule=Schedule(week=((),) * 7))
CALENDARS = [ALWAYS, OFFICE, NIGHT, ODD]


def at(text: str) -> datetime:
    """Return a Copenhagen time in November 2026 such as `23 13:43`, in UTC."""
    day, clock = text.split()
    return datetime.fromisoformat(f"2026-11-{day}T{clock}").replace(tzinfo=COPENHAGEN).astimezone(UTC)


def quote(now: str, target_s: float, *, hours: Calendar = OFFICE, due: str = "", window: str = "") -> Quote:
    """Promise for a message that arrived now."""
    arrived = at(now)
    return promise(
        Snapshot(
            now=arrived,
            arrived_at=arrived,
            due_at=at(due) if due else arrived + timedelta(seconds=target_s),
            target_s=target_s,
            calendar=hours,
            person="Maria Jensen",
            window_until=at(window) if window else None,
            zone=COPENHAGEN,
        )
    )


def clock(found: Quote) -> str:
    """Return X as a Copenhagen day and clock."""
    return f"{found.at.astimezone(COPENHAGEN):%d %H:%M}"


@pytest.mark.parametrize(
    ("now", "target_s", "expected"),
    [
        ("23 13:43", 7200, "23 15:30"),  # two hours: steps of a quarter
        ("23 13:43", 1620, "23 14:10"),  # 27 minutes: steps of five
        ("23 13:43:20", 60, "23 13:45"),  # chat: the next full minute that is at least 60 s away
        ("23 13:00:00", 60, "23 13:01"),
        ("23 13:43", 300, "23 13:48"),
        ("23 10:17", 14400, "23 14:00"),  # 4 h: steps of half an hour
        ("23 13:43", 86400, "24 13:00"),  # a day: full hours
        ("23 08:01", 360, "23 08:06"),  # five minutes are still said to the minute
        ("23 08:01", 600, "23 08:10"),
    ],
)
def test_said_as_people_say(now: str, target_s: float, expected: str) -> None:
    """X is the due time said in steps that grow with the distance, not after it where that can be."""
    found = quote(now, target_s, hours=ALWAYS)
    assert clock(found) == expected
    assert not found.late


def test_rounding_down_never_takes_half() -> None:
    """Where rounding down would take more than half of the time, X is rounded up by at most a step."""
    assert clock(quote("23 13:56", 540, hours=ALWAYS)) == "23 14:05"
    assert clock(quote("23 14:00:30", 100, hours=ALWAYS)) == "23 14:02"
    assert clock(quote("23 14:00:30", 80, hours=ALWAYS)) == "23 14:02"  # 14:01 is too near


def test_due_after_closing() -> None:
    """A due time after closing becomes the end of the person's day when enough of it is left."""
    found = quote("23 16:00", 14400)
    assert clock(found) == "23 18:00"
    assert not found.late


def test_due_when_nearly_closed() -> None:
    """With too little of the day left, X is in the next open time, flagged late, and counted aloud."""
    found = quote("23 17:52", 7200)
    assert clock(found) == "24 09:00"
    assert found.late
    story = " ".join(found.explanation)
    assert "Mon 23 Nov 17:52–18:00, Tue 24 Nov 08:00–08:52" in story
    assert "at risk from birth" in story


def test_arrival_on_the_weekend() -> None:
    """What arrives on a Saturday for somebody who works Monday to Friday is promised for Monday."""
    found = quote("28 14:10", 14400)
    assert clock(found) == "30 09:00"
    assert found.late


def test_on_leave() -> None:
    """Nothing is promised in the name of somebody for a day on which they are away."""
    away = Calendar(
        name="maria",
        zone=COPENHAGEN,
        schedule=Schedule(week=(LUNCH,) * 7, closed=frozenset({at("24 12:00").date()})),
    )
    found = quote("23 17:00", 57600, hours=away, due="24 09:00")
    assert clock(found) == "23 18:00"


def test_nobody_comes_back() -> None:
    """Where no hours lie ahead at all, X keeps to the due time and says so."""
    found = quote("23 13:00", 7200, hours=NEVER)
    assert clock(found) == "23 15:00"
    assert "No hours of Maria Jensen lie ahead" in " ".join(found.explanation)


def test_overdue() -> None:
    """A due time that is long past gives a time ahead of now, flagged late."""
    found = quote("23 13:00", 7200, hours=ALWAYS, due="23 11:00")
    assert clock(found) == "23 13:01"
    assert found.late


def test_window() -> None:
    """X lies inside the channel's reply window."""
    found = quote("23 13:00", 86400, window="23 22:00")
    assert clock(found) == "23 18:00"
    closed = quote("23 19:00", 86400, window="24 07:10")
    assert clock(closed) == "24 07:10"
    assert "The reply window closes at Tue 24 Nov 07:10" in " ".join(closed.explanation)


def test_window_is_shut() -> None:
    """A reply window that has closed cannot be kept; X is the soonest time and late is not hidden."""
    found = quote("23 13:00", 3600, window="23 12:00")
    assert clock(found) == "23 13:01"


def test_explanation_of_the_due_time() -> None:
    """The first sentence says where the due time comes from."""
    found = quote("23 13:43", 7200, hours=ALWAYS)
    assert found.explanation[0] == "Due Mon 23 Nov 15:43 = arrival Mon 23 Nov 13:43 + 2 h."
    assert (
        found.explanation[-1] == "Said as Mon 23 Nov 15:30: at this distance people speak in steps of 15 min."
    )


def test_half_hour_zone() -> None:
    """Rounding follows the wall clock of a zone that is half an hour off."""
    now = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    found = promise(
        Snapshot(
            now=now,
            arrived_at=now,
            due_at=now + timedelta(hours=24, minutes=50),
            target_s=89400,
            calendar=ALWAYS,
            zone=ZoneInfo("Asia/Kolkata"),
        )
    )
    local = found.at.astimezone(ZoneInfo("Asia/Kolkata"))
    assert (local.hour, local.minute) == (12, 0)


def test_clocks_go_back() -> None:
    """A clock time that comes twice is never promised for the second time: a reader takes the first."""
    now = datetime(2026, 10, 24, 23, 40, tzinfo=UTC)  # 01:40 in Copenhagen
    for minutes in range(2, 120):
        due = now + timedelta(minutes=minutes)
        found = promise(
            Snapshot(
                now=now, arrived_at=now, due_at=due, target_s=minutes * 60.0, calendar=ALWAYS, zone=COPENHAGEN
            )
        )
        assert found.at.astimezone(COPENHAGEN).fold == 0


instants = st.integers(0, 420 * 86400 * 1000).map(
    lambda ms: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
#: Around the nights in which clocks change in Europe, America and Lord Howe.
changes = st.sampled_from(
    [
        datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
        datetime(2026, 4, 4, 14, 30, tzinfo=UTC),
        datetime(2026, 10, 3, 15, 0, tzinfo=UTC),
    ]
).flatmap(lambda base: st.integers(-7200, 7200).map(lambda seconds: base + timedelta(seconds=seconds)))
delays = st.one_of(st.integers(-3600, 600), st.integers(0, 30_000), st.integers(0, 400_000))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Draw any message, hours and zone."""
    now = draw(st.one_of(instants, changes))
    waited = draw(st.sampled_from([0, 0, 0.2, 45, 5000]))
    window = draw(st.one_of(st.none(), st.integers(600, 200_000)))
    return Snapshot(
        now=now,
        arrived_at=now - timedelta(seconds=waited),
        due_at=now + timedelta(seconds=draw(delays)),
        target_s=float(draw(st.sampled_from([60, 300, 3600, 7200, 86400]))),
        calendar=draw(st.sampled_from(CALENDARS)),
        window_until=None if window is None else now + timedelta(seconds=window),
        zone=draw(st.sampled_from(ZONES)),
    )


@given(snapshots())
@settings(max_examples=400, deadline=None)
def test_never_past_and_on_the_grid(snapshot: Snapshot) -> None:
    """X is a minute ahead or more, on a whole minute, and a time people say unless hours end there."""
    found = promise(snapshot).at
    assert found >= snapshot.now + SOONEST
    local = found.astimezone(snapshot.zone)
    assert (local.second, local.microsecond) == (0, 0)
    said = local.minute % grid(found - snapshot.now) == 0
    ends = not snapshot.calendar.is_open(found)
    assert said or ends or snapshot.window_until is not None


@given(snapshots())
@settings(max_examples=400, deadline=None)
def test_within_hours_and_window(snapshot: Snapshot) -> None:
    """X is in the person's hours, their closing time included, and in the window where both can be had."""
    found = promise(snapshot).at
    before = snapshot.calendar.last_open(found)
    if snapshot.window_until is None:
        assert before == found
    else:
        assert found <= snapshot.window_until + timedelta(seconds=60)


@given(snapshots(), st.integers(0, 200_000))
@settings(max_examples=600, deadline=None)
def test_monotone(snapshot: Snapshot, more: int) -> None:
    """A later due time never gives an earlier X."""
    later = Snapshot(
        now=snapshot.now,
        arrived_at=snapshot.arrived_at,
        due_at=snapshot.due_at + timedelta(seconds=more),
        target_s=snapshot.target_s,
        calendar=snapshot.calendar,
        window_until=snapshot.window_until,
        zone=snapshot.zone,
    )
    assert promise(snapshot).at <= promise(later).at


@given(snapshots())
@settings(max_examples=200, deadline=None)
def test_not_far_from_due(snapshot: Snapshot) -> None:
    """With hours and window out of the way X is at most a step after the due time, or a minute from now."""
    open_always = Snapshot(
        now=snapshot.now,
        arrived_at=snapshot.arrived_at,
        due_at=snapshot.due_at,
        target_s=snapshot.target_s,
        calendar=ALWAYS,
        zone=ZoneInfo("UTC"),
    )
    found = promise(open_always)
    wanted = max(snapshot.due_at, snapshot.now + SOONEST)
    step = timedelta(minutes=grid(found.at - snapshot.now))
    assert wanted - (wanted - snapshot.now) / 2 <= found.at <= wanted + step
