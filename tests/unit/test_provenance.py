"""How a promised time came about, as people read it."""

from datetime import timedelta

from msgspec.structs import replace

from router.conversation import Promise, QuoteParts
from router.foresight import Foresight
from router.provenance import counted, figures
from tests.support.world import MONDAY_NOON, RULES, World

MADE = Promise(
    at=MONDAY_NOON + timedelta(hours=22),
    made_at=MONDAY_NOON,
    by="maria",
    owner=False,
    parts=QuoteParts(
        work_s=5400,
        items=9,
        people=1.5,
        drain_s=3600,
        correction=0.8,
        handle_s=600,
        mean_s=4200,
        spread_s=1500,
        z=2.2,
        rounding_s=300,
    ),
)


def test_every_figure_is_said_with_its_unit() -> None:
    """People, work ahead, drain, correction, answer, spread, margin and rounding stand there in minutes."""
    said = {one.name: one.value for one in figures(MADE)}
    assert said == {
        "People": "1.5",
        "Work ahead": "90 min in 9 conversations",
        "Time for that work": "75 min",
        "Correction": "× 0.80 = 60 min",
        "Time for the answer": "10 min",
        "Expected": "70 min ± 25 min",
        "Margin": "2.20 × the spread = 55 min",
        "Rounding": "rounded up by 5 min",
    }


def test_a_time_that_the_target_gave_is_not_called_rounding() -> None:
    """Hours between the reckoned time and the one said come from the target, and are said so."""
    parts = replace(MADE.parts, rounding_s=82080.0)
    last = figures(replace(MADE, parts=parts))[-1]
    assert (last.name, last.value) == ("Target", "22.8 h later")


async def test_a_time_that_waits_for_somebody_is_not_said_to_come_of_little_knowledge(tmp_path) -> None:
    """Where all are away until tomorrow, the figures say that nobody is there before, whatever is learnt."""
    world = World(tmp_path, RULES.replace("email: {target: 24h", "email: {target: 4h"))
    world.house = await Foresight(world.store, world.clock).refreshed(world.house)
    for agent in ("maria", "tom"):
        until = world.clock.now() + timedelta(hours=23)
        await world.actions.presence(agent, said="away", until=until)
    (one,) = await world.take(world.mail_from())
    assert one.promise is not None
    last = figures(one.promise)[-1]
    assert (last.name, "nobody is there" in last.means) == ("Not before", True)


async def test_a_time_that_the_target_gave_says_so_however_near(tmp_path) -> None:
    """As long as little is known, the target's part is named, and it comes to the minute with the reckoned one."""
    world = World(tmp_path, RULES.replace("email: {target: 24h", "email: {target: 1h"))
    world.house = await Foresight(world.store, world.clock).refreshed(world.house)
    (one,) = await world.take(world.mail_from())
    assert one.promise is not None
    assert one.promise.parts is not None
    assert figures(one.promise)[-1].name == "Target"
    parts = one.promise.parts
    reckoned_s = parts.mean_s + parts.z * parts.spread_s
    said_s = (one.promise.at - one.promise.made_at).total_seconds()
    assert abs(reckoned_s + parts.rounding_s - said_s) < 1


def test_a_promise_made_of_the_target_alone_has_no_figures() -> None:
    """Nothing is shown as reckoned that was not."""
    bare = Promise(at=MADE.at, made_at=MADE.made_at, by="maria", owner=False)
    assert figures(bare) == []


def test_the_hours_that_count_are_those_of_whoever_promised(tmp_path) -> None:
    """From noon until ten next morning the office is open twice; who left the rules has no hours."""
    book = World(tmp_path).book
    pieces = [(piece.start, piece.end) for piece in counted(book, MADE)]
    evening, morning = MONDAY_NOON.replace(hour=17), MONDAY_NOON.replace(hour=7) + timedelta(days=1)
    assert pieces == [(MONDAY_NOON, evening), (morning, MADE.at)]
    gone = Promise(at=MADE.at, made_at=MADE.made_at, by="nobody", owner=False)
    assert counted(book, gone) == []


def test_who_was_away_counts_from_when_they_are_back(tmp_path) -> None:
    """Of somebody who is away until nine in the morning, only the hour after that counts."""
    book = World(tmp_path).book
    back = MADE.at - timedelta(hours=1)
    parts = replace(MADE.parts, staff=("maria",), away={"maria": back})
    (piece,) = counted(book, replace(MADE, parts=parts))
    assert (piece.start, piece.end) == (back, MADE.at)


def test_hours_of_several_who_could_answer_are_told_as_one(tmp_path) -> None:
    """Where two people of the same hours could answer, each hour is told once; shifts that meet are one piece."""
    tom = "languages: [en], capacity: {webchat: 1, default: 2}, hours: "
    assert f"{tom}office" in RULES
    late = '  late: {timezone: Europe/Copenhagen, open: {mon-fri: ["16:00-20:00"]}}'
    rules = RULES.replace(f"{tom}office", f"{tom}late").replace("agents:", f"{late}\nagents:", 1)
    book = World(tmp_path, rules).book
    staffed = replace(MADE, parts=replace(MADE.parts, staff=("maria", "tom")))
    first = counted(book, staffed)[0]
    assert (first.start, first.end) == (MONDAY_NOON, MONDAY_NOON.replace(hour=19))
