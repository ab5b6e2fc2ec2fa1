"""The values of the rules: what a rules file says, once it is read and checked."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct

#: The six response-time targets of the product, seconds; an instant target is a minute.
INSTANT_S = 60.0


class Person(Struct, frozen=True, kw_only=True):
    """An agent as the rules describe them."""

    id: str
    name: str
    email: str = ""
    phone: str = ""
    slack: str = ""
    queues: tuple[str, ...] = ()
    skills: frozenset[str] = frozenset()
    #: ISO 639-1 codes, best first; empty = may answer in any language.
    languages: tuple[str, ...] = ()
    #: Most conversations at a time by channel; "default" for channels not named.
    capacity: Mapping[str, int] = {}
    #: Name of their hours.
    hours: str = "always"
    #: Dates on which they are away all day, on the clock of their hours.
    leave: frozenset[date] = frozenset()

    def capacity_for(self, channel: str) -> int:
        """Return how many conversations of the channel they may own at a time."""
        return self.capacity.get(channel, self.capacity.get("default", 20))


class Queue(Struct, frozen=True, kw_only=True):
    """A queue: where work waits, and who answers for it while it has no owner."""

    id: str
    #: Agent ids, first choice first.
    duty: tuple[str, ...]
    lead: str = ""
    hours: str = ""
    #: Queues whose people may take work of this one that would miss its target, first choice first.
    overflow: tuple[str, ...] = ()


class ChannelPolicy(Struct, frozen=True, kw_only=True):
    """What holds for a channel where no rule says otherwise."""

    channel: str
    #: Seconds.
    target_s: float
    #: Name of the hours in which the target counts; "" = the queue's, else always.
    hours: str = ""
    #: when_waiting, always or never.
    acknowledge: str = "when_waiting"
    queue: str = "general"
    #: A first note older than this many seconds is not sent any more.
    note_useful_for_s: float = 21600.0
    allow_tiers: tuple[str, ...] = ()
    priority: str = "normal"
    note: str = "plain"
    #: Share of the promises that is to be kept.
    promise_level: float = 0.95
    #: Shares of the time from the promise to X after which the owner, and then the lead, is warned.
    warn_at: float = 0.7
    lead_at: float = 0.85
    #: Seconds after it was resolved at which a customer is asked whether it was; None = never.
    follow_up_s: float | None = None
    #: Notes carry a link by which the customer can say what suits them, where the channel can carry one.
    customer_links: bool = True


class Facts(Struct, frozen=True, kw_only=True):
    """All that a rule may look at; built once for each message."""

    now: datetime
    channel: str
    account: str = ""
    text: str = ""
    subject: str = ""
    sender: str = ""
    sender_name: str = ""
    language: str = ""
    #: tier, language, zone, … and whatever else is known of the customer.
    customer: Mapping[str, str] = {}
    #: Names and content types of the attachments.
    attachments: tuple[str, ...] = ()
    previous_owner: str = ""
    #: Customer messages since a person last answered, this one included.
    unanswered: int = 1
    reopened: bool = False
    promise_broken: bool = False
    #: written by a machine, or cannot be read
    kind: str = "customer"


class Verdict(Struct, frozen=True, kw_only=True):
    """What the rules decided for one message."""

    version: str
    #: Name of the first rule that matched; "" when only defaults applied.
    rule: str = ""
    #: Every rule that contributed, in order.
    rules: tuple[str, ...] = ()
    queue: str
    skills: tuple[str, ...] = ()
    #: ISO code the agent must speak because a rule says so; "" = the message's own.
    language: str = ""
    priority: str = "normal"
    target_s: float
    #: Name of the hours that count for the target, already resolved: rule, channel, queue, always.
    hours: str = "always"
    #: plain, sober or none.
    tone: str = "plain"
    acknowledge: str = "when_waiting"
    hold: bool = False
    #: The one missing fact that the note asks for: a key of the wording's `asks`; "" = none.
    ask: str = ""
    #: One sentence for each thing decided, naming who decided it.
    explanation: tuple[str, ...] = ()


class Example(Struct, frozen=True, kw_only=True):
    """A message and what the rules must make of it."""

    message: Mapping[str, Any]
    expect: Mapping[str, Any]
    #: `file:line:column`.
    where: str


class Explanation(Struct, frozen=True, kw_only=True):
    """Why one rule did or did not contribute to a verdict."""

    #: Name of the rule; "" for the defaults at the end.
    rule: str
    #: matched, no or not reached; "default" for the defaults.
    outcome: str
    #: A sentence for people, such as `no: text contains none of refund, money back`.
    text: str

    def __str__(self) -> str:
        """Return it as a line of text, the rule's name before it."""
        return f"{self.rule or 'So'}: {self.text}"
