"""What a conversation is made of, and the agents around it."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from channels.message import Attachment, Identity, Kind
from router.conversation.states import NoteKind, PromiseState, SendState


class QuoteParts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures that a promised time was made of; seconds are open seconds unless said otherwise."""

    #: Work ahead of it, and how many open conversations that is.
    work_s: float = 0.0
    items: float = 0.0
    #: People who are or will be on for it, on average while it drains.
    people: float = 0.0
    #: Time to drain the work ahead, as corrected by so much, and to handle this one.
    drain_s: float = 0.0
    correction: float = 1.0
    handle_s: float = 0.0
    #: What is expected, its spread, and how many spreads were added for the level wanted (0.95 = 95 %).
    mean_s: float = 0.0
    spread_s: float = 0.0
    z: float = 0.0
    level: float = 0.95
    #: Seconds of the wall clock by which the time was rounded, or held back.
    rounding_s: float = 0.0
    #: To what it was held back where it was reckoned earlier: "target" as little was known, "wanted" as it was
    #: not wanted, or nobody is there, before; "" = it was not.
    held: str = ""
    #: It came while nobody was on.
    closed: bool = False
    #: Ids of those who could answer it: the open seconds are those in which one of them at least is on.
    staff: tuple[str, ...] = ()
    #: Until when some of them had said that they are away.
    away: dict[str, datetime] = {}


class Promise(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The time X that a note names."""

    #: X, a time people say.
    at: datetime
    made_at: datetime
    #: The id of the person in whose name it was made, and whether they own the work.
    by: str
    owner: bool
    state: PromiseState = PromiseState.MADE
    ended_at: datetime | None = None
    #: True when X lies after the due time: at risk from birth.
    late: bool = False
    #: True when it came with a merged conversation, where the note that told it stands.
    carried: bool = False
    #: True when the customer chose it on the page that a note's link opens, which shows it: no note tells it.
    shown: bool = False
    #: How often the running wait was promised another time before this one.
    renewals: int = 0
    #: When the owner, then the lead, is warned, and when it is looked at whether the customer must be told.
    warn_at: datetime | None = None
    lead_at: datetime | None = None
    renew_at: datetime | None = None
    #: Who had been warned of it when another took its place: "", owner, lead or renew.
    warned: str = ""
    #: Why it ended as it did, where that is known; one of `router.kept.figures`' reasons or a sentence.
    reason: str = ""
    #: The figures it was made of; None where only the target was known.
    parts: QuoteParts | None = None
    #: How X came about, one sentence a step.
    explanation: tuple[str, ...] = ()


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the rules said about a message, and why."""

    at: datetime
    #: Key of the message that was decided.
    trigger: str
    #: Content hash of the rules.
    version: str
    #: Name of the deciding rule; "" when only the channel's defaults applied.
    rule: str = ""
    #: Names of all rules that contributed, in order.
    rules: tuple[str, ...] = ()
    queue: str
    skills: tuple[str, ...] = ()
    priority: str = "normal"
    #: Seconds.
    target_s: float
    #: Name of the hours in which the target counts.
    hours: str = "always"
    #: plain, sober or none.
    tone: str = "plain"
    #: when_waiting, always or never.
    acknowledge: str = "when_waiting"
    hold: bool = False
    #: The fact that the note asks for: a key of the wording's `asks`; "" = none.
    ask: str = ""
    explanation: tuple[str, ...] = ()


class Prepared(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words that software may not send: laid before a person, who sends them, changes them or writes better ones."""

    kind: NoteKind
    at: datetime
    text: str
    language: str = "en"
    #: The time that the words promise.
    promise_at: datetime
    #: Why no software may send them, and to whom they are laid out (an agent's id).
    reason: str
    by: str
    #: Why the time said before will not be kept: one of `Why`.
    why: str = ""
    #: When software may say it after all, if nobody has: in the customer's morning; None = it may not.
    say_at: datetime | None = None


class Before(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a wait stood before the customer's wish, so that they can change their mind."""

    waiting_since: datetime
    waiting_on: str
    unanswered: int = 1
    due_at: datetime | None = None
    priority: str = "normal"
    #: The time that was promised then; None when no promise ran.
    promised_at: datetime | None = None
    misses: int = 0
    neglect_at: datetime | None = None


class Wish(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the customer said by a tap on the note's link."""

    #: later, urgent, picked or solved; undone when they changed their mind.
    kind: str
    at: datetime
    #: By when they want the answer, where they said so.
    wanted_at: datetime | None = None
    before: Before | None = None
    #: They said in this wait that it is urgent: that counts once.
    raised: bool = False
    #: How often they have said something in this wait.
    times: int = 1


class Claim(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of an agent's capacity, taken for a conversation."""

    id: str
    conversation: str
    channel: str
    at: datetime


class Agent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the store knows of an agent at work; who they are stands in the rules."""

    id: str
    version: int = 0
    claims: tuple[Claim, ...] = ()
    #: Last heartbeat of an open desk.
    seen_at: datetime | None = None
    #: What they said themselves: "here", "away" or "" (let shift and heartbeat tell), and until when.
    said: str = ""
    said_until: datetime | None = None
    #: When they last got or finished work: the longest idle gets the next.
    idle_since: datetime | None = None


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something we say to the customer, on its way or gone: one outbox entry."""

    #: note_id or reply id: the idempotency key down to the provider.
    id: str
    seq: int
    at: datetime
    state: SendState = SendState.PENDING
    #: The kind of note; None for what a person wrote.
    note: NoteKind | None = None
    #: Key of the message that caused a note.
    trigger: str = ""
    #: Agent id and the display name used.
    author: str
    author_name: str
    text: str
    subject: str = ""
    language: str = "en"
    to: Identity
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    #: When to try (again), or when the lease of `sending` ends; None once settled or unknown and shown.
    next_at: datetime | None = None
    #: Nothing older than this is sent (notes).
    useful_until: datetime | None = None
    attempts: int = 0
    #: Fence: who is sending it.
    sender: str = ""
    #: The provider's name for it.
    message_id: str = ""
    sent_at: datetime | None = None
    #: Why it was cancelled, failed or is unknown.
    reason: str = ""
    #: tone the note was worded in, and its number among those of its text, so that it can be reworded.
    tone: str = "plain"
    turn: int | None = None
    #: A person's word in between: it says another time, and answers nothing.
    update: bool = False
    #: A copy for another address: not sent once the customer has seen this seq on the channel itself.
    unless_seen: int = 0

    @property
    def answers(self) -> bool:
        """Tell whether it is a person's answer: no note, no word about the time, no copy for another address."""
        return self.note is None and not self.update and not self.unless_seen


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True, array_like=True):
    """One message of the conversation, as the document remembers it."""

    key: str
    seq: int
    at: datetime
    kind: Kind = Kind.CUSTOMER


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the append-only log: accepted, decided, claimed, presence, answered and so on."""

    at: datetime
    kind: str
    #: Conversation id; "" for what concerns an agent or the service.
    conversation: str = ""
    channel: str = ""
    queue: str = ""
    #: Agent id of whoever did it or whom it concerns; "" for the router.
    agent: str = ""
    #: Message key, item id or the like.
    subject: str = ""
    data: dict[str, Any] = {}
