"""What is counted of promises, how it adds up, why they broke, and that nothing is counted twice or lost."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from channels.message import Identity
from router.answer import Answer
from router.conversation import Conversation, Event, Item, SendState, Why
from router.kept import counting, expected, figures, tally
from router.kept.figures import SLACK_S, Arrivals, Day, Group, Missed, quantile, summed
from router.kept.reasons import HELP, SAID, help_against, mostly, said, why
from router.kept.tally import Tally
from router.testing import MemoryStore
from tests.support.world import World

CPH = ZoneInfo("Europe/Copenhagen")
MONDAY = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def line(kind: str, at: datetime = MONDAY, **fields: Any) -> Event:
    """Return a log line about Maria's promise in the queue `general`."""
    given = {"channel": "email", "queue": "general", "agent": "maria", "conversation": "cv", **fields}
    return Event(at=at, kind=kind, **given)


def waited(at: datetime = MONDAY, *, first: datetime | None = None, **data: Any) -> Event:
    """Return the line of a wait that ended then."""
    last = data.pop("last", first)
    said = {
        "how": "answered",
        "arrived": (at - 2 * HOUR).isoformat(),
        "first": first.isoformat() if first else "",
        "last": last.isoformat() if last else "",
        "by": "maria" if first else "",
        **data,
    }
    return line("waited", at, agent="tom", data=said)


def broken(at: datetime = MONDAY, **data: Any) -> Event:
    """Return the line of a promise that broke then."""
    return line("broken", at, data={"promised": at.isoformat(), "made": (at - 2 * HOUR).isoformat(), **data})


def day_of(*lines: Event) -> Day:
    """Count the lines in a day of their own."""
    return counting.counted(Day(day="2026-11-23"), list(enumerate(lines, 1)), CPH, {})


# --- counting


def test_each_line_counts_where_it_belongs() -> None:
    """Promises count for whoever made them, waits for whoever promised them, else for whoever answered."""
    day = day_of(
        line("promised"),
        line("promised", agent="tom"),
        line("kept"),
        line("renewed"),
        line("withdrawn", queue="billing"),
        waited(first=MONDAY + HOUR),
        waited(),
    )
    by_agent = summed([day], "agent")
    maria, tom = by_agent["maria"], by_agent["tom"]
    assert (maria.made, maria.kept, maria.renewed, maria.withdrawn, maria.waits, maria.told) == (
        1,
        1,
        1,
        1,
        1,
        1,
    )
    assert (tom.made, tom.waits, tom.told) == (1, 1, 0)
    assert summed([day], "queue")["billing"].withdrawn == 1
    assert summed([day], "")[""].made == 2
    assert list(summed([day], "day")) == ["2026-11-23"]


def test_a_renewal_and_a_miss_of_the_first_time_are_told_apart() -> None:
    """The kept rate counts promises, a renewed one neither way; the stricter rate asks for the first time said."""
    day = day_of(
        line("kept"),
        line("kept"),
        line("renewed"),
        line("broken"),
        waited(first=MONDAY),
        waited(first=MONDAY - HOUR, last=MONDAY + HOUR, renewals=1),
        waited(first=MONDAY - HOUR, broken=True),
        waited(first=MONDAY - HOUR, broken=True, how="closed"),
    )
    whole = summed([day], "")[""]
    assert whole.kept_rate == 2 / 3
    assert (whole.first, whole.told, whole.first_rate) == (1, 4, 0.25)
    assert sum(whole.slack.values()) == 3  # who closed it themselves had no answer whose time could be judged
    assert Group().kept_rate is None
    assert Group().first_rate is None


def test_slack_is_zero_or_more_exactly_when_the_time_was_kept() -> None:
    """An answer on the promised instant falls on the kept side, a millisecond later on the other."""
    just, late = day_of(waited(first=MONDAY)), day_of(waited(first=MONDAY - timedelta(milliseconds=1)))
    (kept,), (missed,) = (summed([one], "")[""].slack for one in (just, late))
    assert SLACK_S[kept - 1] == 0
    assert SLACK_S[missed] == 0


@pytest.mark.parametrize("data", [{}, {"first": "soon", "last": 7}, {"first": "2026-11-23T12:00"}])
def test_lines_of_other_versions_are_taken_as_they_are(data: dict[str, Any]) -> None:
    """A line without times, or with such as nobody can read, still counts as a wait."""
    one = counting.group_of(line("waited", data=data))
    assert (one.waits, one.told, one.slack) == (1, 0, {})


@given(
    pieces=st.lists(
        st.sampled_from(["promised", "kept", "renewed", "broken", "withdrawn", "waiting", "waited"]),
        max_size=30,
    ),
    cut=st.integers(0, 30),
    again=st.integers(0, 30),
)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_counting_in_pieces_and_twice_changes_nothing(pieces: list[str], cut: int, again: int) -> None:
    """Lines counted in two pieces, with any of the first read again, give what one pass gives."""
    lines = [
        (n, waited(first=MONDAY) if kind == "waited" else line(kind)) for n, kind in enumerate(pieces, 1)
    ]
    whole = counting.counted(Day(day="2026-11-23"), lines, CPH, {})
    half = counting.counted(Day(day="2026-11-23"), lines[:cut], CPH, {})
    assert counting.counted(half, lines[min(cut, again) :], CPH, {}) == whole


def test_quantiles_lie_in_their_bins() -> None:
    """Values are taken as evenly spread in each bin; nothing counted has no quantile."""
    assert quantile({}, SLACK_S, 0.5) is None
    place = SLACK_S.index(300) + 1  # 300 s up to 900 s
    assert quantile({place: 4}, SLACK_S, 0.5) == 600
    assert quantile({place: 1, place + 1: 1}, SLACK_S, 1.0) == 1800
    assert quantile({0: 1}, SLACK_S, 0.5) == SLACK_S[0]


def test_weeks_and_days_have_names() -> None:
    """Weeks are ISO weeks, also round the new year; days are those of the zone."""
    assert figures.week_of(date(2027, 1, 1)) == "2026-W53"
    assert figures.monday_of("2026-W53") == date(2026, 12, 28)
    assert figures.day_of(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), CPH) == "2026-11-23"
    with pytest.raises(ValueError, match="Invalid"):
        figures.monday_of("2026-W60")


# --- why


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a service of twins."""
    return World(tmp_path)


def missed(made: datetime, promised: datetime, agent: str = "maria") -> Missed:
    """Return a broken promise in the queue `general`."""
    return Missed(
        conversation="cv", channel="email", queue="general", agent=agent, made=made, promised=promised
    )


def conversation(**fields: Any) -> Conversation:
    """Return the conversation of a broken promise, that Maria holds."""
    plain: dict[str, Any] = {
        "id": "cv", "reference": "HB-1", "channel": "email", "account": "support", "opened_at": MONDAY,
        "updated_at": MONDAY, "customer": "c", "contact": Identity(kind="email", address="a@b.c"),
        "queue": "general", "accountable": "maria", "owner": "maria",
    }  # fmt: skip
    return Conversation(**(plain | fields))


def written(at: datetime, sent_at: datetime | None, state: SendState) -> Item:
    """Return an answer."""
    return Item(
        id="r", seq=1, at=at, state=state, sent_at=sent_at, author="maria", author_name="Maria", text="Here.",
        to=Identity(kind="email", address="a@b.c"),
    )  # fmt: skip


NIGHT = MONDAY.replace(hour=20)
REASONS: list[tuple[Why, dict[str, Any], tuple[datetime, datetime], float]] = [
    (
        Why.SEND_FAILED,
        {"outbox": (written(MONDAY + HOUR, None, SendState.FAILED),)},
        (MONDAY, MONDAY + 2 * HOUR),
        9.0,
    ),
    (Why.NOBODY_ON, {}, (NIGHT, NIGHT + 2 * HOUR), 9.0),
    (Why.SURGE, {"declined": ("tom",)}, (MONDAY, MONDAY + HOUR), 2.0),
    (Why.RETURNED, {"declined": ("tom",)}, (MONDAY, MONDAY + HOUR), 1.9),
    (Why.CHANGED, {"owner": "tom"}, (MONDAY, MONDAY + HOUR), 0.0),
    (Why.HELD_LONG, {}, (MONDAY, MONDAY + HOUR), 0.0),
    (Why.HELD_LONG, {"owner": "", "previous_owner": "maria"}, (MONDAY, MONDAY + HOUR), 0.0),
    (Why.SURGE, {"owner": ""}, (MONDAY, MONDAY + HOUR), 0.0),
]


@pytest.mark.parametrize(("reason", "fields", "span", "surge"), REASONS)
def test_the_first_reason_that_fits_is_told(
    world: World, reason: Why, fields: dict[str, Any], span: tuple[datetime, datetime], surge: float
) -> None:
    """Each reason is found where its facts hold, and one that is more certain goes before it."""
    assert why(world.book, conversation(**fields), missed(*span), surge) is reason


def test_who_left_the_rules_was_away(world: World) -> None:
    """A promise of somebody whom the rules no longer name broke because they were away."""
    one = missed(MONDAY, MONDAY + HOUR, "gone")
    assert why(world.book, conversation(owner="gone"), one, 0.0) is Why.AWAY


def test_an_answer_that_left_in_time_or_was_taken_back_is_no_failed_send(world: World) -> None:
    """Only what was written in time and had not left by then counts as stuck."""
    span = (MONDAY, MONDAY + 2 * HOUR)
    for item in (
        written(MONDAY + HOUR, MONDAY + HOUR, SendState.SENT),
        written(MONDAY + HOUR, None, SendState.CANCELLED),
        written(MONDAY + 3 * HOUR, None, SendState.FAILED),
        written(MONDAY - HOUR, None, SendState.FAILED),
    ):
        assert why(world.book, conversation(outbox=(item,)), missed(*span), 0.0) is Why.HELD_LONG


def test_what_was_found_when_it_broke_stays(world: World) -> None:
    """The log's own reason wins; only an owner who had it too long is not blamed for a surge."""
    span = (NIGHT, NIGHT + 2 * HOUR)
    for reason in Why:
        told = replace(missed(*span), reason=reason.value)
        assert why(world.book, conversation(), told, 0.0) is reason
        blamed = why(world.book, conversation(), told, 2.0)
        assert blamed is (Why.SURGE if reason is Why.HELD_LONG else reason)


def test_every_reason_has_help() -> None:
    """Whatever is the commonest reason, a lead is told what to do against it."""
    assert set(HELP) == set(SAID) == set(Why)
    for reason in Why:
        assert help_against([("a sentence", 9), (reason.value, 1)]) == HELP[reason]
    assert mostly([(Why.AWAY.value, 2)]) == ", most often because the person was away (2 times)"
    assert said("the dog ate it") == "the dog ate it"


# --- surges


def test_a_surge_is_measured_against_the_same_hours_of_weeks_before() -> None:
    """Arrivals of the hours while a promise ran, over what those hours usually bring; few arrivals are none."""
    span = (MONDAY, MONDAY + HOUR)

    def at_noon(day: str, count: int) -> Day:
        hours = tuple(count if hour in {12, 13} else 50 for hour in range(24))
        return Day(day=day, arrivals=(Arrivals(queue="general", channel="email", hours=hours),))

    before = [at_noon(day, 5) for day in expected.weeks_before(date(2026, 11, 23))]
    assert expected.weeks_before(date(2026, 11, 23))[0] == "2026-11-16"
    assert expected.surge([at_noon("2026-11-23", 15)], before, "general", span, CPH) == 3.0
    assert expected.surge([at_noon("2026-11-23", 4)], before, "general", span, CPH) == 0.0
    assert expected.surge([at_noon("2026-11-23", 15)], [], "general", span, CPH) == 0.0


# --- the tally


class Halt(Exception):
    """The process ends here."""


class Brittle(MemoryStore):
    """A store whose caller dies at the save of its place in the log."""

    dying = False

    async def save_lease(self, lease: Any, value: str, seconds: float) -> bool:
        """Save, or die before it."""
        if self.dying:
            raise Halt
        return await super().save_lease(lease, value, seconds)


def tally_of(world: World) -> Tally:
    """Return a process that counts."""
    return Tally(world.store, world.ids, world.clock, lambda: world.house, CPH)


async def count(world: World, holder: str = "one") -> None:
    """Let a process take the lease and count."""
    lease = await world.store.lease("figures", holder, 30)
    assert lease is not None
    await tally_of(world).count(lease)


async def whole(world: World) -> Group:
    """Return all that was counted in the running week."""
    return summed(await tally.read_weeks(world.store, world.clock.now().date(), 1), "").get("", Group())


async def test_the_log_is_counted_day_by_day(world: World) -> None:
    """Each line counts in the record of its local day, however many pages there are."""
    lines = [line("kept", MONDAY - timedelta(days=n % 3)) for n in range(tally.PAGE + 20)]
    await world.store.append([*lines, line("claimed"), line("waiting", MONDAY)])
    await count(world)
    days = await tally.read(world.store, ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"])
    assert [one.day for one in days] == ["2026-11-21", "2026-11-22", "2026-11-23"]
    assert sum(one.groups[0].kept for one in days) == tally.PAGE + 20
    assert days[2].arrivals[0].hours[12] == 1


async def test_a_crash_between_counting_and_saving_the_place_counts_nothing_twice(tmp_path: Path) -> None:
    """The process dies after its records are written; the next one reads the lines again and adds none."""
    world = World(tmp_path, store=Brittle)
    await world.store.append([line("kept"), line("broken"), line("promised")])
    Brittle.dying = True
    try:
        with pytest.raises(Halt):
            await count(world)
    finally:
        Brittle.dying = False
    world.clock.move(60)
    await world.store.append([line("kept")])
    await count(world, "two")
    found = await whole(world)
    assert (found.kept, found.broken, found.made) == (2, 1, 1)


async def test_two_processes_count_each_line_once(world: World) -> None:
    """Two that both believe they hold the lease count no line twice."""
    lease = await world.store.lease("figures", "one", 30)
    assert lease is not None
    await world.store.append([line("kept") for _ in range(50)])
    one, two = tally_of(world), tally_of(world)
    await one.count(lease)
    await two.count(lease)
    assert (await whole(world)).kept == 50


async def test_a_broken_promise_is_remembered_with_its_reason(world: World) -> None:
    """The reason is found when the promise breaks, counted, and kept with the promise; one that is told wins."""
    await world.here("maria")
    [one] = await world.take(world.mail_from())
    data = {"promised": (MONDAY + HOUR).isoformat(), "made": MONDAY.isoformat()}
    world.clock.move(3600)
    await world.store.append(
        [
            line("broken", world.clock.now(), conversation=one.id, data=data),
            line("broken", world.clock.now(), conversation=one.id, data={**data, "reason": "the dog ate it"}),
        ]
    )
    await count(world)
    [day] = await tally.read(world.store, ["2026-11-23"])
    held = Why.HELD_LONG.value
    assert [each.reason for each in day.missed] == [held, "the dog ate it"]
    assert tally.commonest(day.groups) == [(held, 1), ("the dog ate it", 1)]
    assert day.missed[0].promised == MONDAY + HOUR


# --- the whole way


async def test_what_the_router_does_is_what_the_figures_say(world: World) -> None:
    """One answered in time is kept with its slack; one missed twice is broken twice, each with its reason."""
    await world.here("maria")
    [early] = await world.take(world.mail_from())
    [late] = await world.take(world.mail_from(who="bo@example.org"))
    await world.send()
    made = (await world.fresh(early)).promise
    assert made is not None
    world.clock.move(600)
    await world.actions.reply(early.id, Answer(text="Here it is."), agent="maria")
    await world.send()
    for _ in range(40):
        world.clock.move(3600)
        await world.timers.tick(slow=False)
        await world.send()
    await world.actions.reply(late.id, Answer(text="At last."), agent="maria")
    await world.send()
    await count(world)
    found = await whole(world)
    assert (found.kept, found.broken) == (1, 2)
    assert (found.waits, found.told, found.first) == (2, 2, 1)
    least, most = found.slack_s(0.0), found.slack_s(1.0)
    assert least is not None
    assert most is not None
    assert least < 0 < most
    assert sum(found.reasons.values()) == 2
    assert set(found.reasons) <= {each.value for each in Why}
    assert (
        summed(await tally.read_weeks(world.store, world.clock.now().date(), 1), "agent")["maria"].kept == 1
    )
