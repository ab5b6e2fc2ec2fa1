"""Made-up weeks of work: who works when, what comes in, how long it takes, who stays at home."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from rules.evaluate import Rulebook

#: A Monday, midnight in the zone of the team; customers live by the same clock, also when it changes.
ZONE = ZoneInfo("Europe/Copenhagen")
MONDAY_MIDNIGHT = datetime(2026, 1, 5, tzinfo=ZONE)
START = MONDAY_MIDNIGHT.astimezone(UTC)
DAY = timedelta(days=1)
WEEK = 7 * DAY
#: Relative arrivals by hour of the day, and by day of the week.
BY_HOUR = (2, 1, 1, 1, 2, 4, 10, 22, 46, 60, 62, 56, 48, 54, 56, 50, 42, 34, 28, 24, 20, 14, 8, 4)
BY_DAY = (1.0, 1.0, 1.0, 1.0, 0.95, 0.4, 0.35)
#: Monday morning, and the incident: how much more comes, and from when to when.
MONDAY = (1.8, 7, 11)
INCIDENT = 3.0
INCIDENT_HOURS = (10, 16)
#: Squared coefficient of variation of handling times; shape of a gamma distribution.
SHAPE = 1 / 0.81
#: Share of days on which somebody who should be there is not, and how people's days differ in speed.
ABSENT = 0.04
DAILY = 0.1


class Kind(Struct, frozen=True):
    """One channel's work: its share of all messages, minutes to handle, target as the rules write it."""

    channel: str
    share: float
    minutes: float
    target: str
    queue: str


KINDS = (
    Kind("webchat", 0.22, 6, "instant", "live"),
    Kind("phone", 0.10, 7, "5m", "live"),
    Kind("twitter", 0.12, 5, "1h", "social"),
    Kind("facebook", 0.14, 6, "2h", "social"),
    Kind("email", 0.35, 12, "24h", "mail"),
    Kind("forum", 0.07, 10, "24h", "mail"),
)
MEAN_MINUTES = sum(one.share * one.minutes for one in KINDS)


class Scenario(Struct, frozen=True):
    """How large the team, how much work for it, and how many messages."""

    name: str
    people: int
    load: float
    messages: int


SCENARIOS = {
    one.name: one
    for one in (
        Scenario("normal", 6, 0.60, 8_000),
        Scenario("busy", 6, 0.70, 8_000),
        Scenario("small team", 3, 0.60, 4_000),
        Scenario("overload", 6, 0.90, 8_000),
    )
}


class Arrival(Struct, frozen=True):
    """A message that will come, and what it will take."""

    at: datetime
    channel: str
    language: str
    text: str
    handle_s: float
    #: In the incident, while three times as much comes.
    spike: bool


class Shift(Struct, frozen=True):
    """Somebody is really there from one instant to another, and works at this pace."""

    agent: str
    start: datetime
    end: datetime
    pace: float


SHIFTS = {
    "early": {"mon-fri": "07:00-15:00"},
    "day": {"mon-fri": "08:30-16:30"},
    "late": {"mon-fri": "12:00-20:00"},
    "weekend": {"wed-fri": "08:30-16:30", "sat-sun": "09:00-15:00"},
}
SMALL = {"day": {"mon-fri": "08:30-16:30"}, "late": {"mon-fri": "10:00-18:00"}}


def staff(people: int) -> list[tuple[str, str, list[str], list[str], list[str]]]:
    """Return (id, hours, queues, skills, languages) of everybody."""
    if people <= 3:
        queues = ["live", "social", "mail"]
        return [
            ("a0", "day", queues, ["billing"], ["en", "da"]),
            ("a1", "day", queues, [], ["en", "da"]),
            ("a2", "late", queues, ["billing"], ["en"]),
        ][:people]
    hours = ("early", "day", "late", "day", "late", "weekend")
    served = (["live", "social"], ["mail"], ["live", "social", "mail"], ["social", "mail"])
    return [
        (
            f"a{n}",
            hours[n % len(hours)],
            served[n % len(served)],
            ["billing"] if n % 2 else [],
            ["en", "da"] if n % 3 else ["en"],
        )
        for n in range(people)
    ]


def rules(people: int) -> str:
    """Return the rules file of the team."""
    shifts = SMALL if people <= 3 else SHIFTS
    lines = ["version: 1", "shipped_rules: false", "hours:"]
    for name, days in shifts.items():
        spans = ", ".join(f'{day}: ["{span}"]' for day, span in days.items())
        lines.append(f"  {name}: {{timezone: Europe/Copenhagen, open: {{{spans}}}}}")
    lines.append("agents:")
    team = staff(people)
    for id_, hours, queues, skills, languages in team:
        lines.append(
            f"  {id_}: {{name: Agent {id_.upper()}, email: {id_}@example.com, hours: {hours}, "
            f"queues: [{', '.join(queues)}], skills: [{', '.join(skills)}], "
            f"languages: [{', '.join(languages)}], capacity: {{webchat: 2, phone: 1, default: 6}}}}"
        )
    lines.append("queues:")
    for queue in ("live", "social", "mail"):
        duty = [id_ for id_, _, queues, _, _ in team if queue in queues]
        lines.append(f"  {queue}: {{duty: [{', '.join(duty)}], lead: {duty[0]}}}")
    lines.append("  triage: {duty: [a0], lead: a0}")
    lines.append("channels:")
    lines += [
        f"  {kind.channel}: {{target: {kind.target}, queue: {kind.queue}, acknowledge: always}}"
        for kind in KINDS
    ]
    lines += [
        "rules:",
        "  - name: Outages come first",
        "    when: {text: {contains_any: [outage]}}",
        "    then: {priority: urgent, target: 1h}",
        "  - name: Refunds go to billing",
        "    when: {text: {contains_any: [refund]}}",
        "    then: {skills: [billing], priority: high, target: 4h}",
    ]
    return "\n".join(lines) + "\n"


def weekly_hours(people: int) -> float:
    """Return the hours that the team is meant to work in a week."""
    return sum(36.0 if hours == "weekend" else 40.0 for _, hours, *_ in staff(people))


def shifts(book: Rulebook, scenario: Scenario, seed: int, end: datetime) -> list[Shift]:
    """Return when people are really there: their hours, less the days on which they are ill."""
    chance = random.Random(f"shifts {scenario.name} {seed}")
    found = []
    for person in book.people.values():
        for piece in book.calendar_of(person).intervals(START, end):
            ill, pace = chance.random() < ABSENT, chance.lognormvariate(0.0, DAILY)
            if not ill:
                found.append(Shift(person.id, piece.start, piece.end, pace))
    return found


def arrivals(scenario: Scenario, seed: int) -> list[Arrival]:
    """Return all messages of a run, in order; the same for the same seed."""
    chance = random.Random(f"{scenario.name} {seed}")
    a_week = weekly_hours(scenario.people) * 60 * scenario.load / MEAN_MINUTES
    weeks = max(1, round(scenario.messages / a_week))
    incidents = {week for week in range(weeks) if week % 4 == 2 or weeks < 3}
    scale = a_week / sum(_weight(hour, incident=False) for hour in range(168))
    found: list[Arrival] = []
    for week in range(weeks):
        for hour in range(168):
            spike = week in incidents and hour // 24 == 2 and _within(hour, INCIDENT_HOURS)
            rate = scale * _weight(hour, incident=spike)
            for at in _poisson(chance, rate):
                when = MONDAY_MIDNIGHT + week * WEEK + timedelta(hours=hour + at)
                found.append(_arrival(chance, when.astimezone(UTC), spike=spike))
    return sorted(found, key=lambda one: one.at)


def _weight(hour: int, *, incident: bool) -> float:
    day, clock = divmod(hour, 24)
    weight = BY_HOUR[clock] * BY_DAY[day]
    if day == 0 and _within(hour, MONDAY[1:]):
        weight *= MONDAY[0]
    return weight * INCIDENT if incident else weight


def _within(hour: int, span: tuple[int, ...]) -> bool:
    return span[0] <= hour % 24 < span[1]


def _poisson(chance: random.Random, rate: float) -> Iterator[float]:
    """Yield the times of events within an hour."""
    at = chance.expovariate(rate) if rate > 0 else 2.0
    while at < 1.0:
        yield at
        at += chance.expovariate(rate)


def _arrival(chance: random.Random, at: datetime, *, spike: bool) -> Arrival:
    kind = chance.choices(KINDS, [one.share for one in KINDS])[0]
    words = "Where is my parcel?"
    if chance.random() < 0.03:
        words = "There is an outage."
    elif kind.channel == "email" and chance.random() < 0.15:
        words = "I want a refund."
    return Arrival(
        at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        channel=kind.channel,
        language="da" if chance.random() < 0.25 else "en",
        text=words,
        handle_s=chance.gammavariate(SHAPE, kind.minutes * 60 / SHAPE),
        spike=spike,
    )
