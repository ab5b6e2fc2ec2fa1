from datetime import UTC, date, datetime

import pytest

from rules.evaluate import Rulebook
from rules.hours import ALWAYS, Interval
from rules.load import RulesError, read
from rules.model import Person

TEAM = """
version: 1
hours:
  office: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-16:00"]}, also_open: {2026-12-05: "10:00-12:00"}}
  night: {timezone: Europe/Copenhagen, open: {daily: ["22:00-06:00"]}}
agents:
  ann: {name: Ann, queues: [general], hours: office, leave: ["2026-12-22..2027-01-03", 2026-12-04, 2026-12-05]}
  bo: {name: Bo, queues: [general], leave: 2026-12-04}
  cy: {name: Cy, queues: [general], hours: night, leave: [2026-12-04]}
  di: {name: Di, queues: [general], hours: office}
queues: {general: {duty: [ann, bo, cy, di]}}
"""


@pytest.fixture
def team() -> Rulebook:
    """Return rules in which most are on leave at some time."""
    return read(TEAM, source="f", channels=[])


def test_nobody_is_there_on_leave(team: Rulebook) -> None:
    """Both ends of a range count, and a date on which the team opens besides stays closed for who is away."""
    ann = team.calendar_of(team.people["ann"])
    days = ("2026-12-03", "2026-12-04", "2026-12-05", "2026-12-21", "2026-12-22", "2027-01-04")
    there = [ann.is_open(datetime.fromisoformat(f"{day}T10:30+01:00")) for day in days]
    assert there == [True, False, False, True, False, True]
    last = datetime(2026, 12, 21, 15, tzinfo=UTC)
    assert ann.next_open(last) == datetime(2027, 1, 4, 7, tzinfo=UTC)


def test_leave_says_why(team: Rulebook) -> None:
    """The reason of a closed day names the leave; the team's own hours know nothing of it."""
    day = date(2026, 12, 4)
    assert team.calendar_of(team.people["ann"]).why_closed(day) == "on leave"
    assert team.calendar("office").why_closed(day) == ""


def test_who_works_always_may_be_on_leave(team: Rulebook) -> None:
    """Hours without a schedule have nothing of that day, and all of the others."""
    bo = team.calendar_of(team.people["bo"])
    start, end = datetime(2026, 12, 3, tzinfo=UTC), datetime(2026, 12, 6, tzinfo=UTC)
    assert bo.intervals(start, end) == [
        Interval(start=start, end=datetime(2026, 12, 4, tzinfo=UTC)),
        Interval(start=datetime(2026, 12, 5, tzinfo=UTC), end=end),
    ]
    assert bo.add(start, 30 * 3600) == datetime(2026, 12, 5, 6, tzinfo=UTC)


def test_leave_takes_the_night_shift_that_begins_on_it(team: Rulebook) -> None:
    """A night shift into a day of leave ends at midnight, and none begins in its evening."""
    cy = team.calendar_of(team.people["cy"])
    start, end = datetime(2026, 12, 3, 12, tzinfo=UTC), datetime(2026, 12, 5, 22, tzinfo=UTC)
    assert cy.intervals(start, end) == [
        Interval(start=datetime(2026, 12, 3, 21, tzinfo=UTC), end=datetime(2026, 12, 3, 23, tzinfo=UTC)),
        Interval(start=datetime(2026, 12, 5, 21, tzinfo=UTC), end=end),
    ]


def test_hours_are_not_made_twice(team: Rulebook) -> None:
    """Who has no leave shares the team's hours, and hours with leave are made once."""
    ann, di = team.people["ann"], team.people["di"]
    assert team.calendar_of(di) is team.calendar("office")
    assert team.calendar_of(ann) is team.calendar_of(ann)
    assert team.calendar_of(Person(id="x", name="X")) is ALWAYS


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026-13-01", "'2026-13-01' is not a date; write it like 2026-12-24"),
        (
            "2027-01-03..2026-12-22",
            "'2027-01-03..2026-12-22' must run forward, over a year at most",
        ),
    ],
)
def test_leave_that_cannot_be_read_is_told(written: str, told: str) -> None:
    """A date that does not exist and a range that runs backwards are named with their place."""
    text = f"version: 1\nagents: {{x: {{name: X, queues: [a], leave: [{written}]}}}}\nqueues: {{a: {{duty: x}}}}\n"
    with pytest.raises(RulesError) as caught:
        read(text, source="f", channels=[])
    assert str(caught.value) == f"f:2:44: {told}"
