"""The description of a rules file: read by the loader, written out as JSON Schema for editors."""

from channels.message import Kind
from rules import closures, names
from rules.conditions import attribute
from rules.pieces import (
    ACKNOWLEDGE,
    DATES,
    DURATION,
    FOLLOW_UP,
    LANGUAGE,
    PRIORITIES,
    TONES,
    Capacity,
    Defined,
    Version,
    field,
    instant,
    share,
)
from rules.records import Keyed, Record, Table
from rules.shape import Choice, Flag, Many, Number, Parsed, Ref, Text
from rules.week import Week, Windows, date_key
from rules.when import When

_NAME = Text("a name")
_LONG = Text("a text", most=20_000, empty=True)
_PRIORITY = field(Choice(PRIORITIES), "What is worked on first.")
_NOTE = field(Choice(TONES), "Tone of the automatic note; none alerts a person instead.")
_ACKNOWLEDGE = field(
    Choice(ACKNOWLEDGE), "When a note is sent: if the customer would wait otherwise, always, or never."
)
_TARGET = field(DURATION, "The customer should have an answer within this time.")
_QUEUE = field(Ref("queue"), "The queue it goes to.")
_COUNTED = field(Ref("hours"), "The hours in which the target counts; always is day and night.")

HOURS = Record(
    "an entry of hours",
    {
        "timezone": field(
            Parsed("a time zone", names.zone, examples=["Europe/Copenhagen"]),
            "Zone of the clock on the wall, such as Europe/Copenhagen.",
            required=True,
        ),
        "open": field(Week(), 'Opening times by weekday, such as {mon-fri: ["08:00-16:00"]}.', required=True),
        "holidays": field(
            Many(Parsed("a country", closures.code, examples=["DK", "DE-BY"])),
            "Public holidays on which it is closed: a country such as DK, a region such as DE-BY, or several.",
        ),
        "closed": field(
            Many(DATES),
            "More dates on which it is closed from midnight to midnight, or ranges of them.",
        ),
        "also_open": field(
            Table("opening time", Windows(), keys=date_key),
            'Opening times on single dates, whatever day or holiday it is: {2026-12-27: "10:00-14:00"}.',
        ),
    },
)

AGENT = Record(
    "an agent",
    {
        "name": field(_NAME, "The name that customers see.", required=True),
        "email": field(
            Parsed("an address", names.email), "Their address; also links the account to sign in with."
        ),
        "phone": field(
            Parsed("a number", names.phone, type=["string", "number"]), "Their number, like +4512345678."
        ),
        "slack": field(_NAME, "Their Slack member id."),
        "queues": field(Many(Ref("queue")), "The queues they take work from."),
        "skills": field(Many(Defined("skill")), "What they are good at; rules may ask for it."),
        "languages": field(Many(LANGUAGE), "Languages they answer in, best first; none given = any."),
        "capacity": field(
            Capacity(), "How many conversations they can hold, in all or by channel; 20 if not said."
        ),
        "hours": field(Ref("hours"), "When they work; always if not said."),
        "leave": field(
            Many(DATES), "Dates on which they are away all day, or ranges of them, both ends included."
        ),
    },
)

QUEUE = Record(
    "a queue",
    {
        "duty": field(
            Many(Ref("agent"), least=1),
            "Who answers for work that nobody has taken yet, first choice first.",
            required=True,
        ),
        "lead": field(Ref("agent"), "Who is alerted when a time is at risk."),
        "hours": field(
            Ref("hours"), "The hours in which targets count here, where neither rule nor channel says."
        ),
        "overflow": field(
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
        "note_useful_for": field(DURATION, "A first note older than this is not sent any more."),
        "allow_tiers": field(
            Many(_NAME), "Only customers of these tiers may use the channel; none given = all."
        ),
        "priority": _PRIORITY,
        "note": _NOTE,
        "promise_level": field(
            share(0.5, 0.995), "The share of promised times that is to be kept; 95% if not said."
        ),
        "warn_at": field(
            share(0.05, 0.98),
            "The owner is warned when so much of the time to the promise has passed; 70% if not said.",
        ),
        "lead_at": field(
            share(0.06, 0.99), "And the lead when so much has passed; later than warn_at, 85% if not said."
        ),
        "follow_up": field(
            FOLLOW_UP, "How long after it was resolved to ask whether it was; never if not said."
        ),
        "customer_links": field(
            Flag(), "False: notes carry no link by which customers can say what suits them."
        ),
    },
)

THEN = Record(
    "a decision",
    {
        "queue": _QUEUE,
        "skills": field(Many(Ref("skill")), "Skills that the agent must have; several rules add up."),
        "language": field(LANGUAGE, "A language that the agent must speak."),
        "priority": _PRIORITY,
        "target": _TARGET,
        "hours": _COUNTED,
        "note": _NOTE,
        "acknowledge": _ACKNOWLEDGE,
        "hold": field(Flag(), "Set it aside for review, without a note."),
        "ask": field(
            Parsed("a fact to ask for", names.name, pattern=names.SCHEMA_NAME, examples=["order", "email"]),
            "The one missing fact that the note asks for: a key of `asks` in the note texts.",
        ),
    },
)

RULE = Record(
    "a rule",
    {
        "name": field(_NAME, "A short sentence by which people know the rule.", required=True),
        "when": field(When(), "What must hold; a rule without it holds for every message."),
        "then": field(THEN, "What is decided.", required=True),
        "continue": field(Flag(), "True: later rules may add what this one leaves open."),
    },
)

MESSAGE = Record(
    "an example message",
    {
        "channel": field(Ref("channel"), "The channel it came by.", required=True),
        "account": field(_LONG, "The account it came to."),
        "text": field(_LONG, "What the customer wrote."),
        "subject": field(_LONG, "The subject line."),
        "sender": field(_LONG, "The sender's address."),
        "sender_name": field(_LONG, "The sender's name."),
        "language": field(LANGUAGE, "Language of the message."),
        "customer": field(
            Table("attribute", _LONG, keys=attribute), "What is known of the customer: {tier: premium}."
        ),
        "attachments": field(Many(_NAME), "Names and content types of attachments."),
        "previous_owner": field(Ref("agent"), "The agent who had this customer last."),
        "unanswered": field(Number(0, 10_000), "Messages since a person last answered, this one included."),
        "reopened": field(Flag(), "The conversation had been resolved before."),
        "promise_broken": field(Flag(), "A promised time passed without an answer."),
        "kind": field(Choice([str(kind) for kind in Kind]), "What the message is."),
        "at": field(
            Parsed("a time", instant, examples=["2026-12-24 10:00"]),
            "When it came, on the clock of the hours that usually apply.",
        ),
    },
)

EXPECT = Record(
    "an expectation",
    {
        "rule": field(Ref("rule", empty=True), 'A rule that must have contributed; "" = none.'),
        "rules": field(Many(Ref("rule")), "All rules that contributed, in order."),
        **THEN.fields,
    },
)

EXAMPLE = Record(
    "an example",
    {
        "message": field(MESSAGE, "A message as it might come in.", required=True),
        "expect": field(EXPECT, "What the rules must make of it.", required=True),
    },
)

FILE = Record(
    "a rules file",
    {
        "version": field(Version(), "Version of this format: 1.", required=True),
        "hours": field(Table("opening time", HOURS, defines="hours"), "Opening hours by name."),
        "agents": field(Table("agent", AGENT, defines="agent"), "The people who answer, by id."),
        "queues": field(Table("queue", QUEUE, defines="queue"), "Where work waits, by name."),
        "channels": field(
            Keyed("channel", CHANNEL, refers="channel", names=names.CHANNELS),
            "What holds for a channel where no rule says otherwise; what is not given is as shipped.",
        ),
        "shipped_rules": field(
            Flag(), "False: leave out the shipped rules on upset customers and sensitive matters."
        ),
        "rules": field(
            Many(RULE, single=False), "What is decided for which messages; the first that matches wins."
        ),
        "examples": field(
            Many(EXAMPLE, single=False, most=2000), "Messages and what the rules must make of them."
        ),
    },
)
