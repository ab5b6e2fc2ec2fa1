"""The time that a customer asked for: nobody is promised an answer before it, however the hours lie."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from router.promise import Snapshot, promise
from rules.hours import Calendar
from rules.schedule import Schedule

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
#: The day before clocks change.
START = datetime(2026, 10, 24, tzinfo=UTC)
#: Weekdays from eight to six, half an hour off at noon.
OFFICE = Calendar(
    name="office",
    zone=COPENHAGEN,
    schedule=Schedule(week=(((480, 720), (750, 1080)),) * 5 + ((), ())),
)


def asked(now: datetime, not_before: datetime, target_s: float = 300.0) -> Snapshot:
    """Return a call that somebody wants at a time or later."""
    due = not_before + timedelta(seconds=target_s)
    return Snapshot(
        now=now,
        arrived_at=now,
        due_at=due,
        target_s=target_s,
        calendar=OFFICE,
        not_before=not_before,
        zone=COPENHAGEN,
    )


def test_who_asks_for_a_call_at_noon_is_not_promised_one_before() -> None:
    """Where the time lies in somebody's break, the call comes after the break and not before it."""
    now = datetime(2026, 10, 28, 9, 0, tzinfo=UTC)
    noon = datetime(2026, 10, 28, 11, 10, tzinfo=UTC)  # ten past twelve, in the break
    found = promise(asked(now, noon)).at
    assert found.astimezone(COPENHAGEN).strftime("%d %H:%M") == "28 12:45"


@given(st.integers(0, 6 * 86400), st.integers(0, 3 * 86400), st.sampled_from([60.0, 300.0, 3600.0, 86400.0]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_never_before_what_was_asked_and_in_the_hours(after_s: int, ahead_s: int, target_s: float) -> None:
    """X lies at the time that was asked for or after it, when somebody is there."""
    now = START + timedelta(seconds=after_s)
    wanted = now + timedelta(seconds=ahead_s)
    found = promise(asked(now, wanted, target_s)).at
    assert found >= wanted
    assert OFFICE.is_open(found) or OFFICE.last_open(found) == found
