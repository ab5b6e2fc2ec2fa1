"""What one promise costs: the engine and its state, with a thousand conversations waiting."""

import random
from datetime import timedelta
from statistics import median
from time import process_time

from benchmarks.promise.scenario import KINDS, SCENARIOS, START, arrivals, rules
from benchmarks.promise.service import Service
from router.conversation import Agent, Conversation, Event, indexed
from router.conversation.load import Load
from router.engine.backlog import grouped
from router.engine.forecast import Forecast
from router.engine.learnt import Learnt, fold
from router.house import House
from router.quoting import quoted

WAITING = 1000
PROMISES = 500
#: Two weeks and nine hours after the beginning: a Monday morning.
NOW = START + timedelta(days=14, hours=10)

Costs = dict[str, float]


def costs(rounds: int = 5, waiting: int = WAITING) -> Costs:
    """Return µs of processor time.

    promise: one in a burst, counted by those after it; target: the same with nothing known but the target;
    look: what is worked out anew at each look at the house, about once a second.
    """
    team = SCENARIOS["normal"].people
    service = Service(rules(team), NOW)
    people = {one: Agent(id=one, said="here") for one in service.book.people}
    learnt, loads = _learnt(), _loads(service, waiting)
    forecast = Forecast(service.book).refreshed(people, grouped(loads), learnt, NOW)
    asked = [_conversation(service, number) for number in range(PROMISES)]
    promise, target, look = [], [], []
    for _ in range(rounds):
        began = process_time()
        forecast = forecast.refreshed(
            people, grouped(loads), {**learnt, "email": _again(learnt["email"])}, NOW
        )
        look.append((process_time() - began) * 1e6)
        house = service.house_with(forecast, people)
        promise.append(_each(service, house, asked))
        target.append(_each(service, service.house, asked))
    return {"promise": median(promise), "target": median(target), "look": median(look)}


def _each(service: Service, house: House, asked: list[Conversation]) -> float:
    """Return the µs of one promise, each seen by those after it."""
    began = process_time()
    for one in asked:
        quoted(house, one, service.book.people[one.accountable], NOW)
        if house.forecast is not None:
            house.forecast.since.add(one)
    return (process_time() - began) / len(asked) * 1e6


def _again(state: Learnt) -> Learnt:
    """Return the state as a new object, as one more answer makes it."""
    return fold(state, Event(at=NOW, kind="waiting", channel="email", data={"rank": 2}))


def _learnt() -> dict[str, Learnt]:
    chance = random.Random(7)
    states = {kind.channel: Learnt.start(kind.channel) for kind in KINDS}
    queues = {kind.channel: kind.queue for kind in KINDS}
    for one in arrivals(SCENARIOS["normal"], 7)[:4000]:
        lane = f"{queues[one.channel]}|{one.channel}|{one.language}|"
        data = {"rank": 2, "target_s": 3600.0, "lane": lane}
        states[one.channel] = fold(
            states[one.channel], Event(at=one.at, kind="waiting", channel=one.channel, data=data)
        )
        actual = chance.expovariate(1 / 2400)
        data = {
            "how": "answered", "first": (one.at + timedelta(hours=2)).isoformat(), "mean_s": 2000.0,
            "spread_s": 1500.0, "drain_s": 1500.0, "open_s": actual, "worked_s": one.handle_s,
        }  # fmt: skip
        line = Event(at=one.at, kind="waited", channel=one.channel, queue=queues[one.channel], data=data)
        states[one.channel] = fold(states[one.channel], line)
    return states


def _loads(service: Service, waiting: int) -> list[Load]:
    """Return that many conversations: half of them owned, due over the next day."""
    chance = random.Random(8)
    people = list(service.book.people.values())
    found = []
    for _ in range(waiting):
        kind = chance.choices(KINDS, [one.share for one in KINDS])[0]
        able = [one.id for one in people if kind.queue in one.queues]
        due = 2e11 + NOW.timestamp() + chance.uniform(-7200, 86400)
        found.append(
            Load(
                queue=kind.queue, channel=kind.channel, language=chance.choice(["en", "da"]), skills=(),
                owner=chance.choice([*able, *[""] * len(able)]), bucket=int(due // 300), count=1,
            )
        )  # fmt: skip
    return found


def _conversation(service: Service, number: int) -> Conversation:
    kind = KINDS[number % len(KINDS)]
    able = [one.id for one in service.book.people.values() if kind.queue in one.queues]
    owner = able[number % len(able)] if number % 2 else ""
    return indexed(
        Conversation(
            id=f"cv_{number}", reference=f"HB-{number}", channel=kind.channel, account="here", opened_at=NOW,
            updated_at=NOW, customer=f"c_{number}", contact=service.contact(kind.channel, number),
            queue=kind.queue, language="en", owner=owner, accountable=owner or able[0], waiting_since=NOW,
            waiting_on=f"m{number}", due_at=NOW + timedelta(hours=number % 24 + 1),
        )
    )  # fmt: skip
