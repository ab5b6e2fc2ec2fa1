"""The pure parts of keeping a promise: who will be there, who may help out, who answers, why it was missed."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from channels.message import Identity
from router import assign
from router.conversation import (
    Agent,
    Claim,
    Conversation,
    Decision,
    Item,
    NoteKind,
    Promise,
    PromiseState,
    QuoteParts,
    SendState,
    Status,
    Why,
    indexed,
    taken_over,
    wakes,
)
from router.house import House
from router.keeping.charge import in_charge
from router.keeping.shortfall import back_first, fails, foreseen, why
from router.keeping.stages import hurried, watch
from tests.support.keeping import world_of
from tests.support.world import MONDAY_NOON as NOW

X = NOW + timedelta(hours=4)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Return the house: Maria and Tom serve `general`, Ines leads it and helps out."""
    return world_of(Path(tmp_path_factory.mktemp("rules"))).house


def case(number: int = 1, **fields: Any) -> Conversation:
    """Return a mail that waits, promised by Maria in the duty voice and told."""
    promise = fields.pop("promise", made())
    note = Item(
        id=f"n_{number}",
        seq=2,
        at=promise.made_at,
        state=SendState.SENT,
        note=NoteKind.FIRST,
        trigger="k",
        author=promise.by,
        author_name="Maria Jensen",
        text="…",
        to=Identity(kind="email", address="ana@example.org"),
    )
    given = {
        "queue": "general",
        "accountable": "maria",
        "due_at": X,
        "waiting_since": NOW,
        "waiting_on": "k",
        "promise": promise,
        "outbox": (note,),
    } | fields
    return indexed(
        Conversation(
            id=f"cv_{number}",
            reference=f"HB-{number}",
            channel="email",
            account="support",
            opened_at=NOW,
            updated_at=NOW,
            customer="c",
            contact=Identity(kind="email", address="ana@example.org"),
            decision=Decision(at=NOW, trigger="k", version="v", queue="general", target_s=14400.0),
            **given,
        )
    )


def made(**fields: Any) -> Promise:
    """Return a promise of Maria's for four o'clock."""
    times = {
        "warn_at": NOW + timedelta(hours=2.8),
        "lead_at": NOW + timedelta(hours=3.4),
        "renew_at": NOW + timedelta(hours=3.8),
    }
    return Promise(**({"at": X, "made_at": NOW, "by": "maria", "owner": False} | times | fields))


def agent(name: str, said: str = "here", until: datetime | None = None, claims: int = 0) -> Agent:
    """Return an agent who said so."""
    held = tuple(Claim(id=f"{name}{n}", conversation=f"o{n}", channel="email", at=NOW) for n in range(claims))
    return Agent(id=name, said=said, said_until=until or X + timedelta(days=1), claims=held)


def crew(*agents: Agent) -> dict[str, Agent]:
    """Return them by id."""
    return {one.id: one for one in agents}


# --- who will be there


@pytest.mark.parametrize(
    ("known", "there"),
    [
        (Agent(id="maria"), True),  # in her hours, her desk not open yet
        (agent("maria"), True),
        (agent("maria", "away", NOW + timedelta(hours=1)), True),
        (agent("maria", "away", X), False),
        (agent("maria", "away", NOW + timedelta(days=1)), False),
        (agent("maria", "away", NOW - timedelta(hours=1)), True),  # over: hours count again
        (replace(agent("maria", "away"), said_until=None), False),
    ],
)
def test_whoever_is_back_in_time_can_be_expected(house, known: Agent, there: bool) -> None:  # noqa: FBT001
    """Hours, and what people say of themselves, tell whether they are there before the time."""
    hours = house.book.calendar_of(house.book.people["maria"])
    assert assign.there_by(known, hours, X, NOW) is there


def test_nobody_is_expected_outside_their_hours(house) -> None:
    """Tonight nobody of the office is there; by tomorrow at nine they are."""
    hours = house.book.calendar_of(house.book.people["maria"])
    evening = NOW.replace(hour=18)
    assert not assign.there_by(Agent(id="maria"), hours, NOW.replace(hour=22), evening)
    assert assign.there_by(Agent(id="maria"), hours, evening + timedelta(hours=14), evening)


# --- who may help out


def test_helpers_may_take_only_what_runs_short(house) -> None:
    """Those of the overflow queue get it once it presses, or was late from birth; its own people come first."""
    ines = assign.Candidate(person=house.book.people["ines"], agent=agent("ines"))
    tom = assign.Candidate(person=house.book.people["tom"], agent=agent("tom", claims=4))
    for one, wanted in (
        (case(), []),
        (case(pressing=True), ["ines"]),
        (case(promise=made(late=True)), ["ines"]),
        (case(promise=made(late=True, state=PromiseState.KEPT)), []),
        (case(pressing=True, declined=("ines",)), []),
    ):
        assert [found.agent for found in assign.match([one], [ines], house.book)] == wanted
    [found] = assign.match([case(pressing=True)], [ines, tom], house.book)
    assert found.agent == "tom"
    [found] = assign.match([case(pressing=True)], [ines], house.book)
    assert "helps out in general" in found.reason


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(["general", "desk"]), st.booleans(), st.integers(0, 50)), max_size=10),
    st.fixed_dictionaries({name: st.integers(3, 5) for name in ("maria", "tom", "ines")}),
)
def test_helping_out_overtakes_nobody(
    house, needs: list[tuple[str, bool, int]], busy: dict[str, int]
) -> None:
    """However much presses: nobody is handed work while more urgent work waits that they could take."""
    work = [
        case(n, queue=queue, pressing=pressing, due_at=NOW + timedelta(minutes=due))
        for n, (queue, pressing, due) in enumerate(needs)
    ]
    people = [
        assign.Candidate(person=house.book.people[name], agent=agent(name, claims=count))
        for name, count in busy.items()
    ]
    found = {each.conversation: each.agent for each in assign.match(work, people, house.book)}
    for waiting in (one for one in work if one.id not in found):
        for given_away in (one for one in work if one.id in found and one.urgency > waiting.urgency):
            person = house.book.people[found[given_away.id]]
            assert not assign.able(person, waiting, "", assign.helpers(house.book, waiting))


# --- who answers for it


def test_the_duty_person_who_promised_stays_while_they_will_be_there(house) -> None:
    """Tom is here and Maria is not: she promised, and is back in time."""
    here = crew(agent("tom"))
    assert in_charge(house, case(), here, NOW).accountable == "maria"
    gone = here | crew(agent("maria", "away"))
    assert in_charge(house, case(), gone, NOW).accountable == "tom"


def test_an_owners_promise_binds_no_duty_person(house) -> None:
    """What Maria promised as the owner is, once it is back in the queue, whoever's who is on duty now."""
    one = case(promise=made(owner=True))
    assert in_charge(house, one, crew(agent("tom")), NOW).accountable == "tom"


def test_the_lead_answers_after_two_misses(house) -> None:
    """From then on, whoever is here; with an owner it is the owner's."""
    here = crew(agent("tom"), agent("maria"))
    assert in_charge(house, case(misses=2), here, NOW).accountable == "ines"
    assert in_charge(house, case(misses=2, owner="tom", accountable="tom"), here, NOW).accountable == "tom"


def test_what_is_right_already_stays_the_same_object(house) -> None:
    """Nothing is written where nothing changes."""
    one = case()
    assert in_charge(house, one, {}, NOW) is one
    assert hurried(house, one, {}, NOW) is one
    assert watch(house, one, {}, NOW) == (one, [])


# --- what is foreseen, and why


def test_a_miss_is_foreseen_when_nobody_will_be_there(house) -> None:
    """One who will be there is enough; a promise nobody heard, or that is over, is none to be missed."""
    away = [agent(name, "away") for name in ("maria", "tom")]
    assert foreseen(house, case(), crew(*away), NOW)
    assert not foreseen(house, case(), crew(away[0]), NOW)
    assert not foreseen(house, case(pressing=True), crew(*away), NOW)  # Ines helps out
    assert foreseen(house, case(owner="maria"), crew(*away), NOW)
    assert not foreseen(house, case(owner="maria"), crew(*away, agent("tom")), NOW)  # then it goes to Tom
    assert not foreseen(house, case(outbox=()), crew(*away), NOW)
    assert not foreseen(house, case(status=Status.HELD), crew(*away), NOW)


def test_what_is_foreseen_is_brought_forward_once(house) -> None:
    """The time to tell the customer is now; looking again changes nothing."""
    away = crew(agent("maria", "away"), agent("tom", "away"))
    after = hurried(house, case(), away, NOW)
    assert after.promise.renew_at == NOW
    assert hurried(house, after, away, NOW + timedelta(seconds=1)) is after


def test_the_first_who_is_back_is_named(house) -> None:
    """Of those who may answer; the owner alone where there is one."""
    soon, later = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    agents = crew(agent("maria", "away", later), agent("tom", "away", soon))
    assert back_first(house, case(), agents, NOW) == soon
    assert back_first(house, case(owner="maria"), agents, NOW) == later


def test_reasons_are_told_apart(house) -> None:
    """The first that holds, from what is most certain."""
    here, nobody = crew(agent("maria"), agent("tom")), {}
    stuck = Item(
        id="r_1", seq=3, at=NOW, state=SendState.RETRY, trigger="k", author="maria", author_name="Maria", text="…",
        to=Identity(kind="email", address="ana@example.org"),
    )  # fmt: skip
    mine = {"owner": "maria", "accountable": "maria"}
    owners = made(owner=True)
    for one, agents, wanted in (
        (case(outbox=(stuck,)), here, Why.SEND_FAILED),
        (case(**mine), nobody, Why.AWAY),
        (case(**mine), here, Why.HELD_LONG),
        (case(owner="tom", promise=owners), here, Why.CHANGED),
        (case(declined=("tom",)), here, Why.RETURNED),
        (case(promise=owners), here, Why.AWAY),
        (case(), here, Why.SURGE),
        (case(), nobody, Why.NOBODY_ON),
    ):
        assert why(house, one, agents, NOW) is wanted


def test_an_owner_fails_who_is_gone_or_has_more_than_time(house) -> None:
    """Gone counts at the lead's warning; too much more urgent work at any; an answer on its way never."""
    parts = QuoteParts(handle_s=1200.0)
    late = X - timedelta(minutes=30)
    one = case(owner="maria", promise=made(owner=True, parts=parts), warned="lead")
    urgent = [case(n, owner="maria", due_at=NOW) for n in (2, 3)]
    here = crew(agent("maria"))
    assert fails(house, one, {}, [one], late) == "is not here"
    assert fails(house, replace(one, warned="owner"), {}, [one], late) == ""
    assert fails(house, one, here, [one], late) == ""
    assert fails(house, one, here, [one, *urgent], late) == "has more urgent work than time"
    assert fails(house, one, here, [one, *urgent], NOW) == ""
    assert fails(house, replace(one, status=Status.PENDING), {}, [one], late) == ""


# --- a new owner


def test_a_new_owner_is_looked_at_while_the_promise_runs(house) -> None:
    """Only where an owner had promised, somebody else has it now, and the customer waits."""
    owners = made(owner=True)
    taken = case(owner="tom", promise=owners)
    assert taken_over(taken)
    assert NOW in wakes(taken)
    for other in (
        case(owner="tom"),
        case(owner="maria", promise=owners),
        case(promise=owners),
        case(owner="tom", promise=owners, status=Status.PENDING),
        case(owner="tom", promise=owners, outbox=()),
    ):
        assert not taken_over(other)
