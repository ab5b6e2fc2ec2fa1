from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.message import Identity
from router.conversation import Agent, Conversation, Promise, indexed
from router.conversation.load import Load
from router.engine.backlog import Ahead, Backlog, Group, View
from router.engine.drain import Plan, Staff, instant, open_seconds
from router.engine.forecast import Forecast
from router.engine.known import Learnt, Need
from router.engine.pressure import NONE, Pressure, Stream
from rules.evaluate import Rulebook
from rules.hours import ALWAYS, Calendar
from rules.load import load
from rules.schedule import Schedule

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 09:00 in Copenhagen
NOON = MONDAY + timedelta(hours=3)


def hours(begin: int, end: int) -> Calendar:
    """Return weekday hours in Copenhagen."""
    week = (((begin * 60, end * 60),),) * 5 + ((), ())
    return Calendar(name=f"{begin}-{end}", zone=COPENHAGEN, schedule=Schedule(week=week))


def load_of(
    bucket: int, count: int = 1, *, owner: str = "", channel: str = "email", queue: str = "general"
) -> Load:
    """Return waiting work."""
    return Load(queue=queue, channel=channel, language="", skills=(), owner=owner, bucket=bucket, count=count)


def everything(_: Group) -> tuple[float, float]:
    """Weigh every group as the team's own, at a minute an item."""
    return 1.0, 60.0


# --- the backlog ------------------------------------------------------------------------------


def test_ahead_is_what_is_as_urgent_or_more() -> None:
    """Work of the same five minutes and of earlier ones is served first."""
    view = Backlog([load_of(1, 2), load_of(5, 3), load_of(9, 4)]).view(everything)
    assert view.ahead(5 * 300 + 17.0) == Ahead(items=5.0, work_s=300.0)
    assert view.ahead(0.0) == Ahead()
    assert view.total() == 9.0


def test_only_the_teams_share_counts() -> None:
    """Of a group that others share, only the team's share counts."""

    def weigh(group: Group) -> tuple[float, float]:
        return (0.25, 100.0) if group.channel == "forum" else (0.0, 60.0)

    view = Backlog([load_of(1, 8), load_of(1, 8, channel="forum")]).view(weigh)
    assert view.ahead(600.0) == Ahead(items=2.0, work_s=200.0)


def test_a_burst_sees_itself() -> None:
    """What was decided since the refresh counts at once, in views that were asked before too."""
    backlog = Backlog([load_of(1)])
    view = backlog.view(everything)
    assert view.ahead(1e12).items == 1.0
    one = waiting_since(MONDAY)
    backlog.add(one)
    assert view.ahead(one.urgency).items == 2.0
    assert view.ahead(one.urgency - 600).items == 1.0
    backlog.drop(one)
    assert view.ahead(one.urgency).items == 1.0


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 3))),
    st.lists(st.integers(0, 20)),
    st.integers(0, 21),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_prefix_sums_are_sums(known: list[tuple[int, int]], late: list[int], asked: int) -> None:
    """Counts read off by binary search are what plain counting gives."""
    backlog = Backlog([load_of(bucket, count) for bucket, count in known])
    view: View = backlog.view(everything)
    group = Group(queue="general", channel="email", language="", skills=(), owner="")
    backlog.since.extend((group, bucket, 1.0) for bucket in late)
    expected = sum(count for bucket, count in known if bucket <= asked) + sum(one <= asked for one in late)
    assert view.ahead(asked * 300.0).items == expected


# --- how it drains ----------------------------------------------------------------------------


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


# --- the forecast -----------------------------------------------------------------------------

RULES = """
version: 1
hours:
  office: {timezone: Europe/Copenhagen, open: {mon-fri: ["09:00-17:00"]}}
  weekend: {timezone: Europe/Copenhagen, open: {sat-sun: ["10:00-14:00"]}}
agents:
  maria: {name: Maria Jensen, queues: [general, billing], languages: [en, da], hours: office}
  tom: {name: Tom Berg, queues: [general], languages: [en], hours: office}
  ines: {name: Ines Costa, queues: [billing], languages: [en], hours: weekend}
queues:
  general: {duty: [maria, tom], lead: tom}
  billing: {duty: [maria, ines], lead: ines}
"""


@pytest.fixture
def book(tmp_path: Path) -> Rulebook:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return load(path, channels=("email",))


def waiting_since(at: datetime, **fields: object) -> Conversation:
    """Return a mail that waits since then."""
    given: dict[str, object] = {
        "id": "cv_1", "reference": "HB-22223", "channel": "email", "account": "support", "opened_at": at,
        "updated_at": at, "customer": "c_1", "contact": Identity(kind="email", address="ana@example.org"),
        "queue": "general", "accountable": "maria", "waiting_since": at, "waiting_on": "m1",
        "due_at": at + timedelta(hours=4),
    }  # fmt: skip
    return indexed(Conversation(**(given | fields)))  # type: ignore[arg-type]


def forecast(
    book: Rulebook, *loads: Load, here: Mapping[str, Agent] | None = None, now: datetime = NOON
) -> Forecast:
    """Return the forecast for a house in which maria and tom are here, unless said otherwise."""
    people = {one: Agent(id=one, said="here") for one in ("maria", "tom")} if here is None else here
    return Forecast(book).refreshed(people, loads, {}, now)


def test_who_may_answer(book: Rulebook) -> None:
    """The owner alone, else all who serve the queue and, where anybody does, speak the language."""
    known = forecast(book)
    people = {
        fields: known.outlook(waiting_since(NOON, **dict(fields)), NOON)
        for fields in ((), (("owner", "tom"),), (("language", "da"),), (("language", "fr"),))
    }
    assert {fields: found.people for fields, found in people.items() if found} == {
        (): ("maria", "tom"),
        (("owner", "tom"),): ("tom",),
        (("language", "da"),): ("maria",),
        (("language", "fr"),): ("maria", "tom"),
    }


def test_an_owner_has_their_own_queue(book: Rulebook) -> None:
    """Work that waits for a colleague does not delay what an owner has; shared work does, by its share."""
    soon = int(waiting_since(NOON).urgency // 300) - 10
    known = forecast(book, load_of(soon, 4, owner="maria"), load_of(soon, 6, owner="tom"), load_of(soon, 2))
    mine = known.outlook(waiting_since(NOON, owner="maria"), NOON)
    pool = known.outlook(waiting_since(NOON), NOON)
    assert mine is not None
    assert pool is not None
    assert mine.ahead(waiting_since(NOON).urgency).items == 5.0  # four of her own, and one of two shared
    assert pool.ahead(waiting_since(NOON).urgency).items == 12.0


def test_free_is_here_with_nothing_to_do(book: Rulebook) -> None:
    """An owner with nothing else is free; one with work, or one who is not here, is not."""
    mine = waiting_since(NOON, owner="maria")
    busy = forecast(book, load_of(1, owner="maria")).outlook(mine, NOON)
    free = forecast(book).outlook(mine, NOON)
    gone = forecast(book, here={}).outlook(mine, NOON)
    assert [one.free for one in (busy, free, gone) if one] == [False, True, False]


def test_the_share_is_that_of_who_is_on_next(book: Rulebook) -> None:
    """On a Saturday, billing falls to Ines alone, though Maria can do it too: she is back on Monday."""
    night = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
    soon = int(waiting_since(night).urgency // 300) - 10
    known = forecast(book, load_of(soon, 6), load_of(soon, 3, queue="billing"), here={}, now=night)
    found = known.outlook(waiting_since(night, queue="billing"), night)
    assert found is not None
    assert found.ahead(waiting_since(night).urgency).items == 3.0  # none of the general work


def test_one_of_two_here(book: Rulebook) -> None:
    """With one of two here, their day counts a little more than half: people look in late."""
    known = forecast(book, here={"maria": Agent(id="maria", said="here")})
    found = known.outlook(waiting_since(NOON), NOON)
    assert found is not None
    assert found.staff.share == (1 + 0.5) / (2 + 0.5)


def test_said_to_be_away(book: Rulebook) -> None:
    """Somebody who said that they are away until Wednesday is planned from Wednesday on."""
    until = NOON + timedelta(days=2)
    away = {"tom": Agent(id="tom", said="away", said_until=until)}
    found = forecast(book, here=away).outlook(waiting_since(NOON, owner="tom"), NOON)
    assert found is not None
    assert found.staff.plan.opens(NOON.timestamp()) == until.timestamp()


def test_a_promised_one_does_not_wait_for_itself(book: Rulebook) -> None:
    """When another time is reckoned for what waits already, it is not counted among the work ahead of it."""
    made = Promise(at=NOON + timedelta(hours=1), made_at=NOON, by="tom", owner=True)
    one = waiting_since(NOON, owner="tom", promise=made)
    known = forecast(book, load_of(int(one.urgency // 300), owner="tom"))
    found = known.outlook(one, NOON)
    assert found is not None
    assert found.ahead(one.urgency).items == 0.0
    assert found.free
