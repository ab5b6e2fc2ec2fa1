"""How fast work drains: people, shifts, closed hours, and what overtakes meanwhile."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.engine.drain import Plan, Staff, instant, open_seconds, staffed_seconds
from router.engine.known import Learnt, Need
from router.engine.pressure import NONE, Pressure, Stream
from rules.hours import ALWAYS, Calendar
from rules.schedule import Schedule

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 09:00 in Copenhagen
NOON = MONDAY + timedelta(hours=3)


def hours(begin: int, end: int) -> Calendar:
    """Return weekday hours in Copenhagen."""
    week = (((begin * 60, end * 60),),) * 5 + ((), ())
    return Calendar(name=f"{begin}-{end}", zone=COPENHAGEN, schedule=Schedule(week=week))


def drained(staff: Staff, now: datetime, work_s: float, pressure: Pressure = NONE) -> float:
    """Return the open seconds until so much work is done."""
    return staff.drain(now.timestamp(), work_s, pressure, (2, 1e12)).open_s


def test_two_people_take_half_as_long() -> None:
    """An hour of work takes one person an hour, two half an hour."""
    one = Staff(Plan([(hours(9, 17), None)], MONDAY))
    two = Staff(Plan([(hours(9, 17), None)] * 2, MONDAY))
    assert drained(one, MONDAY, 3600.0) == pytest.approx(3600.0)
    assert drained(two, MONDAY, 3600.0) == pytest.approx(1800.0)


def test_shifts_change_the_pace() -> None:
    """From noon on a second person helps: four hours of work are done after three and a half."""
    staff = Staff(Plan([(hours(9, 17), None), (hours(12, 20), None)], MONDAY))
    assert drained(staff, MONDAY, 4 * 3600.0) == pytest.approx(3.5 * 3600)


def test_closed_time_does_not_count() -> None:
    """Nine hours of work for an eight-hour day end an hour into the next day, after nine open hours."""
    plan = Plan([(hours(9, 17), None)], MONDAY)
    assert drained(Staff(plan), MONDAY, 9 * 3600.0) == pytest.approx(9 * 3600)
    assert instant(plan.after(MONDAY.timestamp(), 9 * 3600.0)) == MONDAY + timedelta(days=1, hours=1)


def test_who_is_not_here_today_counts_from_tomorrow() -> None:
    """With one of two here, today's pace is halved; tomorrow both are reckoned with."""
    staff = Staff(Plan([(hours(9, 17), None)] * 2, MONDAY), 0.5)
    assert drained(staff, MONDAY, 3600.0) == pytest.approx(3600.0)
    assert drained(staff, MONDAY, 10 * 3600.0) == pytest.approx(9 * 3600.0)


def test_away_until() -> None:
    """Somebody who said until when they are away is planned from then on."""
    plan = Plan([(hours(9, 17), NOON)], MONDAY)
    assert not plan.is_open(MONDAY.timestamp())
    assert plan.opens(MONDAY.timestamp()) == NOON.timestamp()


def pressing(rank: int = 2, target_s: float = 60.0, hourly: float = 6.0) -> Pressure:
    """Return chats of ten minutes each that come day and night."""
    need = Need(lane="general|webchat||", rank=rank, count=1.0, target_s=target_s)
    learnt = Learnt(channel="webchat", needs=(need,))
    return Pressure({"webchat": learnt}, {"webchat": Stream([hourly] * 168, 1.0)}, lambda _, __: 1.0)


def test_what_comes_and_overtakes_slows_down() -> None:
    """Three ten-minute chats an hour take half of one person: an hour of work takes two."""
    staff = Staff(Plan([(hours(9, 17), None)], MONDAY))
    assert drained(staff, MONDAY, 3600.0, pressing(hourly=3.0)) == pytest.approx(7200.0)


def test_a_tenth_is_always_left() -> None:
    """However much overtakes, a tenth of the people is taken to be left."""
    staff = Staff(Plan([(hours(9, 17), None)], MONDAY))
    assert drained(staff, MONDAY, 360.0, pressing(hourly=600.0)) == pytest.approx(3600.0)


def test_the_night_brings_work_too() -> None:
    """What comes while closed and is served first lies ahead in the morning."""
    night = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 03:00, six hours before opening
    staff = Staff(Plan([(hours(9, 17), None)], night))
    # six hours with one chat each of ten minutes; then a sixth of the pace is lost
    assert drained(staff, night, 600.0, pressing(hourly=1.0)) == pytest.approx((600 + 3600) / (1 - 1 / 6))


def test_overtaking_ends_in_time() -> None:
    """Work with a target of two hours overtakes only if it comes two hours before the other is due."""
    pressure, start = pressing(target_s=7200.0), MONDAY.timestamp()
    due = (2, start + 3 * 3600.0)
    assert pressure.rate(start, due, surge=False) == 1.0
    assert pressure.rate(start + 3600.0, due, surge=False) == 0.0
    assert pressure.arriving(start, start + 9 * 3600.0, due) == pytest.approx(3600.0)


def test_priority_overtakes_whatever_is_due() -> None:
    """Higher priority comes first whatever its target; lower never does."""
    start = MONDAY.timestamp()
    assert pressing(rank=1, target_s=1e6).rate(start, (2, start + 60), surge=False) == 1.0
    assert pressing(rank=3, target_s=1.0).rate(start, (2, start + 1e6), surge=False) == 0.0


def test_open_seconds_of_several() -> None:
    """Open is when anybody is: 09–17 and 12–20 make eleven hours a day, counted once."""
    both = [hours(9, 17), hours(12, 20), hours(9, 17)]
    assert open_seconds(both, MONDAY, MONDAY + timedelta(days=1)) == 11 * 3600.0
    assert open_seconds([ALWAYS], MONDAY, NOON) == 3 * 3600.0
    assert open_seconds(both, NOON, MONDAY) == 0.0


def test_staffed_seconds_begin_when_somebody_is_back() -> None:
    """Of two with the same hours one is back at noon, one a day later: noon is when the day begins."""
    tomorrow = NOON + timedelta(days=1)
    both = [(hours(9, 17), NOON), (hours(9, 17), tomorrow)]
    assert staffed_seconds(both, MONDAY, MONDAY + timedelta(hours=8)) == 5 * 3600.0
    assert staffed_seconds(both[1:], MONDAY, MONDAY + timedelta(hours=8)) == 0.0
    assert staffed_seconds(both, tomorrow, tomorrow + timedelta(hours=1)) == 3600.0
