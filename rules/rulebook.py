"""A rules file once it is read and checked: people, queues, channels, hours and rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from rules.durations import spoken
from rules.hours import ALWAYS, Calendar
from rules.match import Condition
from rules.model import ChannelPolicy, Example, Person, Queue
from rules.problems import Problem

#: What is decided (a field of Verdict), the value, and the sentence that says so.
Saying: TypeAlias = tuple[str, Any, str]

#: The queue that always exists.
TRIAGE = "triage"


class Effect(Struct, frozen=True, kw_only=True):
    """What a rule decides; None where it says nothing."""

    queue: str | None = None
    language: str | None = None
    priority: str | None = None
    target_s: float | None = None
    hours: str | None = None
    tone: str | None = None
    acknowledge: str | None = None
    hold: bool | None = None
    ask: str | None = None
    skills: tuple[str, ...] = ()


class Rule(Struct, frozen=True, kw_only=True):
    """A rule, ready to be asked."""

    name: str
    when: Condition
    effect: Effect
    #: Later rules may add what this one leaves open.
    go_on: bool = False
    #: `file:line:column`.
    where: str = ""
    #: What the effect decides, worded once.
    says: tuple[Saying, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """A checked rules file."""

    version: str
    people: Mapping[str, Person]
    queues: Mapping[str, Queue]
    channels: Mapping[str, ChannelPolicy]
    calendars: Mapping[str, Calendar]
    rules: tuple[Rule, ...] = ()
    examples: tuple[Example, ...] = ()
    #: True for the sample team, which must not answer real customers.
    sample: bool = False
    #: File name, or where else the text comes from.
    source: str = ""
    text: str = ""
    #: What works but is hardly meant.
    warnings: tuple[Problem, ...] = ()

    @cached_property
    def usual(self) -> Mapping[str, str]:
        """Names of the hours that usually apply, by channel: the channel's, else its queue's."""
        return {name: each.hours or self.queue(each.queue).hours for name, each in self.channels.items()}

    @cached_property
    def defaults(self) -> Mapping[str, tuple[Saying, ...]]:
        """What each channel says about the things that no rule decides."""
        return {name: policy_sayings(policy) for name, policy in self.channels.items()}

    def calendar(self, name: str) -> Calendar:
        """Return the hours of this name; always open when there are none (any more)."""
        return self.calendars.get(name, ALWAYS)

    def calendar_of(self, person: Person) -> Calendar:
        """Return the hours of a person, without the days on which they are on leave."""
        if not person.leave:
            return self.calendar(person.hours)
        key = person.hours, person.leave
        if (found := self._leaves.get(key)) is None:
            found = self._leaves[key] = self.calendar(person.hours).without(person.leave)
        return found

    @cached_property
    def _leaves(self) -> dict[tuple[str, frozenset[date]], Calendar]:
        """Hours without leave, made when first asked for: calendars remember what they counted."""
        return {}

    def person(self, id: str) -> Person | None:
        """Return an agent; None when the rules do not know them (any more)."""
        return self.people.get(id)

    def queue(self, id: str) -> Queue:
        """Return a queue; triage when the rules do not know it (any more), so that somebody is accountable."""
        return self.queues.get(id) or self.queues[TRIAGE]

    def policy(self, channel: str) -> ChannelPolicy:
        """Return what holds for a channel; a day and triage for one that the rules do not know."""
        return self.channels.get(channel) or ChannelPolicy(channel=channel, target_s=86400.0, queue=TRIAGE)


def sayings(effect: Effect, by: str) -> tuple[Saying, ...]:
    """Return what an effect decides, with a sentence for each that names who decided it."""
    made = []
    for what, value in msgspec.structs.asdict(effect).items():
        if value is not None and value != ():
            made.append((what, value, f"{_sentence(what, value)} ({by})."))
    return tuple(made)


_SENTENCES = {
    "queue": "Queue '{}'",
    "skills": "Needs the skills {}",
    "language": "Needs somebody who speaks '{}'",
    "priority": "Priority {}",
    "target_s": "Target {}",
    "hours": "The target counts in the hours '{}'",
    "tone": "The note is worded {}",
    "acknowledge": "A note goes out {}",
    "hold": "Held for review",
    "ask": "Asks for '{}'",
}
_SPECIAL = {
    ("tone", "none"): "No automatic words, a person is alerted",
    ("acknowledge", "when_waiting"): "A note goes out when the customer would have to wait",
    ("acknowledge", "never"): "No note goes out",
    ("hours", "always"): "The target counts day and night",
    ("hold", False): "Not held for review",
}


def _sentence(what: str, value: Any) -> str:
    if (what, value) in _SPECIAL:
        return _SPECIAL[what, value]
    if what == "target_s":
        return _SENTENCES[what].format(spoken(value))
    return _SENTENCES[what].format(", ".join(value) if what == "skills" else value)


def policy_sayings(policy: ChannelPolicy) -> tuple[Saying, ...]:
    """Return what a channel decides where no rule does."""
    effect = Effect(
        queue=policy.queue,
        priority=policy.priority,
        target_s=policy.target_s,
        tone=policy.note,
        acknowledge=policy.acknowledge,
    )
    return sayings(effect, f"default of {policy.channel}")
