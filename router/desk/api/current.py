"""The rules that hold now, to read."""

from msgspec import Struct

from router.desk import views
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.views import PersonView
from rules.evaluate import Rule, Rulebook
from rules.model import ChannelPolicy, Queue

table = Table("Rules")


class RuleView(Struct, frozen=True, kw_only=True):
    """A rule by name; the first that matches wins."""

    place: int
    name: str
    #: For which messages it holds, in words.
    when: str
    #: What it decides, one sentence each.
    says: list[str]
    #: True when later rules may add to it.
    goes_on: bool
    #: `file:line:column`.
    where: str


class ChannelView(Struct, frozen=True, kw_only=True):
    """What holds on a channel where no rule says otherwise."""

    channel: str
    #: Seconds.
    target_s: float
    hours: str
    acknowledge: str
    queue: str
    priority: str
    #: Share of the promised times that is to be kept.
    promise_level: float
    #: Seconds after it was resolved at which the customer is asked whether it was; null = never.
    follow_up_s: float | None


class DutyView(Struct, frozen=True, kw_only=True):
    """A queue and who answers for it."""

    id: str
    duty: list[PersonView]
    lead: PersonView | None
    hours: str
    #: Queues whose people may take work of this one that would miss its target.
    overflow: list[str]


class Rules(Struct, frozen=True, kw_only=True):
    """The rules that hold now."""

    #: Content hash.
    version: str
    #: Where they come from.
    source: str
    #: True for the sample team.
    sample: bool
    rules: list[RuleView]
    channels: list[ChannelView]
    queues: list[DutyView]
    #: The file as it was read.
    text: str


@table.get("/rules", Role.LEAD)
async def rules(call: Call) -> Rules:
    """Return the rules that hold now, with their text and version."""
    book = call.parts.book()
    return Rules(
        version=book.version,
        source=book.source,
        sample=book.sample,
        rules=[_rule(place, rule) for place, rule in enumerate(book.rules, start=1)],
        channels=[_channel(one) for one in book.channels.values()],
        queues=[_duty(book, one) for one in book.queues.values()],
        text=book.text,
    )


def _rule(place: int, rule: Rule) -> RuleView:
    named = f"rule '{rule.name}')"
    says = [
        sentence.replace(f" (shipped {named}", "").replace(f" ({named}", "") for _, _, sentence in rule.says
    ]
    where = rule.where.rpartition("/")[2]
    return RuleView(
        place=place, name=rule.name, when=rule.when.says, says=says, goes_on=rule.go_on, where=where
    )


def _channel(policy: ChannelPolicy) -> ChannelView:
    return ChannelView(
        channel=policy.channel,
        target_s=policy.target_s,
        hours=policy.hours,
        acknowledge=policy.acknowledge,
        queue=policy.queue,
        priority=policy.priority,
        promise_level=policy.promise_level,
        follow_up_s=policy.follow_up_s,
    )


def _duty(book: Rulebook, queue: Queue) -> DutyView:
    duty = [views.person(book, agent) for agent in queue.duty]
    return DutyView(
        id=queue.id,
        duty=[person for person in duty if person is not None],
        lead=views.person(book, queue.lead),
        hours=queue.hours,
        overflow=list(queue.overflow),
    )
