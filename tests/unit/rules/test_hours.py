from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rules.evaluate import Rulebook
from rules.hours import ALWAYS, Calendar, Interval
from rules.schedule import Schedule, instant
from rules.week import dates, days, window

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
HOUR = 3600.0


def calendar(open: dict[str, list[str]], zone: str = "Europe/Copenhagen", **more: object) -> Calendar:
    """Return a calendar as the rules would make it."""
    week: list[tuple[tuple[int, int], ...]] = [()] * 7
    for key, windows in open.items():
        for day in days(key):
            week[day] = tuple(window(text) for text in windows)
    return Calendar(name="test", zone=ZoneInfo(zone), schedule=Schedule(week=tuple(week), **more))  # type: ignore[arg-type]


def at(text: str, zone: str = "Europe/Copenhagen") -> datetime:
    """Return the instant of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


OFFICE = calendar({"mon-fri": ["08:00-12:00", "12:30-16:00"]})
NIGHT = calendar({"daily": ["22:00-06:00"]})


def test_open_includes_the_opening_and_excludes_the_closing_instant() -> None:
    """Windows are half open."""
    times = [
        "2026-11-23 07:59",
        "2026-11-23 08:00",
        "2026-11-23 12:00",
        "2026-11-23 12:30",
        "2026-11-23 16:00",
    ]
    assert [OFFICE.is_open(at(time)) for time in times] == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-23 09:00", 1, "2026-11-23 10:00"),
        ("2026-11-23 11:00", 1, "2026-11-23 12:00"),
        ("2026-11-23 11:30", 1, "2026-11-23 13:00"),
        ("2026-11-23 12:10", 1, "2026-11-23 13:30"),
        ("2026-11-20 15:00", 4, "2026-11-23 11:00"),
        ("2026-11-21 13:00", 7.5, "2026-11-23 16:00"),
        ("2026-11-23 08:00", 24, "2026-11-26 09:30"),
        ("2026-11-21 13:00", 0, "2026-11-21 13:00"),
    ],
)
def test_add_counts_open_time_only(start: str, hours: float, due: str) -> None:
    """Lunch, nights and weekends do not count."""
    assert OFFICE.add(at(start), hours * HOUR) == at(due)


def test_subtract_goes_back_over_closed_time() -> None:
    """Two open hours before Monday 09:00 is Friday 15:00."""
    assert OFFICE.subtract(at("2026-11-23 09:00"), 2 * HOUR) == at("2026-11-20 15:00")


def test_negative_amounts_turn_round() -> None:
    """Adding less than nothing subtracts."""
    assert OFFICE.add(at("2026-11-23 09:00"), -2 * HOUR) == at("2026-11-20 15:00")
    assert OFFICE.subtract(at("2026-11-20 15:00"), -2 * HOUR) == at("2026-11-23 09:00")


def test_intervals_list_what_was_counted() -> None:
    """The intervals behind a due time add up to the target."""
    start = at("2026-11-20 15:00")
    due = OFFICE.add(start, 6 * HOUR)
    counted = OFFICE.intervals(start, due)
    assert counted == [
        Interval(start=start, end=at("2026-11-20 16:00")),
        Interval(start=at("2026-11-23 08:00"), end=at("2026-11-23 12:00")),
        Interval(start=at("2026-11-23 12:30"), end=at("2026-11-23 13:30")),
    ]
    assert OFFICE.between(start, due) == 6 * HOUR


def test_next_and_last_open() -> None:
    """Closed instants lead to the next opening and the last closing; open ones to themselves."""
    weekend, inside = at("2026-11-21 13:00"), at("2026-11-23 09:00")
    assert OFFICE.next_open(weekend) == at("2026-11-23 08:00")
    assert OFFICE.last_open(weekend) == at("2026-11-20 16:00")
    assert OFFICE.next_open(inside) == OFFICE.last_open(inside) == inside


def test_overnight_windows_belong_to_the_day_they_begin_on() -> None:
    """A shift from Friday 22:00 ends on Saturday morning, and Saturday has none of its own."""
    shift = calendar({"fri": ["22:00-06:00"]})
    assert shift.intervals(at("2026-11-20 00:00"), at("2026-11-23 00:00")) == [
        Interval(start=at("2026-11-20 22:00"), end=at("2026-11-21 06:00"))
    ]


def test_whole_days_join() -> None:
    """00:00-24:00 on each day is one stretch without seams."""
    whole = calendar({"daily": ["00:00-24:00"]})
    assert len(whole.intervals(at("2026-11-20 10:00"), at("2026-11-25 10:00"))) == 1
    assert whole.add(at("2026-11-20 10:00"), 24 * HOUR) == at("2026-11-21 10:00")


def test_clocks_going_forward_shorten_the_night() -> None:
    """The night of 29 March 2026 has seven hours, and so has the shift."""
    assert NIGHT.between(at("2026-03-28 12:00"), at("2026-03-29 12:00")) == 7 * HOUR


def test_clocks_going_back_lengthen_the_night() -> None:
    """The night of 25 October 2026 has nine hours, and so has the shift."""
    assert NIGHT.between(at("2026-10-24 12:00"), at("2026-10-25 12:00")) == 9 * HOUR


def test_a_time_that_is_skipped_means_the_end_of_the_gap() -> None:
    """02:30 does not exist on 29 March 2026: a window from 02:30 opens at 03:00."""
    early = calendar({"sun": ["02:30-05:00"]})
    [interval] = early.intervals(at("2026-03-29 00:00"), at("2026-03-29 12:00"))
    assert interval == Interval(start=datetime(2026, 3, 29, 1, tzinfo=UTC), end=at("2026-03-29 05:00"))


def test_a_window_inside_the_gap_does_not_exist() -> None:
    """02:10-02:50 has no instant on 29 March 2026."""
    inside = calendar({"sun": ["02:10-02:50"]})
    assert inside.intervals(at("2026-03-29 00:00"), at("2026-03-29 12:00")) == []


def test_a_time_that_comes_twice_means_the_first() -> None:
    """Windows that touch at 02:30 touch in the night when 02:30 comes twice, and none counts double."""
    parts = calendar({"sun": ["00:00-02:30", "02:30-06:00"]})
    whole = calendar({"sun": ["00:00-06:00"]})
    span = at("2026-10-25 00:00"), at("2026-10-25 12:00")
    assert parts.intervals(*span) == whole.intervals(*span)
    assert whole.between(*span) == 7 * HOUR
    assert calendar({"sun": ["02:30-02:45"]}).between(*span) == HOUR / 4


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ("Australia/Lord_Howe", date(2026, 10, 4), datetime(2026, 10, 3, 13, 30, tzinfo=UTC)),
    ],
)
def test_midnights_that_do_not_exist(zone: str, day: date, expected: datetime) -> None:
    """Where midnight or a whole day is skipped, it means the first instant after it."""
    assert instant(ZoneInfo(zone), day, 0) == expected


def test_holidays_by_country_and_region() -> None:
    """Epiphany is a holiday in Bavaria and not in the rest of Germany."""
    week = {"mon-fri": ["08:00-16:00"]}
    bavaria, germany = calendar(week, holidays=("DE-BY",)), calendar(week, holidays=("DE",))
    epiphany = at("2026-01-06 10:00")
    assert (bavaria.is_open(epiphany), germany.is_open(epiphany)) == (False, True)
    assert bavaria.why_closed(date(2026, 1, 6)) == "Epiphany"
    assert germany.why_closed(date(2026, 1, 6)) == ""


def test_closed_dates_and_openings_on_single_dates() -> None:
    """A closed date is closed all day; an extra opening holds on a holiday and on a Sunday."""
    special = calendar(
        {"mon-fri": ["08:00-16:00"]},
        holidays=("DK",),
        closed=frozenset(dates("2026-12-28..2026-12-29")),
        also_open={
            date(2026, 12, 25): (window("10:00-12:00"),),
            date(2026, 12, 27): (window("10:00-14:00"),),
        },
    )
    counted = special.intervals(at("2026-12-25 00:00"), at("2026-12-31 00:00"))
    assert counted == [
        Interval(start=at("2026-12-25 10:00"), end=at("2026-12-25 12:00")),
        Interval(start=at("2026-12-27 10:00"), end=at("2026-12-27 14:00")),
        Interval(start=at("2026-12-30 08:00"), end=at("2026-12-30 16:00")),
    ]


def test_a_closed_date_cuts_off_the_night_before_it() -> None:
    """The shift that runs into a closed date ends at midnight, and the closed date begins none."""
    shut = calendar({"daily": ["22:00-06:00"]}, closed=frozenset({date(2026, 12, 24)}))
    assert shut.intervals(at("2026-12-23 12:00"), at("2026-12-25 23:00")) == [
        Interval(start=at("2026-12-23 22:00"), end=at("2026-12-24 00:00")),
        Interval(start=at("2026-12-25 22:00"), end=at("2026-12-25 23:00")),
    ]


def test_always_is_always_open() -> None:
    """Without hours, time is time."""
    now = at("2026-12-25 03:00")
    assert ALWAYS.is_open(now)
    assert ALWAYS.add(now, HOUR) - now == now - ALWAYS.subtract(now, HOUR) == timedelta(hours=1)
    assert ALWAYS.between(now, now + timedelta(hours=2)) == 2 * HOUR
    assert ALWAYS.next_open(now) == ALWAYS.last_open(now) == now
    assert ALWAYS.intervals(now, now) == []


def test_hours_without_open_time_still_give_a_time() -> None:
    """Hours that ran out of openings count on the wall clock, so that work is always due some time."""
    shut = calendar({})
    now = at("2026-11-23 09:00")
    assert shut.next_open(now) is None
    assert shut.last_open(now) is None
    assert shut.add(now, HOUR) == now + timedelta(hours=1)
    assert shut.subtract(now, HOUR) == now - timedelta(hours=1)


def test_far_away_instants_are_no_trouble() -> None:
    """Questions about other centuries are answered, and today's answers stay the same."""
    now = at("2026-11-23 09:00")
    before = OFFICE.add(now, HOUR)
    assert OFFICE.next_open(datetime(1900, 1, 6, tzinfo=UTC)) is not None
    assert OFFICE.between(datetime(1, 1, 2, tzinfo=UTC), now) > 0
    assert OFFICE.add(datetime(9999, 6, 1, tzinfo=UTC), HOUR) > now
    assert OFFICE.add(now, HOUR) == before
    assert (
        calendar({"mon": ["08:00-09:00"]}, holidays=("DK",)).next_open(datetime(900, 1, 1, tzinfo=UTC))
        is not None
    )


def test_a_long_target_crosses_many_weeks() -> None:
    """Ninety days of office time take more than two years."""
    start = at("2026-11-23 08:00")
    due = OFFICE.add(start, 90 * 24 * HOUR)
    assert OFFICE.between(start, due) == 90 * 24 * HOUR
    assert OFFICE.subtract(due, 90 * 24 * HOUR) == start


def test_rules_make_these_calendars(book: Callable[[str], Rulebook]) -> None:
    """Hours of a file behave like the ones above."""
    office = book("").calendar("office")
    assert office.add(at("2026-11-20 15:00"), 4 * HOUR) == at("2026-11-23 11:00")
    assert book("").calendar("no such hours") is ALWAYS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("sat", (5,)),
        ("Monday", (0,)),
        ("daily", (0, 1, 2, 3, 4, 5, 6)),
        ("mon,wed", (0, 2)),
        ("fri-mon", (4, 5, 6, 0)),
        ("mon-tue, sat", (0, 1, 5)),
    ],
)
def test_days(text: str, expected: tuple[int, ...]) -> None:
    """Weekdays may be single, listed or ranges, also over the weekend."""
    assert days(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("08:00-12:30", (480, 750)),
        ("8.00 – 12.30", (480, 750)),
        ("22:00-06:00", (1320, 1800)),
        ("00:00-24:00", (0, 1440)),
    ],
)
def test_windows(text: str, expected: tuple[int, int]) -> None:
    """Opening times may run past midnight and end at 24:00."""
    assert window(text) == expected


@pytest.mark.parametrize(
    "text", ["8-12", "08:00", "25:00-26:00", "08:00-08:00", "08:70-09:00", "24:00-02:00"]
)
def test_windows_refused(text: str) -> None:
    """Times that no clock shows, and windows without a length, are refused."""
    with pytest.raises(ValueError, match=r"'.*'"):
        window(text)
