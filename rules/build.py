"""Turns a file as read into the values of a rulebook."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import msgspec

from rules.hours import ALWAYS, Calendar
from rules.match import every
from rules.model import ChannelPolicy, Example, Person, Queue
from rules.names import CHANNELS
from rules.nodes import Node
from rules.problems import Report
from rules.records import Fields
from rules.rulebook import TRIAGE, Effect, Rule, sayings
from rules.schedule import Schedule

#: What a channel gets that neither the file nor the shipped one mentions: a channel added later.
_DAY_S = 86400.0
#: Names of values where the file's word is another.
_WORDS = {"target": "target_s", "note": "tone"}


def calendars(file: Fields) -> dict[str, Calendar]:
    """Return the hours that could be read, and `always`."""
    made = {"always": ALWAYS}
    for name, entry in file.get("hours", {}).items():
        if {"timezone", "open"} <= entry.keys():
            made[name] = Calendar(name=name, zone=entry["timezone"], schedule=_schedule(entry))
    return made


def _schedule(entry: Fields) -> Schedule:
    return Schedule(
        week=entry["open"],
        holidays=entry.get("holidays", ()),
        closed=frozenset(day for days in entry.get("closed", ()) for day in days),
        also_open={date.fromisoformat(day): windows for day, windows in entry.get("also_open", {}).items()},
    )


def people(file: Fields) -> dict[str, Person]:
    """Return the agents by id."""
    made = {}
    for id_, entry in file.get("agents", {}).items():
        made[id_] = Person(
            id=id_,
            name=entry.get("name", id_),
            skills=frozenset(entry.get("skills", ())),
            leave=frozenset(day for days in entry.get("leave", ()) for day in days),
            **_given(entry, "email", "phone", "slack", "queues", "languages", "capacity", "hours"),
        )
    return made


def queues(file: Fields) -> dict[str, Queue]:
    """Return the queues by name; triage is made of the first one if the file does not define it."""
    made = {
        id_: Queue(id=id_, duty=entry.get("duty", ()), **_given(entry, "lead", "hours", "overflow"))
        for id_, entry in file.get("queues", {}).items()
    }
    if made and TRIAGE not in made:
        made[TRIAGE] = msgspec.structs.replace(next(iter(made.values())), id=TRIAGE)
    return made


def policies(
    file: Fields, shipped: Mapping[str, Any], queues: Collection[str], installed: Collection[str]
) -> dict[str, ChannelPolicy]:
    """Return what holds for each channel: as the file says, else as shipped."""
    own = file.get("channels", {})
    home = "general" if "general" in queues else next(iter(queues), TRIAGE)
    return {
        name: _policy(name, {"queue": home, **shipped.get(name, {}), **own.get(name, {})})
        for name in dict.fromkeys((*CHANNELS, *sorted(installed), *own))
    }


def _policy(name: str, entry: Mapping[str, Any]) -> ChannelPolicy:
    more = {f"{key}_s": entry[key] for key in ("note_useful_for", "follow_up") if key in entry}
    return ChannelPolicy(
        channel=name,
        target_s=entry.get("target", _DAY_S),
        **_given(entry, "hours", "acknowledge", "queue", "allow_tiers", "priority", "note"),
        **_given(entry, "promise_level", "warn_at", "lead_at", "customer_links"),
        **more,
    )


def rules(file: Fields, report: Report, by: str = "rule") -> list[Rule]:
    """Return the rules that could be read, in order."""
    return [_rule(entry, report, by) for entry in file.get("rules", ()) if _complete(entry)]


def _complete(entry: Fields) -> bool:
    """Tell whether the rule was readable: a condition with a mistake must not count as none."""
    return {"name", "then"} <= entry.keys() and ("when" in entry or "when" not in entry.nodes)


def _rule(entry: Fields, report: Report, by: str) -> Rule:
    then = {_WORDS.get(key, key): value for key, value in entry["then"].items()}
    effect = Effect(**then)
    return Rule(
        name=entry["name"],
        when=entry.get("when") or every([]),
        effect=effect,
        go_on=entry.get("continue", False),
        where=where(report, entry.node),
        says=sayings(effect, f"{by} '{entry['name']}'"),
    )


def examples(file: Fields, report: Report) -> list[Example]:
    """Return the examples that could be read."""
    return [
        Example(
            message=dict(entry["message"]),
            expect=dict(entry["expect"]),
            where=where(report, entry.at("expect")),
        )
        for entry in file.get("examples", ())
        if {"message", "expect"} <= entry.keys()
    ]


def where(report: Report, node: Node) -> str:
    """Return a place as `file:line:column`."""
    return f"{report.file}:{node.line}:{node.column}"


def _given(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: entry[key] for key in keys if key in entry}
