from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.hours import Calendar
from rules.schedule import Schedule

ZONES = [
    "Europe/Copenhagen",
    "America/New_York",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "UTC",
]
#: Around the changes of the clock, where mistakes live.
CORNERS = [
    datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2026, 4, 23, tzinfo=UTC),
]


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Draw a few windows of a day, some overlapping, some over midnight."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, 1439))
        found.append((begin, draw(st.integers(begin + 1, begin + 1440))))
    return tuple(sorted(found))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Draw hours that open at least once a week."""
    week = [draw(windows()) for _ in range(7)]
    week[draw(st.integers(0, 6))] = ((draw(st.integers(0, 700)), draw(st.integers(701, 1440))),)
    dates = st.dates(date(2026, 3, 20), date(2026, 11, 5))
    schedule = Schedule(
        week=tuple(week),
        holidays=tuple(draw(st.sampled_from([(), ("DK",)]))),
        closed=frozenset(draw(st.lists(dates, max_size=3))),
        also_open=draw(st.dictionaries(dates, windows(), max_size=2)),
    )
    return Calendar(name="made", zone=ZoneInfo(draw(st.sampled_from(ZONES))), schedule=schedule)


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    """Draw whole milliseconds, often near a change of the clock."""
    corner = draw(st.sampled_from(CORNERS))
    return corner + timedelta(milliseconds=draw(st.integers(0, 20 * 86_400_000)))


amounts = st.integers(0, 60 * 3_600_000).map(lambda ms: ms / 1000)


@settings(max_examples=60, deadline=None)
@given(calendars(), instants(), amounts)
def test_subtract_undoes_add(hours: Calendar, at: datetime, seconds: float) -> None:
    """From an open instant, adding and subtracting the same open time leads back."""
    start = hours.next_open(at)
    assert start is not None
    assert hours.subtract(hours.add(start, seconds), seconds) == start


@settings(max_examples=60, deadline=None)
@given(calendars(), instants(), amounts)
def test_add_undoes_subtract(hours: Calendar, at: datetime, seconds: float) -> None:
    """From inside open time or its end, subtracting and adding the same leads back."""
    end = hours.last_open(at)
    assert end is not None
    if hours.intervals(end - timedelta(milliseconds=1), end):
        assert hours.add(hours.subtract(end, seconds), seconds) == end


@settings(max_examples=60, deadline=None)
@given(calendars(), instants(), amounts)
def test_add_is_what_was_open(hours: Calendar, at: datetime, seconds: float) -> None:
    """The open time between start and due is the amount, and its intervals add up to it."""
    due = hours.add(at, seconds)
    assert due >= at
    assert round(hours.between(at, due), 3) == seconds
    pieces = hours.intervals(at, due)
    assert round(sum((piece.end - piece.start).total_seconds() for piece in pieces), 3) == seconds
    assert all(earlier.end < later.start for earlier, later in pairwise(pieces))


@settings(max_examples=40, deadline=None)
@given(calendars(), instants(), amounts, st.integers(0, 10**9), st.integers(0, 10**8))
def test_add_is_monotonic(hours: Calendar, at: datetime, seconds: float, later_ms: int, more_ms: int) -> None:
    """A later start or a longer target is never due earlier."""
    due = hours.add(at, seconds)
    assert hours.add(at + timedelta(milliseconds=later_ms), seconds) >= due
    assert hours.add(at, seconds + more_ms / 1000) >= due


@settings(max_examples=40, deadline=None)
@given(calendars(), instants(), st.integers(0, 10**9), st.integers(0, 10**9))
def test_between_adds_up(hours: Calendar, at: datetime, first_ms: int, second_ms: int) -> None:
    """Open time from a to c is that from a to b and from b to c."""
    middle = at + timedelta(milliseconds=first_ms)
    end = middle + timedelta(milliseconds=second_ms)
    whole = hours.between(at, end)
    assert round(hours.between(at, middle) + hours.between(middle, end), 3) == round(whole, 3)


@settings(max_examples=40, deadline=None)
@given(calendars(), instants())
def test_next_and_last_open_agree(hours: Calendar, at: datetime) -> None:
    """The next opening is open, and nothing is open between the last closing and it."""
    opening, closing = hours.next_open(at), hours.last_open(at)
    assert opening is not None
    assert closing is not None
    assert hours.is_open(opening)
    assert closing <= at <= opening
    assert hours.is_open(at) == (opening == at)
    if not hours.is_open(at):
        assert hours.between(closing, opening) == 0


@settings(max_examples=40, deadline=None)
@given(calendars(), instants())
def test_open_is_what_local_clocks_show(hours: Calendar, at: datetime) -> None:
    """Away from changes of the clock, open means that the wall clock stands inside a window."""
    local = at.astimezone(hours.zone)
    day_before = (at - timedelta(days=1)).astimezone(hours.zone)
    day_after = (at + timedelta(days=1)).astimezone(hours.zone)
    if not day_before.utcoffset() == local.utcoffset() == day_after.utcoffset():
        return
    assert hours.schedule is not None
    minute = local.hour * 60 + local.minute
    shown = any(begin <= minute < end for begin, end in hours.schedule.windows(local.date()))
    assert hours.is_open(at) == shown


@settings(max_examples=20, deadline=None)
@given(calendars(), st.lists(instants(), min_size=2, max_size=5), amounts)
def test_answers_do_not_depend_on_what_was_asked_before(
    hours: Calendar, asked: list[datetime], seconds: float
) -> None:
    """The cache of expanded days changes no answer."""
    fresh = Calendar(name="fresh", zone=hours.zone, schedule=hours.schedule)
    for at in asked:
        hours.add(at, seconds)
        hours.next_open(at - timedelta(days=900))
    assert hours.add(asked[0], seconds) == fresh.add(asked[0], seconds)
