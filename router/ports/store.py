"""The store: the truth, as domain verbs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from channels.message import Message
from router.conversation import Agent, Conversation, Customer, Event, Item
from router.ports.values import Commit, Lease, Load, Loaded, Outcome, PromiseFigure, QueueStat, Record, Stored


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
        """Return open and held work without owner for which the agent is accountable, most urgent first."""
        ...

    async def listed(self, *, status: str, queue: str, limit: int, after: str) -> list[Conversation]:
        """Return a page by urgency; "" = any queue; `after` = id of the last one of the page before."""
        ...

    async def search(self, text: str, limit: int) -> list[Conversation]:
        """Return conversations whose messages or answers contain the words, newest first."""
        ...

    async def of_customer(self, customer: str, limit: int) -> list[Conversation]:
        """Return the conversations of the person who this customer is now, under all identities, newest first."""
        ...

    async def customer(self, id: str) -> Customer | None:
        """Return the person who this customer is now: whoever it was joined into, else itself."""
        ...

    async def customers(self, ids: Sequence[str]) -> dict[str, Customer]:
        """Return the records with these ids as they are stored; unknown ids are absent."""
        ...

    async def customers_of(self, identities: Sequence[str]) -> dict[str, Customer]:
        """Return by identity key who came with it first, as who they are now; strangers are absent."""
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

    async def backlog(self) -> list[Load]:
        """Return the work to be done now, counted by what it needs, who has it and how urgent it is.

        That is what is open and waits, without those who want to be reached later; in no order.
        """
        ...

    async def promise_figures(self, since: datetime, until: datetime) -> list[PromiseFigure]:
        """Return how promises were made and ended in the span, by queue and channel."""
        ...

    async def happened(self, kind: str, *, since: datetime, until: datetime, limit: int) -> list[Event]:
        """Return the log lines of a counted kind (see `stores.stats.COUNTED`) in the span, newest first."""
        ...

    async def audit_messages(self, after: str, limit: int) -> list[Stored]:
        """Return accepted messages by key, for a full walk."""
        ...

    async def audit_conversations(self, after: str, limit: int) -> list[Conversation]:
        """Return conversations by id, for a full walk."""
        ...
