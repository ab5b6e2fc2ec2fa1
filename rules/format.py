"""The description of a rules file: read by the loader, written out as JSON Schema for editors."""

from datetime import datetime
from typing import Any

from channels.message import Kind
from rules import closures, durations, names, shares
from rules.conditions import attribute
from rules.nodes import Node, Scalar, describe
from rules.problems import Report
from rules.records import Field, Keyed, Record, Table
from rules.shape import INVALID, Choice, Flag, Many, Number, Parsed, Ref, Shape, Text
from rules.week import Week, Windows, date_key, dates
from rules.when import When

PRIORITIES = ("urgent", "high", "normal", "low")
TONES = ("plain", "sober", "none")
ACKNOWLEDGE = ("when_waiting", "always", "never")

DURATION = Parsed(
    "a duration",
    durations.seconds,
    pattern=durations.PATTERN,
    examples=["instant", "90s", "5m", "4h", "2d", "1h30m"],
)
FOLLOW_UP = Parsed(
    "a duration or never",
    durations.seconds_or_never,
    pattern=durations.PATTERN.replace("instant", "never"),
    examples=["24h", "3d", "never"],
)
DATES = Parsed("a date", dates, examples=["2026-12-24", "2026-12-24..2026-12-31"])
LANGUAGE = Parsed("a language", names.language, pattern="^[A-Za-z]{2}$")


class Defined(Parsed):
    """A name that counts as defined wherever it is written, such as a skill."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"a {kind}", names.name, pattern=names.SCHEMA_NAME)
        self.kind = kind

    def read(self, node: Node, report: Report) -> Any:
        """Return the name."""
        found = super().read(node, report)
        if found is not INVALID:
            report.define(self.kind, found, node)
        return found


class Capacity(Shape):
    """How much somebody can hold: one number, or one for each channel."""

    number = Number(0, 1000)

    def __init__(self) -> None:
        self.table = Keyed("capacity", self.number, refers="channel", names=("default", *names.CHANNELS))

    def read(self, node: Node, report: Report) -> Any:
        """Return capacities by channel."""
        if isinstance(node, Scalar):
            count = self.number.read(node, report)
            return INVALID if count is INVALID else {"default": count}
        return self.table.read(node, report)

    def schema(self) -> dict[str, Any]:
        """Return a schema of both forms."""
        return {"anyOf": [self.number.schema(), self.table.schema()]}


class Version(Number):
    """The version of the format."""

    def __init__(self) -> None:
        super().__init__(1, 1)

    def read(self, node: Node, report: Report) -> Any:
        """Return 1."""
        if isinstance(node, Scalar) and node.value == 1:
            return 1
        report.error(node, f"version {describe(node)} is not known to this program; write version: 1")
        return INVALID


def _field(shape: Shape, help: str, *, required: bool = False) -> Field:
    return Field(shape=shape, help=help, required=required)


def _instant(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time; write it like 2026-12-24 10:00") from None
    return text


def _share(least: float, most: float) -> Shape:
    return Parsed(
        "a share",
        shares.between(least, most),
        type=["string", "number"],
        pattern=shares.PATTERN,
        minimum=least,
        maximum=most,
    )


_NAME = Text("a name")
_LONG = Text("a text", most=20_000, empty=True)
_PRIORITY = _field(Choice(PRIORITIES), "What is worked on first.")
_NOTE = _field(Choice(TONES), "Tone of the automatic note; none alerts a person instead.")
_ACKNOWLEDGE = _field(
    Choice(ACKNOWLEDGE), "When a note is sent: if the customer would wait otherwise, always, or never."
)
_TARGET = _field(DURATION, "The customer should have an answer within this time.")
_QUEUE = _field(Ref("queue"), "The queue it goes to.")
_COUNTED = _field(Ref("hours"), "The hours in which the target counts; always is day and night.")

HOURS = Record(
    "an entry of hours",
    {
        "timezone": _field(
            Parsed("a time zone", names.zone, examples=["Europe/Copenhagen"]),
            "Zone of the clock on the wall, such as Europe/Copenhagen.",
            required=True,
        ),
        "open": _field(
            Week(), 'Opening times by weekday, such as {mon-fri: ["08:00-16:00"]}.', required=True
        ),
        "holidays": _field(
            Many(Parsed("a country", closures.code, examples=["DK", "DE-BY"])),
            "Public holidays on which it is closed: a country such as DK, a region such as DE-BY, or several.",
        ),
        "closed": _field(
            Many(DATES),
            "More dates on which it is closed from midnight to midnight, or ranges of them.",
        ),
        "also_open": _field(
            Table("opening time", Windows(), keys=date_key),
            'Opening times on single dates, whatever day or holiday it is: {2026-12-27: "10:00-14:00"}.',
        ),
    },
)

AGENT = Record(
    "an agent",
    {
        "name": _field(_NAME, "The name that customers see.", required=True),
        "email": _field(
            Parsed("an address", names.email), "Their address; also links the account to sign in with."
        ),
        "phone": _field(
            Parsed("a number", names.phone, type=["string", "number"]), "Their number, like +4512345678."
        ),
        "slack": _field(_NAME, "Their Slack member id."),
        "queues": _field(Many(Ref("queue")), "The queues they take work from."),
        "skills": _field(Many(Defined("skill")), "What they are good at; rules may ask for it."),
        "languages": _field(Many(LANGUAGE), "Languages they answer in, best first; none given = any."),
        "capacity": _field(
            Capacity(), "How many conversations they can hold, in all or by channel; 20 if not said."
        ),
        "hours": _field(Ref("hours"), "When they work; always if not said."),
        "leave": _field(
            Many(DATES), "Dates on which they are away all day, or ranges of them, both ends included."
        ),
    },
)

QUEUE = Record(
    "a queue",
    {
        "duty": _field(
            Many(Ref("agent"), least=1),
            "Who answers for work that nobody has taken yet, first choice first.",
            required=True,
        ),
        "lead": _field(Ref("agent"), "Who is alerted when a time is at risk."),
        "hours": _field(
            Ref("hours"), "The hours in which targets count here, where neither rule nor channel says."
        ),
        "overflow": _field(
            Many(Ref("queue")),
            "Queues whose people may take work of this one that would miss its target, first choice first.",
        ),
    },
)

CHANNEL = Record(
    "a channel",
    {
        "target": _TARGET,
        "hours": _COUNTED,
        "acknowledge": _ACKNOWLEDGE,
        "queue": _QUEUE,
        "note_useful_for": _field(DURATION, "A first note older than this is not sent any more."),
        "allow_tiers": _field(
            Many(_NAME), "Only customers of these tiers may use the channel; none given = all."
        ),
        "priority": _PRIORITY,
        "note": _NOTE,
        "promise_level": _field(
            _share(0.5, 0.995), "The share of promised times that is to be kept; 95% if not said."
        ),
        "warn_at": _field(
            _share(0.05, 0.98),
            "The owner is warned when so much of the time to the promise has passed; 70% if not said.",
        ),
        "lead_at": _field(
            _share(0.06, 0.99), "And the lead when so much has passed; later than warn_at, 85% if not said."
        ),
        "follow_up": _field(
            FOLLOW_UP, "How long after it was resolved to ask whether it was; never if not said."
        ),
        "customer_links": _field(
            Flag(), "False: notes carry no link by which customers can say what suits them."
        ),
    },
)

THEN = Record(
    "a decision",
    {
        "queue": _QUEUE,
        "skills": _field(Many(Ref("skill")), "Skills that the agent must have; several rules add up."),
        "language": _field(LANGUAGE, "A language that the agent must speak."),
        "priority": _PRIORITY,
        "target": _TARGET,
        "hours": _COUNTED,
        "note": _NOTE,
        "acknowledge": _ACKNOWLEDGE,
        "hold": _field(Flag(), "Set it aside for review, without a note."),
        "ask": _field(
            Parsed("a fact to ask for", names.name, pattern=names.SCHEMA_NAME, examples=["order", "email"]),
            "The one missing fact that the note asks for: a key of `asks` in the note texts.",
        ),
    },
)

RULE = Record(
    "a rule",
    {
        "name": _field(_NAME, "A short sentence by which people know the rule.", required=True),
        "when": _field(When(), "What must hold; a rule without it holds for every message."),
        "then": _field(THEN, "What is decided.", required=True),
        "continue": _field(Flag(), "True: later rules may add what this one leaves open."),
    },
)

MESSAGE = Record(
    "an example message",
    {
        "channel": _field(Ref("channel"), "The channel it came by.", required=True),
        "account": _field(_LONG, "The account it came to."),
        "text": _field(_LONG, "What the customer wrote."),
        "subject": _field(_LONG, "The subject line."),
        "sender": _field(_LONG, "The sender's address."),
        "sender_name": _field(_LONG, "The sender's name."),
        "language": _field(LANGUAGE, "Language of the message."),
        "customer": _field(
            Table("attribute", _LONG, keys=attribute), "What is known of the customer: {tier: premium}."
        ),
        "attachments": _field(Many(_NAME), "Names and content types of attachments."),
        "previous_owner": _field(Ref("agent"), "The agent who had this customer last."),
        "unanswered": _field(Number(0, 10_000), "Messages since a person last answered, this one included."),
        "reopened": _field(Flag(), "The conversation had been resolved before."),
        "promise_broken": _field(Flag(), "A promised time passed without an answer."),
        "kind": _field(Choice([str(kind) for kind in Kind]), "What the message is."),
        "at": _field(
            Parsed("a time", _instant, examples=["2026-12-24 10:00"]),
            "When it came, on the clock of the hours that usually apply.",
        ),
    },
)

EXPECT = Record(
    "an expectation",
    {
        "rule": _field(Ref("rule", empty=True), 'A rule that must have contributed; "" = none.'),
        "rules": _field(Many(Ref("rule")), "All rules that contributed, in order."),
        **THEN.fields,
    },
)

EXAMPLE = Record(
    "an example",
    {
        "message": _field(MESSAGE, "A message as it might come in.", required=True),
        "expect": _field(EXPECT, "What the rules must make of it.", required=True),
    },
)

FILE = Record(
    "a rules file",
    {
        "version": _field(Version(), "Version of this format: 1.", required=True),
        "hours": _field(Table("opening time", HOURS, defines="hours"), "Opening hours by name."),
        "agents": _field(Table("agent", AGENT, defines="agent"), "The people who answer, by id."),
        "queues": _field(Table("queue", QUEUE, defines="queue"), "Where work waits, by name."),
        "channels": _field(
            Keyed("channel", CHANNEL, refers="channel", names=names.CHANNELS),
            "What holds for a channel where no rule says otherwise; what is not given is as shipped.",
        ),
        "shipped_rules": _field(
            Flag(), "False: leave out the shipped rules on upset customers and sensitive matters."
        ),
        "rules": _field(
            Many(RULE, single=False), "What is decided for which messages; the first that matches wins."
        ),
        "examples": _field(
            Many(EXAMPLE, single=False, most=2000), "Messages and what the rules must make of them."
        ),
    },
)
