"""A full walk over the live store that holds it against the invariants of the safety protocol."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from channels.message import Kind
from channels.port import Clock
from router.conversation import KEYS_KEPT, Conversation, NoteKind, SendState, Status
from router.house import House
from router.ports import Store, Stored

PAGE = 500
#: What arrived or changed within this time may still be on its way.
SETTLE_S = 60.0
ACTIVE = frozenset({Status.OPEN, Status.HELD})


class Finding(Struct, frozen=True, kw_only=True):
    """An invariant that does not hold, and for what."""

    invariant: str
    subject: str
    detail: str


class Report(Struct, frozen=True, kw_only=True):
    """What the walk saw."""

    messages: int
    conversations: int
    notes: int
    findings: list[Finding]


class _Seen:
    """What the walk over the messages needs of the conversations: some bytes for each, not the whole."""

    def __init__(self) -> None:
        self.conversations: set[int] = set()
        #: Keys of messages that a conversation has, and those that several have.
        self.keys: set[int] = set()
        self.twice: set[int] = set()
        #: Conversations that may have forgotten their oldest keys.
        self.full: set[int] = set()
        #: Of owned work: conversation → its claim, owner and reference.
        self.owned: dict[str, tuple[str, str, str]] = {}

    def take(self, one: Conversation) -> None:
        """Remember what is needed of the conversation."""
        name = _short(one.id)
        self.conversations.add(name)
        for key in {_short(entry.key) for entry in one.entries}:
            (self.twice if key in self.keys else self.keys).add(key)
        if len(one.entries) >= KEYS_KEPT:
            self.full.add(name)
        if one.owner or one.claim:
            self.owned[one.id] = one.claim, one.owner, one.reference


def _short(name: str) -> int:
    """Return 64 bits that stand for the name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


async def audit(store: Store, house: House, clock: Clock) -> Report:
    """Walk everything and report each broken invariant; nothing is changed, and little is kept in memory."""
    findings: list[Finding] = []
    settled = clock.now() - timedelta(seconds=SETTLE_S)
    seen = _Seen()
    notes = 0
    async for one in _conversations(store):
        seen.take(one)
        notes += sum(item.note is not None and item.state is SendState.SENT for item in one.outbox)
        findings += _conversation(one, house)
    messages = 0
    async for row in _messages(store):
        messages += 1
        findings += [
            _found("a message is in exactly one conversation", row.message.key, trouble)
            for trouble in _message(row, seen, settled)
        ]
    findings += await _claims(store, seen, settled)
    return Report(messages=messages, conversations=len(seen.conversations), notes=notes, findings=findings)


def _message(row: Stored, seen: _Seen, settled: datetime) -> Iterator[str]:
    """Find what is wrong with the message's place; only old keys may have left a document, it keeps the newest."""
    key, home = _short(row.message.key), _short(row.conversation)
    if key in seen.twice:
        yield "it is in several"
    if row.state == "new" and row.message.received_at < settled and key not in seen.keys:
        yield "it is in none yet"
    if row.state == "applied" and home not in seen.conversations:
        yield "its conversation is missing"
    elif row.state == "applied" and key not in seen.keys and home not in seen.full:
        yield f"{row.conversation} does not know it"


def _found(invariant: str, subject: str, detail: str) -> Finding:
    return Finding(invariant=invariant, subject=subject, detail=detail)


def _conversation(one: Conversation, house: House) -> list[Finding]:
    found = []
    name = one.reference
    if one.status in ACTIVE:
        if not one.queue and not one.owner:
            found.append(_found("open work has a queue or an owner", name, "it has neither"))
        duty = house.book.queue(one.queue).duty
        if one.accountable not in house.book.people and any(who in house.book.people for who in duty):
            who = f"{one.accountable}, who is not in the rules," if one.accountable else "nobody"
            found.append(
                _found("open work has an accountable person", name, f"{who} answers for {one.queue}")
            )
        if one.due_at is None:
            found.append(_found("open work has a due time", name, "it has none"))
    return found + _notes(one)


def _notes(one: Conversation) -> list[Finding]:
    found = []
    name = one.reference
    told = [
        item
        for item in one.outbox
        if item.note is not None and item.state in {SendState.SENT, SendState.UNKNOWN}
    ]
    causes = Counter((item.trigger, item.note) for item in told)
    found += [
        _found("one note a trigger and kind", name, f"{count} notes of kind {kind}")
        for (_, kind), count in causes.items()
        if count > 1
    ]
    kinds = {entry.key: entry.kind for entry in one.entries}
    found += [
        _found("no note answers a machine", name, "a note answers a message written by a machine")
        for item in told
        if kinds.get(item.trigger) in {Kind.MACHINE, Kind.STATUS}
    ]
    made = one.promise
    current = [item for item in told if item.trigger == one.waiting_on and item.note is NoteKind.FIRST]
    carried = made is not None and (made.carried or made.shown)
    if current and not carried and (made is None or made.made_at not in _times_said(one)):
        found.append(_found("the time in the note is the promise", name, "they were not made together"))
    return found


def _times_said(one: Conversation) -> set[datetime]:
    """Return when the promises were made that stand in what went out, or is about to, in the running wait."""
    void = {SendState.CANCELLED, SendState.FAILED}
    notes = {NoteKind.FIRST, NoteKind.RENEWAL}
    return {
        item.at
        for item in one.outbox
        if item.state not in void and (item.update or (item.note in notes and item.trigger == one.waiting_on))
    }


async def _claims(store: Store, seen: _Seen, settled: datetime) -> list[Finding]:
    found = []
    agents = await store.agents()
    for agent in agents.values():
        for claim in agent.claims:
            known, _, _ = seen.owned.get(claim.conversation, ("", "", ""))
            if claim.at < settled and known != claim.id:
                found.append(
                    _found("claims belong to conversations", agent.id, f"{claim.id} belongs to none")
                )
    for wanted, owner, reference in seen.owned.values():
        agent_of = agents.get(owner)
        if agent_of is not None and all(claim.id != wanted for claim in agent_of.claims):
            found.append(_found("owned work has a claim", reference, f"{owner} has no claim for it"))
    return found


async def _conversations(store: Store) -> AsyncIterator[Conversation]:
    after = ""
    while page := await store.audit_conversations(after, PAGE):
        for one in page:
            yield one
        after = page[-1].id


async def _messages(store: Store) -> AsyncIterator[Stored]:
    after = ""
    while page := await store.audit_messages(after, PAGE):
        for row in page:
            yield row
        after = page[-1].message.key
