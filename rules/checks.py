"""What must fit together in a rules file: names, people, hours, and rules that can be reached."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from rules.hours import SHUT_DAYS, Calendar
from rules.model import ChannelPolicy, Person
from rules.names import CHANNELS, suggest
from rules.problems import Report
from rules.records import Fields
from rules.rulebook import TRIAGE, Rule
from rules.shares import said

#: The key of a condition without parts.
EVERY_MESSAGE = "all()"
_UNKNOWN = {
    "hours": "there are no hours called {}",
    "queue": "no queue is called {}",
    "agent": "no agent is called {}",
    "channel": "no channel is called {}",
    "skill": "nobody has the skill {}",
    "rule": "no rule is called {}",
}


def references(report: Report, channels: Collection[str], rules: Collection[str]) -> None:
    """Report every name that is used and not defined."""
    defined = {kind: set(names) for kind, names in report.defined.items()}
    always = {"hours": {"always"}, "queue": {TRIAGE}, "channel": {*CHANNELS, *channels}, "rule": set(rules)}
    for reference in report.references:
        known = defined.get(reference.kind, set()) | always.get(reference.kind, set())
        if reference.name not in known:
            what = _UNKNOWN[reference.kind].format(repr(reference.name))
            report.error(reference.node, f"{what}; {suggest(reference.name, known)}")


def completeness(file: Fields, report: Report) -> None:
    """Report a file without people or queues, and names that have a meaning of their own."""
    for section, example in (
        ("agents", "maria: {name: Maria Jensen, queues: [general]}"),
        ("queues", "general: {duty: [maria]}"),
    ):
        if not file.get(section) and (section not in file.nodes or section in file):
            text = f"there are no {section}; without them nobody can answer. Write {section}: and below it {example}"
            report.error(file.at(section), text)
    if node := report.defined.get("hours", {}).get("always"):
        report.error(node, "'always' means day and night already; choose another name")


def opening(file: Fields, calendars: Mapping[str, Calendar], report: Report) -> None:
    """Report hours that never open, and dates that are closed and open at once."""
    now = datetime.now(UTC)
    for name, entry in file.get("hours", {}).items():
        closed = {day.isoformat() for days in entry.get("closed", ()) for day in days}
        for day in sorted(closed & entry.get("also_open", {}).keys()):
            report.error(entry["also_open"].at(day), f"{day} is under `closed` too; keep one of the two")
        if name not in calendars:
            continue
        opens = calendars[name].next_open(now)
        if opens is None or opens > now + timedelta(days=SHUT_DAYS):
            text = f"'{name}' opens at no time in the next {SHUT_DAYS} days; give it opening times"
            report.error(entry.at("open"), text)


def people(file: Fields, persons: Mapping[str, Person], report: Report) -> None:
    """Report agents whom no work can reach, queues that nobody works, and addresses used twice."""
    agents, served = file.get("agents", {}), {queue for person in persons.values() for queue in person.queues}
    emails = Counter(person.email.casefold() for person in persons.values() if person.email)
    for id_, person in persons.items():
        node = report.defined["agent"][id_]
        if not person.queues:
            report.warn(node, f"'{id_}' takes work from no queue; give them queues: [general] or the like")
        if emails[person.email.casefold()] > 1:
            report.error(
                agents[id_].at("email"), f"two agents have the address {person.email}; give each their own"
            )
    for id_, node in report.defined.get("queue", {}).items():
        if id_ not in served and id_ != TRIAGE:
            report.warn(node, f"nobody takes work from '{id_}'; name it under the queues of an agent")


def promises(file: Fields, policies: Mapping[str, ChannelPolicy], report: Report) -> None:
    """Report queues that overflow into themselves, and leads who would be warned before the owner."""
    for id_, entry in file.get("queues", {}).items():
        if id_ in entry.get("overflow", ()):
            report.error(entry.at("overflow"), f"'{id_}' cannot overflow into itself; name other queues")
    for name, entry in file.get("channels", {}).items():
        policy = policies[name]
        if policy.lead_at <= policy.warn_at and ({"warn_at", "lead_at"} & entry.keys()):
            text = (
                f"the lead is warned at {said(policy.lead_at)} and the owner at {said(policy.warn_at)}; "
                "make lead_at later than warn_at"
            )
            report.error(entry.at("lead_at" if "lead_at" in entry else "warn_at"), text)


def reach(file: Fields, rules: Sequence[Rule], report: Report) -> None:
    """Report rules that decide nothing, share a name, or can never be reached."""
    places = {entry["name"]: entry for entry in file.get("rules", ()) if "name" in entry}
    first: dict[str, int] = {}
    for entry in file.get("rules", ()):
        node = entry.at("name")
        if (name := entry.get("name")) in first:
            report.error(node, f"line {first[name]} has a rule of this name; every rule needs its own")
        first.setdefault(name, node.line)
        if "then" in entry and not entry["then"].nodes:
            report.error(entry.at("then"), "the rule decides nothing; write what, such as {queue: billing}")
    closed: dict[str, str] = {}
    for rule in rules:
        place = places.get(rule.name)
        blocker = closed.get(EVERY_MESSAGE) or closed.get(rule.when.key)
        if place is not None and blocker:
            why = "holds for every message" if EVERY_MESSAGE in closed else "has the same condition"
            text = (
                f"never reached: '{blocker}' before it {why}; move this rule up or write continue: true there"
            )
            report.warn(place.at("name"), text)
        if not rule.go_on:
            closed.setdefault(rule.when.key, rule.name)


def staffing(file: Fields, rules: Sequence[Rule], persons: Mapping[str, Person], report: Report) -> None:
    """Report rules that ask for what nobody in the queue has together."""
    for entry, rule in _written(file, rules):
        asked, queue = rule.effect, rule.effect.queue
        team = [person for person in persons.values() if queue in {None, *person.queues}]
        fit = [
            person
            for person in team
            if person.skills.issuperset(asked.skills) and _speaks(person, asked.language)
        ]
        if team and not fit:
            wish = [*(f"the skill {skill}" for skill in asked.skills)]
            wish += [f"the language {asked.language}"] if asked.language else []
            text = f"nobody {f'in {queue} ' if queue else ''}has {' and '.join(wish)}; the work would wait for the lead"
            report.warn(entry.at("then"), text)


def _speaks(person: Person, language: str | None) -> bool:
    return not language or not person.languages or language in person.languages


def _written(file: Fields, rules: Sequence[Rule]) -> list[tuple[Fields, Rule]]:
    by_name = {rule.name: rule for rule in rules}
    return [
        (entry, by_name[entry["name"]]) for entry in file.get("rules", ()) if entry.get("name") in by_name
    ]
