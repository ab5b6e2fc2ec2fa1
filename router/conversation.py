"""The conversation: its values and the pure steps that lead from one state to the next."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from channels.message import Attachment, Identity, Kind, Message

#: Keys that the document itself remembers; older ones are found through the message store.
KEYS_KEPT = 200
#: Settled outbox items that the document itself remembers; older ones move to the archive.
OUTBOX_KEPT = 50
#: Names by which a conversation can be found (Message-IDs of both sides, threads, tokens).
LINKS_KEPT = 200


class Status(StrEnum):
    """Where a conversation stands."""

    OPEN = "open"  # somebody of ours owes an answer
    PENDING = "pending"  # answered; the customer may write again
    RESOLVED = "resolved"  # done
    SNOOZED = "snoozed"  # set aside until a time
    HELD = "held"  # set aside for review; no notes
    MERGED = "merged"  # lives on in another conversation


class NoteKind(StrEnum):
    """Why a note is sent."""

    FIRST = "first"
    RENEWAL = "renewal"
    INTRODUCTION = "introduction"
    FOLLOWUP = "followup"
    INCIDENT = "incident"


class SendState(StrEnum):
    """How far an outbox item is."""

    PENDING = "pending"  # to be sent
    SENDING = "sending"  # somebody sends it now; after the lease: unknown
    SENT = "sent"  # the provider took it
    RETRY = "retry"  # certainly not sent; again at next_at
    FAILED = "failed"  # the provider refuses it; a person must act
    UNKNOWN = "unknown"  # in doubt; read back or shown, never blindly repeated
    CANCELLED = "cancelled"  # no longer wanted; `reason` says why


#: States in which nothing more happens by itself.
SETTLED = frozenset({SendState.SENT, SendState.FAILED, SendState.CANCELLED})


class PromiseState(StrEnum):
    """How a promise stands or ended."""

    MADE = "made"
    KEPT = "kept"
    RENEWED = "renewed"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


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
    explanation: tuple[str, ...] = ()


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


class Customer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person who writes to us."""

    id: str
    version: int = 0
    name: str = ""
    identities: tuple[Identity, ...] = ()
    #: tier, language, zone, … set by API, import or signed chat identity.
    attributes: dict[str, str] = {}
    #: Who answered them last, for a sticky owner across conversations.
    last_owner: str = ""


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
    #: tone the note was worded in, so that it can be reworded.
    tone: str = "plain"
    #: A copy for another address: not sent once the customer has seen this seq on the channel itself.
    unless_seen: int = 0


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


class Conversation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Messages that belong together; one document, changed only by compare-and-set on `version`."""

    id: str
    #: 0 = not stored yet; every commit adds one.
    version: int = 0
    reference: str
    channel: str
    account: str
    #: "normal", "unreadable" or "machine".
    kind: str = "normal"
    status: Status = Status.OPEN
    opened_at: datetime
    updated_at: datetime
    #: Customer id, and the identity that answers go to.
    customer: str
    contact: Identity
    #: Where a copy of an answer goes when the customer does not see it on the channel in time.
    fallback: Identity | None = None
    #: Everybody who has taken part: keys of identities. Only they may attach by citing.
    participants: tuple[str, ...] = ()
    subject: str = ""
    #: First words of the newest message, for lists.
    snippet: str = ""
    language: str = ""
    zone: str = ""
    queue: str
    skills: tuple[str, ...] = ()
    #: urgent, high, normal or low.
    priority: str = "normal"
    #: Agent ids; "" = nobody yet.
    owner: str = ""
    claim: str = ""
    previous_owner: str = ""
    #: Who answers for it now: the owner, else the duty person.
    accountable: str
    #: When the running wait began, which message began it, and how many came since; None = nobody waits.
    waiting_since: datetime | None = None
    waiting_on: str = ""
    unanswered: int = 0
    due_at: datetime | None = None
    promise: Promise | None = None
    #: Ended promises, newest last, at most 20.
    promises: tuple[Promise, ...] = ()
    decision: Decision | None = None
    #: Why the running wait got no note; "" when it got one.
    no_note: str = ""
    reopened: int = 0
    snoozed_until: datetime | None = None
    merged_into: str = ""
    #: The version at which a message or an answer last came in: whoever answers must have seen it.
    news: int = 0
    #: Last used seq.
    seq: int = 0
    entries: tuple[Entry, ...] = ()
    outbox: tuple[Item, ...] = ()
    links: tuple[str, ...] = ()
    #: Warnings to the accountable person, newest last ("note bounced: …").
    flags: tuple[str, ...] = ()
    #: Provider's thread, for sending.
    thread: str = ""
    #: True once the due time passed unmet in the running wait.
    overdue: bool = False
    #: An answered live conversation keeps its owner until then, if the customer stays silent.
    idle_until: datetime | None = None

    # derived, kept in the document so that stores can index them (see `indexed`)
    #: Waiting for an owner in this lane; "" when owned or not open.
    lane: str = ""
    #: Sorts waiting and owned work: the smaller the more urgent.
    urgency: float = 0.0
    #: When the outbox next needs a sender; None = nothing to do.
    send_at: datetime | None = None
    #: When a timer next has to look; None = never.
    wake_at: datetime | None = None


#: Order of the priorities; anything more urgent comes before anything less urgent.
PRIORITY_RANK = {"urgent": 0, "high": 1, "normal": 2, "low": 3}


def urgency(conversation: Conversation) -> float:
    """Return the sort key: priority first, then due time."""
    rank = PRIORITY_RANK.get(conversation.priority, 2)
    due = conversation.due_at or conversation.updated_at
    return rank * 1e11 + due.timestamp()


def lane(conversation: Conversation) -> str:
    """Return the waiting line: all in one lane need the same of an agent.

    Form: `queue|channel|language|skill,skill`. Empty when nobody has to be found.
    """
    if conversation.status is not Status.OPEN or conversation.owner:
        return ""
    return lane_name(conversation.queue, conversation.channel, conversation.language, conversation.skills)


def lane_name(queue: str, channel: str, language: str, skills: tuple[str, ...]) -> str:
    """Return the lane for these needs."""
    return f"{queue}|{channel}|{language}|{','.join(sorted(skills))}"


def indexed(conversation: Conversation) -> Conversation:
    """Return it with the derived fields set; every step ends with this."""
    sends = (item.next_at for item in conversation.outbox if item.next_at is not None)
    return msgspec.structs.replace(
        conversation,
        lane=lane(conversation),
        urgency=urgency(conversation),
        send_at=min(sends, default=None),
        wake_at=min(wakes(conversation), default=None),
    )


def wakes(conversation: Conversation) -> list[datetime]:
    """Return the instants at which a timer has something to do."""
    found = []
    if conversation.promise is not None and conversation.promise.state is PromiseState.MADE:
        found.append(conversation.promise.at)
    if conversation.due_at is not None and not conversation.overdue and conversation.status is Status.OPEN:
        found.append(conversation.due_at)
    if conversation.snoozed_until is not None and conversation.status is Status.SNOOZED:
        found.append(conversation.snoozed_until)
    if conversation.idle_until is not None and conversation.status is Status.PENDING and conversation.owner:
        found.append(conversation.idle_until)
    return found


def note_id(conversation: str, trigger: str, kind: NoteKind) -> str:
    """Return the id of the one note that this trigger may cause: hash(conversation, trigger, kind)."""
    return "n_" + hashlib.sha256(f"{conversation}\n{trigger}\n{kind}".encode()).hexdigest()[:24]


def links_of(message: Message) -> tuple[str, ...]:
    """Return the names under which the conversation of this message may be stored.

    `thread:` names are trusted (only members can write there); `mid:` names are citations.
    """
    found = []
    if message.thread:
        found.append(thread_link(message.channel, message.account, message.thread))
    found += [f"mid:{cited}" for cited in reversed(message.references[-10:])]
    if message.about:
        found.append(f"mid:{message.about}")
    if message.token:
        found.append(f"ref:{reference_in(message.token)}")
    if message.fingerprint:
        found.append(f"fp:{message.fingerprint}")
    return tuple(dict.fromkeys(found))


def reference_in(token: str) -> str:
    """Return the reference that a reply token names, its signature not looked at: `hb7k2q9-…` → `HB-7K2Q9`."""
    name = token.partition("-")[0].upper()
    return f"{name[:2]}-{name[2:]}"


def thread_link(channel: str, account: str, thread: str) -> str:
    """Return the link of a provider's thread."""
    return f"thread:{channel}:{account}:{thread}"
