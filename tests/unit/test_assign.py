from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from channels.message import Identity
from router import assign
from router.conversation import Agent, Claim, Conversation, Decision, indexed
from rules.evaluate import Rulebook
from rules.load import load
from tests.support.world import CHANNELS, MONDAY_NOON

NOW = MONDAY_NOON
RULES = """
version: 1
hours:
  office: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-18:00"]}}
  late: {timezone: Europe/Copenhagen, open: {mon-fri: ["14:00-22:00"]}}
agents:
  a: {name: A, email: a@example.com, queues: [one, two], languages: [en, da], skills: [x],
      capacity: {default: 3}, hours: office}
  b: {name: B, email: b@example.com, queues: [one], languages: [en], capacity: {default: 1, webchat: 2}, hours: office}
  c: {name: C, email: c@example.com, queues: [two], skills: [x, y], capacity: {default: 2}, hours: late}
queues:
  one: {duty: [b, a], lead: c}
  two: {duty: [c], lead: a}
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Rulebook:
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    path.write_text(RULES)
    return load(path, channels=CHANNELS)


def waiting(number: int, **fields: Any) -> Conversation:
    """Return an open conversation that waits."""
    given = {"queue": "one", "channel": "email", "due_at": NOW + timedelta(minutes=number)} | fields
    return indexed(
        Conversation(
            id=f"cv_{number}",
            reference=f"HB-{number}",
            account="support",
            opened_at=NOW,
            updated_at=NOW,
            customer="c",
            contact=Identity(kind="email", address="x@example.org"),
            accountable="a",
            decision=Decision(at=NOW, trigger="k", version="v", queue="one", target_s=60.0),
            **given,
        )
    )


def here(book, *, busy=None, idle=None) -> list[assign.Candidate]:
    """Return everybody as present, with so many claims on email, idle since so many minutes."""
    found = []
    for person in book.people.values():
        count = (busy or {}).get(person.id, 0)
        claims = tuple(
            Claim(id=f"{person.id}{n}", conversation=f"old{person.id}{n}", channel="email", at=NOW)
            for n in range(count)
        )
        since = NOW - timedelta(minutes=(idle or {}).get(person.id, 0))
        found.append(
            assign.Candidate(person=person, agent=Agent(id=person.id, claims=claims, idle_since=since))
        )
    return found


def test_presence_needs_shift_and_heartbeat(book) -> None:
    """A desk that was heard of within 90 s, inside the shift, is somebody present."""
    office = book.calendar("office")
    agent = Agent(id="a", seen_at=NOW - timedelta(seconds=90))
    assert assign.is_present(agent, office, NOW)
    assert not assign.is_present(replace(agent, seen_at=NOW - timedelta(seconds=91)), office, NOW)
    evening = NOW + timedelta(hours=9)
    assert not assign.is_present(replace(agent, seen_at=evening), office, evening)


def test_what_somebody_says_outweighs_shift_and_desk(book) -> None:
    """Here means here and away means away, until the time they gave."""
    office = book.calendar("office")
    night = NOW + timedelta(hours=12)
    said = Agent(id="a", said="here", said_until=night + timedelta(hours=1))
    assert assign.is_present(said, office, night)
    assert not assign.is_present(said, office, night + timedelta(hours=2))
    assert not assign.is_present(Agent(id="a", said="away", seen_at=NOW), office, NOW)


def test_the_least_loaded_relative_to_capacity_gets_it(book) -> None:
    """One of three is less than one of one... and none of one is less than one of three."""
    (found,) = assign.match([waiting(1)], here(book, busy={"a": 1}), book)
    assert found.agent == "b"


def test_the_longest_idle_breaks_a_tie(book) -> None:
    """With equal load, whoever waited longest for work gets it."""
    (found,) = assign.match([waiting(1)], here(book, idle={"a": 5, "b": 1}), book)
    assert found.agent == "a"


def test_whoever_knows_the_customer_comes_first_if_present_with_room(book) -> None:
    """A sticky owner with room beats a less loaded colleague; one without room does not."""
    one = waiting(1, previous_owner="a")
    assert assign.match([one], here(book, busy={"a": 2}), book)[0].agent == "a"
    assert assign.match([one], here(book, busy={"a": 3}), book)[0].agent == "b"


def test_skills_queues_and_languages_are_needed(book) -> None:
    """Only people of the queue who have every skill, and the language where somebody has it, are asked."""
    assert [f.agent for f in assign.match([waiting(1, queue="two", skills=("y",))], here(book), book)] == [
        "c"
    ]
    assert [f.agent for f in assign.match([waiting(1, language="da")], here(book), book)] == ["a"]
    assert assign.match([waiting(1, skills=("y",))], here(book), book) == []
    assert len(assign.match([waiting(1, language="fr")], here(book), book)) == 1


def test_the_duty_person_is_whoever_is_here_else_opens_next(book) -> None:
    """Presence first, then open hours, then the next to open."""
    assert assign.accountable(book, "one", {}, NOW) == "b"
    agents = {"a": Agent(id="a", said="here")}
    assert assign.accountable(book, "one", agents, NOW) == "a"
    assert assign.accountable(book, "two", {}, NOW) == "c"


@settings(max_examples=200, deadline=None)
@given(
    needs=st.lists(
        st.tuples(
            st.sampled_from(["one", "two"]), st.sampled_from([(), ("x",), ("y",)]), st.sampled_from(["", "da", "fr"]),
            st.integers(0, 50), st.sampled_from(["email", "webchat"]), st.sampled_from(["", "a", "b", "c"]),
        ),
        max_size=12,
    ),
    busy=st.fixed_dictionaries({"a": st.integers(0, 3), "b": st.integers(0, 2), "c": st.integers(0, 2)}),
)  # fmt: skip
def test_nothing_is_handed_past_a_more_urgent_eligible_waiter(book, needs, busy) -> None:
    """Capacity holds, nobody unable gets work, and whoever is left over could not have been served."""
    lines = [
        waiting(n * 100 + due, queue=q, skills=s, language=lang, channel=ch, previous_owner=prev)
        for n, (q, s, lang, due, ch, prev) in enumerate(needs)
    ]
    people = {one.person.id: one for one in here(book, busy=busy)}
    found = {one.conversation: one.agent for one in assign.match(lines, list(people.values()), book)}
    load = {(who, ch): 0 for who in people for ch in ("email", "webchat")}
    for who in people:
        load[who, "email"] = busy[who]
    for one in sorted(lines, key=lambda line: (line.urgency, line.id)):
        language = assign.language_served(book, one)
        able = [w for w, c in people.items() if assign.able(c.person, one, language)]
        free = [w for w in able if load[w, one.channel] < people[w].person.capacity_for(one.channel)]
        if one.id in found:
            assert found[one.id] in free
            load[found[one.id], one.channel] += 1
        else:
            assert not free


def test_what_somebody_gave_back_is_not_handed_to_them_again(book) -> None:
    """It goes to the next best, and waits when there is nobody else; other work still comes to them."""
    first = waiting(1, declined=("b",))
    [found] = assign.match([first], here(book), book)
    assert found.agent == "a"
    only = [one for one in here(book) if one.person.id == "b"]
    assert [one.conversation for one in assign.match([first, waiting(2)], only, book)] == ["cv_2"]
