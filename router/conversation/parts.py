"""What a conversation is made of, and the agents around it."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from channels.message import Attachment, Identity, Kind
from router.conversation.states import NoteKind, PromiseState, SendState


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
