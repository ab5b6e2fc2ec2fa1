"""What the router needs of its parts: broker, store, events, ids. Clock and Blobs stand in `channels.port`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from channels.message import Message
from channels.port import Blobs, Clock
from router.conversation import Agent, Conversation, Customer, Entry, Event, Item

__all__ = ["Blobs", "Broker", "Clock", "Events", "Ids", "Store", "Vault"]


class Ids(Protocol):
    """Where new identifiers come from."""

    def new(self, prefix: str) -> str:
        """Return a fresh unguessable id, such as `cv_3f…` for the prefix `cv`."""
        ...

    def reference(self) -> str:
        """Return a fresh reference for people: `HB-` and five or more of the 32 unambiguous characters."""
        ...


# --- broker -----------------------------------------------------------------------------------


class Delivery(Struct, frozen=True, kw_only=True):
    """One ring of the doorbell: a message key in a queue. It may come twice."""

    queue: str
    key: str
    #: How many times it was handed out before; 0 the first time.
    attempts: int
    #: The broker's own handle for ack, retry and park.
    tag: Any
    #: For deliveries of the queue `parked`: why they are there.
    reason: str = ""


class Depth(Struct, frozen=True, kw_only=True):
    """How full a queue of the broker is."""

    ready: int
    in_flight: int
    #: Seconds since the oldest ready one was published; None when nothing waits or it cannot be told.
    oldest_age_s: float | None = None


class Broker(Protocol):
    """Hands out the work; the store is the truth, so a lost or repeated ring does no harm."""

    async def open(self, queues: Sequence[str]) -> None:
        """Connect, declare, and prove with a canary that each queue works. Raises BrokerDown."""
        ...

    async def close(self) -> None:
        """Stop handing out, wait for what is in flight (up to 20 s), then disconnect."""
        ...

    async def publish(self, rings: Sequence[tuple[str, str]]) -> None:
        """Publish (queue, key) pairs durably, all in one trip.

        Returns once all are confirmed. Raises BrokerDown (none or some were published) or
        PublishUnknown; publishing again with the same key is always safe.
        """
        ...

    async def take(self, queue: str, *, limit: int, wait_s: float, gather_s: float) -> list[Delivery]:
        """Wait up to `wait_s` for a first delivery, then gather up to `limit` or for `gather_s` seconds.

        Returns an empty list when nothing came. What is taken stays invisible to others until
        ack, retry or park, or until this process is gone.
        """
        ...

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Done. Never raises for a lost connection: the delivery will come again, which is harmless."""
        ...

    async def retry(self, deliveries: Sequence[Delivery], *, delay_s: float) -> None:
        """Hand them out again after about `delay_s`, with `attempts` one higher."""
        ...

    async def park(self, deliveries: Sequence[Delivery], *, reason: str) -> None:
        """Move them to the queue `parked`. A delivery handed out too often is parked by the broker itself."""
        ...

    async def depth(self, queue: str) -> Depth:
        """Return how full a queue is (also `parked`)."""
        ...

    def trouble(self) -> str:
        """Return what is wrong with the connection now; "" when all is well."""
        ...


class Vault(Blobs, Protocol):
    """Blobs that are opened and closed; channels and the desk see only `Blobs`."""

    async def open(self) -> None:
        """Connect. Raises StoreDown."""
        ...

    async def close(self) -> None:
        """Finish what was asked, then disconnect."""
        ...


# --- events -----------------------------------------------------------------------------------


class Hint(Struct, frozen=True, kw_only=True):
    """Something changed; read the store to see what. Losing one costs a poll interval."""

    #: conversation, agent, outbox, rules or settings.
    kind: str
    id: str
    version: int = 0


class Events(Protocol):
    """A fan-out of hints between all processes."""

    async def open(self) -> None:
        """Start; a part that is missing is tried again in the background."""
        ...

    async def close(self) -> None:
        """Stop."""
        ...

    def publish(self, hints: Sequence[Hint]) -> None:
        """Send the hints soon; never blocks, never raises."""
        ...

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[Hint]]:
        """Receive the hints of all processes, this one's included; a slow reader loses the oldest."""
        ...


# --- store ------------------------------------------------------------------------------------


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
    #: Customers by identity key.
    customers: Mapping[str, Customer]
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
    #: New customers (version 1) and changed ones; a lost one is dropped silently, the next message mends it.
    customers: Sequence[Customer] = ()
    #: Log lines that belong to no conversation.
    events: Sequence[Event] = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """Which parts of a commit won, in the order given."""

    changes: Sequence[bool]
    agents: Sequence[bool]


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
    #: Open conversations without an owner, and with one.
    waiting: int
    assigned: int
    #: Arrival of the oldest waiting one; due time of the most urgent open one.
    oldest_at: datetime | None
    next_due_at: datetime | None
    #: Open and past due; open and due within the horizon asked for.
    overdue: int
    at_risk: int
    #: Messages arrived, and conversations answered, since the instant asked for.
    arrived: int
    handled: int
    parked: int


class Store(Protocol):
    """The truth. Every verb is one trip; a verb that returned has its effect on disk."""

    async def open(self) -> None:
        """Connect and bring the schema up to date. Raises StoreDown."""
        ...

    async def close(self) -> None:
        """Finish what was asked, then disconnect."""
        ...

    async def now(self) -> datetime:
        """Return the store's own time, for skew checks and leases."""
        ...

    # accept

    async def accept(self, messages: Sequence[tuple[Message, datetime]]) -> list[bool]:
        """Insert (message, due_at) pairs under their keys; True for new ones. Raises StoreDown, StoreFull."""
        ...

    async def unrouted(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Return (channel, key) of messages in state new, accepted before the instant, oldest first."""
        ...

    async def park(self, key: str, *, reason: str, at: datetime) -> None:
        """Set an accepted message aside with the reason; adds one to its attempts."""
        ...

    async def parked(self, limit: int) -> list[Stored]:
        """Return parked messages, oldest first."""
        ...

    async def unpark(self, key: str, *, discard: str = "") -> bool:
        """Make a parked message new again, or discard it with the reason; False when it was not parked."""
        ...

    async def message(self, key: str) -> Stored | None:
        """Return one accepted message."""
        ...

    # decide

    async def load(self, keys: Sequence[str]) -> Loaded:
        """Return everything the batch needs: messages, what they may attach to, customers, agents."""
        ...

    async def waiting(self, lanes: Sequence[str] | None, limit: int) -> list[Conversation]:
        """Return the `limit` most urgent waiting conversations of each lane (None: of every lane)."""
        ...

    async def commit(self, commit: Commit) -> Outcome:
        """Write agents, then conversations, each by compare-and-set, then what follows from them."""
        ...

    async def repair(self, limit: int) -> int:
        """Finish what a crash between two writes of one commit left undone; returns how many."""
        ...

    # read

    async def conversation(self, id: str) -> Conversation | None:
        """Return one conversation."""
        ...

    async def conversations(self, ids: Sequence[str]) -> list[Conversation]:
        """Return those that exist, in the order asked for."""
        ...

    async def by_link(self, link: str) -> Conversation | None:
        """Return the newest conversation with this link (`thread:…`, `mid:…`, `ref:HB-…`)."""
        ...

    async def transcript(self, conversation: str, *, after: int, limit: int) -> list[Stored | Item]:
        """Return messages and outbox items with seq above `after`, in order of seq, archive included."""
        ...

    async def mine(self, agent: str, limit: int) -> list[Conversation]:
        """Return open work owned by the agent, most urgent first."""
        ...

    async def watched(self, agent: str, limit: int) -> list[Conversation]:
        """Return open work without owner for which the agent is accountable, most urgent first."""
        ...

    async def listed(self, *, status: str, queue: str, limit: int, after: str) -> list[Conversation]:
        """Return a page by urgency; "" = any queue; `after` = id of the last one of the page before."""
        ...

    async def search(self, text: str, limit: int) -> list[Conversation]:
        """Return conversations whose messages or answers contain the words, newest first."""
        ...

    async def of_customer(self, customer: str, limit: int) -> list[Conversation]:
        """Return the customer's conversations, newest first."""
        ...

    async def customer(self, id: str) -> Customer | None:
        """Return one customer."""
        ...

    async def recent_items(self, limit: int) -> list[tuple[str, Item]]:
        """Return (conversation id, item) of what was sent last, newest first, for `/outbox`."""
        ...

    # send and wake

    async def to_send(self, now: datetime, limit: int) -> list[Conversation]:
        """Return conversations whose `send_at` has come, earliest first."""
        ...

    async def allow_notes(
        self, notes: Sequence[tuple[str, str]], *, at: datetime, most: int, window_s: float
    ) -> list[bool]:
        """Reserve (identity key, note id) pairs: at most `most` per identity in the window.

        Atomic over the fleet; asking again for the same note id gives the same answer.
        """
        ...

    async def to_wake(self, now: datetime, limit: int) -> list[Conversation]:
        """Return conversations whose `wake_at` has come, earliest first."""
        ...

    # agents

    async def agents(self) -> dict[str, Agent]:
        """Return all agents by id."""
        ...

    async def touch(self, agent: str, at: datetime) -> None:
        """Note a heartbeat of the agent's desk; does not change the agent's version."""
        ...

    # leases, records, log

    async def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take or extend a lease, by the store's time; None while somebody else holds it."""
        ...

    async def save_lease(self, lease: Lease, value: str, seconds: float) -> bool:
        """Keep the value and extend; False when the fence is no longer the newest."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give the lease back at once; the value stays."""
        ...

    async def record(self, kind: str, id: str) -> Record | None:
        """Return a record that has not expired."""
        ...

    async def records(self, kind: str, limit: int) -> list[Record]:
        """Return the records of a kind that have not expired, by id."""
        ...

    async def put_record(self, record: Record) -> bool:
        """Write it if the stored version is one less (version 1 = must be new); False when it is not."""
        ...

    async def drop_record(self, kind: str, id: str) -> None:
        """Delete a record if it exists."""
        ...

    async def log(self, *, after: int, limit: int) -> list[tuple[int, Event]]:
        """Return numbered log lines above `after`, in order."""
        ...

    async def append(self, events: Sequence[Event]) -> None:
        """Add lines to the log that belong to no commit."""
        ...

    # health and audit

    async def queue_stats(self, *, now: datetime, since: datetime, risk_s: float) -> list[QueueStat]:
        """Return the standing of every queue and channel that has work, arrivals or parked messages."""
        ...

    async def promise_stats(self, since: datetime) -> dict[str, int]:
        """Return how many promises were made, kept, renewed, broken and withdrawn since then."""
        ...

    async def audit_messages(self, after: str, limit: int) -> list[Stored]:
        """Return accepted messages by key, for a full walk."""
        ...

    async def audit_conversations(self, after: str, limit: int) -> list[Conversation]:
        """Return conversations by id, for a full walk."""
        ...
