"""What the forecast of a house says of one conversation: who may answer it, what lies ahead, who is free."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.message import Identity
from router.conversation import Agent, Conversation, Promise, PromiseState, indexed
from router.conversation.load import Load
from router.engine.backlog import grouped
from router.engine.forecast import Forecast
from rules.evaluate import Rulebook
from rules.load import load

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)  # noon in Copenhagen, a Monday

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
    return load(path, channels=("email", "webchat"))


def waiting_since(at: datetime, **fields: object) -> Conversation:
    """Return a mail that waits since then."""
    given: dict[str, object] = {
        "id": "cv_1", "reference": "HB-22223", "channel": "email", "account": "support", "opened_at": at,
        "updated_at": at, "customer": "c_1", "contact": Identity(kind="email", address="ana@example.org"),
        "queue": "general", "accountable": "maria", "waiting_since": at, "waiting_on": "m1",
        "due_at": at + timedelta(hours=4),
    }  # fmt: skip
    return indexed(Conversation(**(given | fields)))  # type: ignore[arg-type]


def load_of(
    bucket: int, count: int = 1, *, owner: str = "", channel: str = "email", queue: str = "general"
) -> Load:
    """Return waiting work."""
    return Load(queue=queue, channel=channel, language="", skills=(), owner=owner, bucket=bucket, count=count)


def forecast(
    book: Rulebook, *loads: Load, here: Mapping[str, Agent] | None = None, now: datetime = NOON
) -> Forecast:
    """Return the forecast for a house in which maria and tom are here, unless said otherwise."""
    people = {one: Agent(id=one, said="here") for one in ("maria", "tom")} if here is None else here
    return Forecast(book).refreshed(people, grouped(loads), {}, now)


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


def test_the_first_desks_open_a_little_late(book: Rulebook) -> None:
    """In the first quarter of an hour those who should be here are taken to be on their way, then no longer."""
    nine = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    shares = {}
    for minutes in (-1, 1, 14, 16):
        now = nine + timedelta(minutes=minutes)
        found = forecast(book, here={}, now=now).outlook(waiting_since(now), now)
        assert found is not None
        shares[minutes] = found.staff.share
    assert shares == {-1: 1.0, 1: 1.0, 14: 1.0, 16: 0.5 / 2.5}


def test_who_has_just_come_is_not_free_for_what_comes_now(book: Rulebook) -> None:
    """What waits for anybody since before is handed out first; what a colleague has keeps nobody from being free."""
    one = waiting_since(NOON)
    loose = forecast(book, load_of(1, 20)).outlook(one, NOON)
    owned = forecast(book, load_of(1, 20, owner="tom")).outlook(one, NOON)
    assert [found.free for found in (loose, owned) if found] == [False, True]


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


@pytest.mark.parametrize("state", [None, PromiseState.BROKEN])
def test_what_waits_since_before_the_look_does_not_wait_for_itself(
    book: Rulebook, state: PromiseState | None
) -> None:
    """Nor is it counted when its first note was put off, or the time it had was not kept."""
    before = NOON - timedelta(minutes=5)
    made = Promise(at=before, made_at=before, by="tom", owner=True, state=state) if state else None
    one = waiting_since(before, owner="tom", promise=made)
    known = forecast(book, load_of(int(one.urgency // 300), owner="tom"))
    found = known.outlook(one, NOON)
    assert found is not None
    assert (found.ahead(one.urgency).items, found.free) == (0.0, True)


def test_what_comes_now_waits_for_all_that_is_counted(book: Rulebook) -> None:
    """A message that has just begun a wait is not among what was counted, so nothing is taken off for it."""
    one = waiting_since(NOON - timedelta(minutes=5), owner="tom", updated_at=NOON)
    known = forecast(book, load_of(int(one.urgency // 300), owner="tom"))
    found = known.outlook(one, NOON)
    assert found is not None
    assert (found.ahead(one.urgency).items, found.free) == (1.0, False)


def test_who_may_have_none_of_a_channel_does_not_count(tmp_path: Path) -> None:
    """Somebody whose rules give them no chats makes no chat faster, but every mail."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.replace("Maria Jensen,", "Maria Jensen, capacity: {webchat: 0},"), encoding="utf-8")
    known = forecast(load(path, channels=("email", "webchat")))
    chat = known.outlook(waiting_since(NOON, channel="webchat"), NOON)
    mail = known.outlook(waiting_since(NOON), NOON)
    assert [one.people for one in (chat, mail) if one] == [("tom",), ("maria", "tom")]
