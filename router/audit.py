"""A full walk over the live store that holds it against the invariants of the safety protocol."""

from collections import Counter
from collections.abc import AsyncIterator
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


async def audit(store: Store, house: House, clock: Clock) -> Report:
    """Walk everything and report each broken invariant; nothing is changed."""
    findings: list[Finding] = []
    settled = clock.now() - timedelta(seconds=SETTLE_S)
    holders: Counter[str] = Counter()
    conversations: dict[str, Conversation] = {}
    notes = 0
    async for one in _conversations(store):
        conversations[one.id] = one
        holders.update(entry.key for entry in one.entries)
        notes += sum(item.note is not None and item.state is SendState.SENT for item in one.outbox)
        findings += _conversation(one, house)
    messages = 0
    async for row in _messages(store):
        messages += 1
        key, held = row.message.key, holders[row.message.key]
        if held > 1:
            findings.append(_found("a message is in exactly one conversation", key, f"it is in {held}"))
        if row.state == "new" and row.message.received_at < settled and not held:
            findings.append(_found("a message is in exactly one conversation", key, "it is in none yet"))
        if row.state == "applied" and row.conversation not in conversations:
            findings.append(
                _found("a message is in exactly one conversation", key, "its conversation is missing")
            )
        if row.state == "applied" and row.conversation in conversations and not held:
            findings += _left_the_document(row.conversation, key, conversations[row.conversation])
    findings += await _claims(store, conversations, settled)
    return Report(messages=messages, conversations=len(conversations), notes=notes, findings=findings)


def _found(invariant: str, subject: str, detail: str) -> Finding:
    return Finding(invariant=invariant, subject=subject, detail=detail)


def _left_the_document(conversation: str, key: str, one: Conversation) -> list[Finding]:
    """Allow only old keys to have left the document: it keeps the newest."""
    if len(one.entries) >= KEYS_KEPT:
        return []
    return [_found("a message is in exactly one conversation", key, f"{conversation} does not know it")]


def _conversation(one: Conversation, house: House) -> list[Finding]:
    found = []
    name = one.reference
    if one.status in ACTIVE:
        if not one.queue and not one.owner:
            found.append(_found("open work has a queue or an owner", name, "it has neither"))
        if not one.accountable and house.book.queue(one.queue).duty:
            found.append(
                _found("open work has an accountable person", name, f"nobody answers for {one.queue}")
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
    if current and (made is None or made.made_at != current[-1].at):
        found.append(_found("the time in the note is the promise", name, "they were not made together"))
    return found


async def _claims(store: Store, conversations: dict[str, Conversation], settled: datetime) -> list[Finding]:
    found = []
    agents = await store.agents()
    for agent in agents.values():
        for claim in agent.claims:
            one = conversations.get(claim.conversation)
            if claim.at < settled and (one is None or one.claim != claim.id):
                found.append(
                    _found("claims belong to conversations", agent.id, f"{claim.id} belongs to none")
                )
    for one in conversations.values():
        owner = agents.get(one.owner)
        if owner is not None and all(claim.id != one.claim for claim in owner.claims):
            found.append(_found("owned work has a claim", one.reference, f"{one.owner} has no claim for it"))
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
