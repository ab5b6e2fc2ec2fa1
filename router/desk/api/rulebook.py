"""The rules that hold now, to read."""

from msgspec import Struct

from router.desk import views
from router.desk.accounts import Role
from router.desk.endpoint import Call
from router.desk.schema import Table
from router.desk.views import PersonView

table = Table("Rules")


class RuleView(Struct, frozen=True, kw_only=True):
    """A rule by name; the first that matches wins."""

    place: int
    name: str


class ChannelView(Struct, frozen=True, kw_only=True):
    """What holds on a channel where no rule says otherwise."""

    channel: str
    #: Seconds.
    target_s: float
    hours: str
    acknowledge: str
    queue: str
    priority: str


class DutyView(Struct, frozen=True, kw_only=True):
    """A queue and who answers for it."""

    id: str
    duty: list[PersonView]
    lead: PersonView | None
    hours: str


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
    named = [RuleView(place=place, name=rule.name) for place, rule in enumerate(book.rules, start=1)]
    channels = [
        ChannelView(
            channel=one.channel,
            target_s=one.target_s,
            hours=one.hours,
            acknowledge=one.acknowledge,
            queue=one.queue,
            priority=one.priority,
        )
        for one in book.channels.values()
    ]
    queues = []
    for one in book.queues.values():
        duty = [views.person(book, agent) for agent in one.duty]
        queues.append(
            DutyView(
                id=one.id,
                duty=[person for person in duty if person is not None],
                lead=views.person(book, one.lead),
                hours=one.hours,
            )
        )
    return Rules(
        version=book.version,
        source=book.source,
        sample=book.sample,
        rules=named,
        channels=channels,
        queues=queues,
        text=book.text,
    )
