"""A store in memory: the second half of `MemoryStore`, what is read, sent and kept."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from router.conversation import Agent, Conversation, Customer, Event, Item, Status
from router.ports import Lease, Record, Stored
from router.stores import follow
from router.stores.merge import newest
from router.stores.words import asked, matches, words_of, words_said
from router.testing.counts import MemoryHealth
from router.testing.memory import MemoryBase, MemoryDecide, MemoryIntake, by_urgency


class MemoryRead(MemoryBase):
    """What people and senders look at."""

    async def conversation(self, id: str) -> Conversation | None:
        """Return one conversation."""
        return self._conversations.get(id)

    async def conversations(self, ids: Sequence[str]) -> list[Conversation]:
        """Return those that exist, in the order asked for."""
        return [self._conversations[one] for one in ids if one in self._conversations]

    async def by_link(self, link: str) -> Conversation | None:
        """Return the newest conversation with this link."""
        found = self._links.get(link)
        return self._conversations[found[0]] if found else None

    async def transcript(self, conversation: str, *, after: int, limit: int) -> list[Stored | Item]:
        """Return messages and outbox items with seq above `after`, in order."""
        found = self._conversations.get(conversation)
        items = {item.id: item for item in self._archive.get(conversation, [])}
        items.update({item.id: item for item in found.outbox} if found else {})
        lines: list[Stored | Item] = [
            stored for stored in self._messages.values() if stored.conversation == conversation
        ]
        lines += items.values()
        return sorted((line for line in lines if line.seq > after), key=lambda line: line.seq)[:limit]

    async def mine(self, agent: str, limit: int) -> list[Conversation]:
        """Return open work owned by the agent, most urgent first."""
        return by_urgency(found for found in self._open() if found.owner == agent)[:limit]

    async def watched(self, agent: str, limit: int) -> list[Conversation]:
        """Return open and held work without owner for which the agent is accountable."""
        work = (each for each in self._live.values() if each.status in {Status.OPEN, Status.HELD})
        return by_urgency(each for each in work if not each.owner and each.accountable == agent)[:limit]

    async def listed(self, *, status: str, queue: str, limit: int, after: str) -> list[Conversation]:
        """Return a page by urgency."""
        last = self._conversations.get(after)
        start = (last.urgency, last.id) if last else (float("-inf"), "")
        found = by_urgency(
            each
            for each in self._conversations.values()
            if each.status == status and queue in {"", each.queue} and (each.urgency, each.id) > start
        )
        return found[:limit]

    async def search(self, text: str, limit: int) -> list[Conversation]:
        """Return conversations whose messages or answers contain the words, newest first."""
        wanted = asked(text)
        if not wanted:
            return []
        ids = {
            stored.conversation
            for stored in self._messages.values()
            if stored.conversation and matches(words_of(stored.message), wanted)
        }
        for found in self._conversations.values():
            said = [*found.outbox, *self._archive.get(found.id, [])]
            if any(matches(words_said([item]), wanted) for item in said):
                ids.add(found.id)
        hits = [self._conversations[one] for one in ids]
        return sorted(hits, key=lambda each: (each.updated_at, each.id), reverse=True)[:limit]

    async def of_customer(self, customer: str, limit: int) -> list[Conversation]:
        """Return the conversations of the person who this customer is now, newest first."""
        known = await self.customer(customer)
        ids = (customer,) if known is None else known.ids
        found = [self._conversations[one] for each in ids for one in self._by_customer.get(each, ())]
        return newest(found, limit)

    async def customer(self, id: str) -> Customer | None:
        """Return the person who this customer is now."""
        return follow.present(self._customers, id) if id in self._customers else None

    async def customers(self, ids: Sequence[str]) -> dict[str, Customer]:
        """Return the records with these ids as they are stored."""
        return {one: self._customers[one] for one in ids if one in self._customers}

    async def customers_of(self, identities: Sequence[str]) -> dict[str, Customer]:
        """Return by identity key who came with it first, as who they are now."""
        return self._known_as(identities)

    async def recent_items(self, limit: int) -> list[tuple[str, Item]]:
        """Return (conversation id, item) of what was sent last, newest first."""
        found = {
            (one, item.id): item
            for one, each in self._conversations.items()
            for item in [*self._archive.get(one, []), *each.outbox]
            if item.sent_at is not None
        }
        newest = sorted(found.items(), key=lambda pair: (pair[1].sent_at, pair[1].id), reverse=True)
        return [(one, item) for (one, _), item in newest[:limit]]

    async def to_send(self, now: datetime, limit: int) -> list[Conversation]:
        """Return conversations whose `send_at` has come, earliest first."""
        due = [(f.send_at, f.id, f) for f in self._live.values() if f.send_at and f.send_at <= now]
        return [found for _, _, found in sorted(due)[:limit]]

    async def to_wake(self, now: datetime, limit: int) -> list[Conversation]:
        """Return conversations whose `wake_at` has come, earliest first."""
        due = [(f.wake_at, f.id, f) for f in self._live.values() if f.wake_at and f.wake_at <= now]
        return [found for _, _, found in sorted(due)[:limit]]

    def _open(self) -> list[Conversation]:
        return [found for found in self._live.values() if found.status is Status.OPEN]


class MemoryKeep(MemoryBase):
    """Agents, notes, leases, records and the log."""

    async def allow_notes(
        self, notes: Sequence[tuple[str, str]], *, at: datetime, most: int, window_s: float
    ) -> list[bool]:
        """Reserve (identity key, note id) pairs: at most `most` per identity in the window."""
        since = at - timedelta(seconds=window_s)
        answers = []
        for identity, note in notes:
            known = self._notes.setdefault(identity, {})
            if note not in known:
                sent = sum(1 for when, allowed in known.values() if allowed and when > since)
                known[note] = (at, sent < most)
            answers.append(known[note][1])
        return answers

    async def agents(self) -> dict[str, Agent]:
        """Return all agents by id."""
        return dict(self._agents)

    async def touch(self, agent: str, at: datetime) -> None:
        """Note a heartbeat of the agent's desk."""
        known = self._agents.get(agent, Agent(id=agent))
        self._agents[agent] = replace(known, seen_at=max(known.seen_at or at, at))

    async def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take or extend a lease; None while somebody else holds it."""
        now = self._clock.now()
        held, until = self._leases.get(name, (Lease(name=name, holder="", fence=0, value=""), now))
        if held.holder != holder and until > now:
            return None
        if held.holder != holder:
            held = replace(held, holder=holder, fence=held.fence + 1)
        self._leases[name] = (held, now + timedelta(seconds=seconds))
        return held

    async def save_lease(self, lease: Lease, value: str, seconds: float) -> bool:
        """Keep the value and extend; False when the fence is no longer the newest."""
        held, _ = self._leases.get(lease.name, (None, None))
        if held is None or (held.fence, held.holder) != (lease.fence, lease.holder):
            return False
        until = self._clock.now() + timedelta(seconds=seconds)
        self._leases[lease.name] = (replace(held, value=value), until)
        return True

    async def release(self, lease: Lease) -> None:
        """Give the lease back at once; the value stays."""
        held, _ = self._leases.get(lease.name, (None, None))
        if held is not None and (held.fence, held.holder) == (lease.fence, lease.holder):
            self._leases[lease.name] = (replace(held, holder=""), self._clock.now())

    async def record(self, kind: str, id: str) -> Record | None:
        """Return a record that has not expired."""
        found = self._records.get((kind, id))
        return found if found and self._alive(found) else None

    async def records(self, kind: str, limit: int) -> list[Record]:
        """Return the records of a kind that have not expired, by id."""
        found = [found for key, found in sorted(self._records.items()) if key[0] == kind]
        return [each for each in found if self._alive(each)][:limit]

    async def put_record(self, record: Record) -> bool:
        """Write it if the stored version is one less (version 1 = must be new)."""
        found = await self.record(record.kind, record.id)
        if (found.version if found else 0) != record.version - 1:
            return False
        self._records[record.kind, record.id] = record
        return True

    async def drop_record(self, kind: str, id: str) -> None:
        """Delete a record if it exists."""
        self._records.pop((kind, id), None)

    async def log(self, *, after: int, limit: int) -> list[tuple[int, Event]]:
        """Return numbered log lines above `after`, in order."""
        return list(enumerate(self._log[after : after + limit], start=after + 1))

    async def append(self, events: Sequence[Event]) -> None:
        """Add lines to the log that belong to no commit."""
        self._log.extend(events)

    def _alive(self, record: Record) -> bool:
        return record.expires_at is None or record.expires_at > self._clock.now()


class MemoryStore(MemoryIntake, MemoryDecide, MemoryRead, MemoryKeep, MemoryHealth):
    """A complete store that lives and dies with its process."""


class MemoryBlobs:
    """Blobs in a dictionary."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}
        #: Set to let every further put fail with it.
        self.refuse: Exception | None = None

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def put(self, data: bytes) -> str:
        """Keep the bytes and return their address; raises `refuse` when it is set."""
        if self.refuse is not None:
            raise self.refuse
        blob = hashlib.sha256(data).hexdigest()
        self._blobs[blob] = bytes(data)
        return blob

    async def get(self, blob: str) -> bytes:
        """Return the bytes; raises KeyError when there are none."""
        return self._blobs[blob]
