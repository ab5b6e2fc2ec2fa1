"""What we start ourselves comes by day, on the customer's own clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.conversation import NoteKind, SendState, Status
from router.keeping.leaving import weighed
from router.keeping.manners import by_day, may_start
from tests.support.world import World

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
ZONES = (
    "Europe/Copenhagen",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "UTC",
)


def here(text: str, zone: ZoneInfo = COPENHAGEN) -> datetime:
    """Return the instant of a wall clock."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T08:00", "2026-11-23T08:00"),
        ("2026-11-23T20:59:59", "2026-11-23T20:59:59"),
        ("2026-11-23T21:00", "2026-11-24T08:00"),
        ("2026-11-23T23:59", "2026-11-24T08:00"),
        ("2026-11-24T00:10", "2026-11-24T08:00"),
        ("2026-11-24T07:59:59", "2026-11-24T08:00"),
        ("2026-10-24T22:00", "2026-10-25T08:00"),
        ("2026-03-28T22:00", "2026-03-29T08:00"),
        ("2026-12-31T22:00", "2027-01-01T08:00"),
    ],
)
def test_by_day_is_now_and_by_night_eight_in_the_morning(at: str, expected: str) -> None:
    """The day runs from 8 up to 21; the nights on which clocks change are an hour shorter or longer."""
    assert by_day(here(at), COPENHAGEN) == here(expected)


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    name=st.sampled_from(ZONES),
)
def test_it_is_always_day_there_and_never_a_whole_day_later(at: datetime, name: str) -> None:
    """Whatever the zone and the season, the answer is not in the past, by day there, and within 12 hours."""
    zone = ZoneInfo(name)
    start = by_day(at, zone)
    assert at <= start <= at + timedelta(hours=12)
    assert 8 <= start.astimezone(zone).hour < 21


async def test_it_is_the_customers_clock_that_counts(tmp_path: Path) -> None:
    """At noon in Copenhagen it is six in the morning in New York: whoever lives there is let sleep."""
    world = World(tmp_path)
    [one] = await world.take(world.mail_from())
    noon = world.clock.now()
    assert may_start(world.house, one, noon) == noon
    abroad = replace(one, zone="America/New_York")
    assert may_start(world.house, abroad, noon) == here("2026-11-23T08:00", ZoneInfo("America/New_York"))
    nowhere = replace(one, zone="Atlantis/Capital")
    assert may_start(world.house, nowhere, here("2026-11-23T23:00")) == here("2026-11-24T08:00")


async def test_who_chats_with_us_is_awake(tmp_path: Path) -> None:
    """In a live chat nothing waits for the morning."""
    world = World(tmp_path)
    [one] = await world.take(world.chat_from())
    night = here("2026-11-23T23:30")
    assert may_start(world.house, one, night) == night


@pytest.mark.parametrize("kind", list(NoteKind))
@pytest.mark.parametrize("state", [SendState.PENDING, SendState.RETRY])
async def test_the_outbox_keeps_the_night_too(tmp_path: Path, kind: NoteKind, state: SendState) -> None:
    """What we start ourselves and could not send by day leaves at eight; what answers the customer leaves at once."""
    world = World(tmp_path)
    [one] = await world.take(world.mail_from())
    night, status = here("2026-11-23T21:30"), one.status
    if kind is NoteKind.FOLLOWUP:
        one, status = replace(one, waiting_since=None), Status.PENDING
    item = replace(one.outbox[0], note=kind, state=state, useful_until=None)
    one = replace(one, status=status, outbox=(item,))
    after, leaves = weighed(world.house, one, item, allowed=True, seen=0, now=night)
    ours = kind in {NoteKind.RENEWAL, NoteKind.INTRODUCTION, NoteKind.FOLLOWUP, NoteKind.INCIDENT}
    assert leaves is not ours
    assert after.outbox[0].state is state
    assert after.outbox[0].next_at == (here("2026-11-24T08:00") if ours else item.next_at)


async def test_what_may_have_left_is_read_back_at_night(tmp_path: Path) -> None:
    """A note in doubt has left or not: finding out wakes nobody."""
    world = World(tmp_path)
    [one] = await world.take(world.mail_from())
    item = replace(one.outbox[0], note=NoteKind.RENEWAL, state=SendState.UNKNOWN)
    one = replace(one, outbox=(item,))
    assert weighed(world.house, one, item, allowed=True, seen=0, now=here("2026-11-23T23:00")) == (one, True)
