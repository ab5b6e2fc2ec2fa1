"""What is exchanged with the store."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from channels.message import Message
from router.conversation import Agent, Conversation, Customer, Entry, Event, Item
from router.conversation.load import Load as Load  # noqa: PLC0414  # the store counts it


class Stored(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An accepted message as the store keeps it."""

    message: Message
    #: new, applied, parked or discarded.
    state: str = "new"
    #: The conversation it is in, and its seq there, once applied.
    conversation: str = ""
    seq: int = 0
    #: From the first moment on it has a queue and a due time.
    queue: str = "triage"
    due_at: datetime
    #: Why it is parked, when, and how often it was tried.
    reason: str = ""
    parked_at: datetime | None = None
    attempts: int = 0


class Loaded(Struct, frozen=True, kw_only=True):
    """All that a batch of deliveries needs, read in one trip."""

    #: Accepted messages by key; a key the store does not know is absent.
    messages: Mapping[str, Stored]
    #: Conversations by id: those that have a key or a link of the batch, or its senders' newest ones.
    conversations: Mapping[str, Conversation]
    #: Ids of conversations by link (see `conversation.links_of`), newest first.
    links: Mapping[str, Sequence[str]]
    #: Customers by identity key, as who they are now.
    customers: Mapping[str, Customer]
    #: Everybody with an identity key, whoever came with it first before the others.
    holders: Mapping[str, Sequence[Customer]] = {}
    #: How many automatic notes each identity key got in the last 24 h.
    notes_sent: Mapping[str, int]
    #: All agents by id.
    agents: Mapping[str, Agent]


class Change(Struct, frozen=True, kw_only=True):
    """One conversation's new state; written only if the stored version is one less."""

    conversation: Conversation
    #: Messages that this change applies (a subset of conversation.entries).
    applied: Sequence[Entry] = ()
    #: For the append-only log.
    events: Sequence[Event] = ()
    #: Settled items that leave the document; see OUTBOX_KEPT.
    archived: Sequence[Item] = ()
    #: Agents whose update in the same commit must have won, else this change is lost too.
    needs: Sequence[str] = ()


class Commit(Struct, frozen=True, kw_only=True):
    """What one batch writes."""

    changes: Sequence[Change] = ()
    #: Agents with new claims; written only if the stored version is one less (0 = not stored yet).
    agents: Sequence[Agent] = ()
    #: New customers (version 1) and changed ones; a router drops a lost one, the next message mends it.
    customers: Sequence[Customer] = ()
    #: Log lines that belong to no conversation.
    events: Sequence[Event] = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """Which parts of a commit won, in the order given."""

    changes: Sequence[bool]
    agents: Sequence[bool]
    customers: Sequence[bool] = ()


class Lease(Struct, frozen=True, kw_only=True):
    """A fenced lease with a small value: a poller's cursor, the timer role."""

    name: str
    holder: str
    #: Grows with each new holder; a save with an older fence is refused.
    fence: int
    value: str


class Record(Struct, frozen=True, kw_only=True):
    """A small administrative document: user, session, published rules, switch."""

    kind: str
    id: str
    value: dict[str, Any]
    version: int
    expires_at: datetime | None = None


class QueueStat(Struct, frozen=True, kw_only=True):
    """How one queue stands on one channel."""

    queue: str
    channel: str
    #: Open and held conversations without an owner, and with one.
    waiting: int
    assigned: int
    #: Arrival of the oldest waiting one; the next due time of what is open or held.
    oldest_at: datetime | None
    next_due_at: datetime | None
    #: Past due, answers on their way that did not leave included; open or held and due within the horizon.
    overdue: int
    at_risk: int
    #: Messages arrived, and conversations answered, since the instant asked for.
    arrived: int
    handled: int
    parked: int


class PromiseFigure(Struct, frozen=True, kw_only=True):
    """How the promises of one queue on one channel were made and ended in a span of time."""

    queue: str
    channel: str
    made: int = 0
    kept: int = 0
    renewed: int = 0
    broken: int = 0
    withdrawn: int = 0
