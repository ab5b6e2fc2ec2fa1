"""A store in memory: the first half of `MemoryStore`, what arrives and what is decided."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from channels.message import Message
from channels.port import Clock
from router.conversation import Agent, Conversation, Customer, Event, Item, is_owed, links_of
from router.ports import Change, Commit, Lease, Loaded, Outcome, Record, Stored
from router.stores import follow
from router.stores.limits import HEIRS, NEWEST, NOTES_WINDOW, PER_LINK


class MemoryBase:
    """All state of the memory store."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._messages: dict[str, Stored] = {}
        self._conversations: dict[str, Conversation] = {}
        #: Those that timers, senders or the matcher may want; the rest sleeps.
        self._live: dict[str, Conversation] = {}
        self._references: dict[str, str] = {}
        self._links: dict[str, list[str]] = {}
        self._by_customer: dict[str, set[str]] = {}
        self._archive: dict[str, list[Item]] = {}
        self._customers: dict[str, Customer] = {}
        self._primary: dict[str, str] = {}
        self._identities: dict[str, set[str]] = {}
        self._agents: dict[str, Agent] = {}
        self._notes: dict[str, dict[str, tuple[datetime, bool]]] = {}
        self._leases: dict[str, tuple[Lease, datetime]] = {}
        self._records: dict[tuple[str, str], Record] = {}
        self._log: list[Event] = []

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def now(self) -> datetime:
        """Return the clock's time."""
        return self._clock.now()

    def _holders(self, keys: Iterable[str]) -> dict[str, list[Customer]]:
        rows = (
            (key, self._primary.get(key) == one, self._customers[one])
            for key in keys
            for one in self._identities.get(key, ())
        )
        return follow.now(follow.holders(rows), self._customers)

    def _known_as(self, keys: Iterable[str]) -> dict[str, Customer]:
        return {key: found[0] for key, found in self._holders(keys).items()}


class MemoryIntake(MemoryBase):
    """What arrives: accepted, parked, swept."""

    async def accept(self, messages: Sequence[tuple[Message, datetime]]) -> list[bool]:
        """Insert (message, due_at) pairs under their keys; True for new ones."""
        new = []
        for message, due_at in messages:
            new.append(message.key not in self._messages)
            self._messages.setdefault(message.key, Stored(message=message, due_at=due_at))
        return new

    async def unrouted(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Return (channel, key) of messages in state new, oldest first."""
        found = [
            stored.message
            for stored in self._messages.values()
            if stored.state == "new" and stored.message.received_at < before
        ]
        found.sort(key=lambda message: message.received_at)
        return [(message.channel, message.key) for message in found[:limit]]

    async def park(self, key: str, *, reason: str, at: datetime) -> None:
        """Set a message that is in no conversation aside with the reason."""
        stored = self._messages.get(key)
        if stored is not None and stored.state in {"new", "parked"}:
            attempts = stored.attempts + 1
            self._messages[key] = replace(
                stored, state="parked", reason=reason, parked_at=at, attempts=attempts
            )

    async def parked(self, limit: int) -> list[Stored]:
        """Return parked messages, oldest first."""
        found = [stored for stored in self._messages.values() if stored.state == "parked"]
        return sorted(found, key=lambda stored: (stored.parked_at, stored.message.key))[:limit]

    async def unpark(self, key: str, *, discard: str = "") -> bool:
        """Make a parked message new again, or discard it with the reason."""
        stored = self._messages.get(key)
        if stored is None or stored.state != "parked":
            return False
        if discard:
            self._messages[key] = replace(stored, state="discarded", reason=discard)
        else:
            self._messages[key] = replace(stored, state="new", reason="", parked_at=None)
        return True

    async def message(self, key: str) -> Stored | None:
        """Return one accepted message."""
        return self._messages.get(key)


class MemoryDecide(MemoryBase):
    """What a batch reads and writes."""

    async def load(self, keys: Sequence[str]) -> Loaded:
        """Return everything the batch needs."""
        messages = {key: self._messages[key] for key in keys if key in self._messages}
        asked = {link for stored in messages.values() for link in links_of(stored.message)}
        links = {link: found[:PER_LINK] for link in asked if (found := self._links.get(link))}
        senders = {stored.message.sender.key for stored in messages.values()}
        claimed = {claim.key for stored in messages.values() for claim in stored.message.claims}
        holders = self._holders(senders | claimed)
        customers = {key: found[0] for key, found in holders.items()}
        ids = {stored.conversation for stored in messages.values()}
        ids.update(one for found in links.values() for one in found)
        for each in {one for key in senders & customers.keys() for one in customers[key].ids}:
            ids.update(found.id for found in self._newest(each)[:NEWEST])
        for _ in range(HEIRS):
            ids.update([self._conversations[one].merged_into for one in ids if one in self._conversations])
        return Loaded(
            messages=messages,
            conversations={one: self._conversations[one] for one in ids if one in self._conversations},
            links=links,
            customers=customers,
            holders=holders,
            notes_sent={key: self._notes_sent(key) for key in senders},
            agents=dict(self._agents),
        )

    async def waiting(self, lanes: Sequence[str] | None, limit: int) -> list[Conversation]:
        """Return the `limit` most urgent waiting conversations of each lane."""
        heads: dict[str, list[Conversation]] = {}
        for found in by_urgency(found for found in self._live.values() if found.lane):
            if lanes is None or found.lane in lanes:
                heads.setdefault(found.lane, []).append(found)
        return [found for lane in sorted(heads) for found in heads[lane][:limit]]

    async def commit(self, commit: Commit) -> Outcome:
        """Write agents, then conversations, each by compare-and-set, then what follows from them."""
        agents = [self._write_agent(agent) for agent in commit.agents]
        winners = {agent.id for agent, won in zip(commit.agents, agents, strict=True) if won}
        customers = [self._write_customer(customer) for customer in commit.customers]
        changes = [winners.issuperset(change.needs) and self._write(change) for change in commit.changes]
        self._log.extend(commit.events)
        return Outcome(changes=changes, agents=agents, customers=customers)

    async def repair(self, limit: int) -> int:
        """Return 0: nothing is ever left half done in memory."""
        del limit
        return 0

    def _write_agent(self, agent: Agent) -> bool:
        stored = self._agents.get(agent.id)
        if (stored.version if stored else 0) != agent.version - 1:
            return False
        seen = [at for at in (agent.seen_at, stored.seen_at if stored else None) if at is not None]
        self._agents[agent.id] = replace(agent, seen_at=max(seen, default=None))
        return True

    def _write_customer(self, customer: Customer) -> bool:
        stored = self._customers.get(customer.id)
        if (stored.version if stored else 0) != customer.version - 1:
            return False
        if stored is None and customer.identities:
            first = customer.identities[0].key
            if self._primary.setdefault(first, customer.id) != customer.id:
                return False
        self._customers[customer.id] = customer
        for identity in stored.identities if stored else ():
            self._identities[identity.key].discard(customer.id)
        for identity in customer.identities:
            self._identities.setdefault(identity.key, set()).add(customer.id)
        return True

    def _write(self, change: Change) -> bool:
        new = change.conversation
        old = self._conversations.get(new.id)
        if (old.version if old else 0) != new.version - 1:
            return False
        if self._references.get(new.reference, new.id) != new.id:
            return False
        if any(self._elsewhere(entry.key, new.id) for entry in change.applied):
            return False
        self._keep(new)
        for entry in change.applied:
            stored = self._messages.get(entry.key)
            if stored is not None and not stored.conversation:
                self._messages[entry.key] = replace(
                    stored, state="applied", conversation=new.id, seq=entry.seq, queue=new.queue
                )
        self._archive.setdefault(new.id, []).extend(change.archived)
        self._log.extend(change.events)
        return True

    def _keep(self, new: Conversation) -> None:
        self._conversations[new.id] = new
        self._references[new.reference] = new.id
        self._by_customer.setdefault(new.customer, set()).add(new.id)
        for link in (*new.links, f"ref:{new.reference}"):
            found = self._links.setdefault(link, [])
            if new.id not in found:
                found.append(new.id)
                found.sort(key=lambda one: (self._conversations[one].opened_at, one), reverse=True)
        if is_owed(new) or new.send_at or new.wake_at:
            self._live[new.id] = new
        else:
            self._live.pop(new.id, None)

    def _elsewhere(self, key: str, conversation: str) -> bool:
        stored = self._messages.get(key)
        return stored is not None and stored.conversation not in {"", conversation}

    def _newest(self, customer: str) -> list[Conversation]:
        found = [self._conversations[one] for one in self._by_customer.get(customer, ())]
        return sorted(found, key=lambda found: (found.updated_at, found.id), reverse=True)

    def _notes_sent(self, identity: str) -> int:
        since = self._clock.now() - NOTES_WINDOW
        return sum(1 for at, allowed in self._notes.get(identity, {}).values() if allowed and at > since)


def by_urgency(found: Iterable[Conversation]) -> list[Conversation]:
    """Return them, most urgent first."""
    return sorted(found, key=lambda each: (each.urgency, each.id))
