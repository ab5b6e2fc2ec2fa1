"""The pure steps that lead a conversation from one state to the next."""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from channels.message import Identity, Kind, Message
from router.conversation import (
    KEYS_KEPT,
    LINKS_KEPT,
    OUTBOX_KEPT,
    SETTLED,
    Conversation,
    Decision,
    Entry,
    Item,
    Promise,
    PromiseState,
    SendState,
    Status,
    links_of,
)

#: How long an answered live conversation still counts as its owner's work.
LIVE_IDLE_S = 600.0
#: What a wait is said to wait on that we opened ourselves, until the customer writes.
REOPENED = "reopened:"
FLAGS_KEPT = 20
PROMISES_KEPT = 20
SNIPPET = 140

#: Links that a conversation keeps of a message: citations are for finding it, not for being found.
_OWN_LINKS = ("thread:", "fp:")


def append(conversation: Conversation, message: Message, now: datetime) -> Conversation:
    """Add a message at the end: its entry, the names it can be found by, and who took part."""
    seq = conversation.seq + 1
    entry = Entry(key=message.key, seq=seq, at=message.received_at, kind=message.kind)
    names = [link for link in links_of(message) if link.startswith(_OWN_LINKS)]
    if message.message_id:
        names.append(f"mid:{message.message_id}")
    took_part = message.kind in {Kind.CUSTOMER, Kind.EDIT, Kind.UNREADABLE} and not message.doubtful
    people = (message.sender.key,) if took_part else ()
    return replace(
        conversation,
        seq=seq,
        entries=(*conversation.entries, entry)[-KEYS_KEPT:],
        links=_kept_links(conversation.links, names),
        participants=_union(conversation.participants, people),
        snippet=snippet(message.text) or conversation.snippet,
        updated_at=now,
        news=conversation.version + 1,
    )


def _kept_links(old: tuple[str, ...], new: list[str]) -> tuple[str, ...]:
    links = _union(old, tuple(new))
    if len(links) <= LINKS_KEPT:
        return links
    fixed = tuple(link for link in links if link.startswith(("ref:", "thread:")))
    rest = [link for link in links if not link.startswith(("ref:", "thread:"))]
    return fixed + tuple(rest[-max(1, LINKS_KEPT - len(fixed)) :])


def _union(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *new)))


def snippet(text: str) -> str:
    """Return the first words on one line."""
    return " ".join(text[: SNIPPET * 4].split())[:SNIPPET]


def await_answer(conversation: Conversation, message: Message) -> Conversation:
    """Let the customer's message begin a wait, or add to the running one, and open the conversation."""
    if conversation.waiting_since is not None:
        return _wait_on(conversation, message)
    back = conversation.status in {Status.PENDING, Status.RESOLVED, Status.SNOOZED}
    held = conversation.status is Status.HELD and conversation.kind == "normal"
    return replace(
        withdraw(conversation, message.received_at),
        status=Status.HELD if held else Status.OPEN,
        kind="normal" if conversation.kind == "machine" else conversation.kind,
        waiting_since=message.received_at,
        waiting_on=message.key,
        unanswered=1,
        due_at=conversation.due_at if held else None,
        later_due=None,
        note_at=None,
        overdue=False,
        no_note="",
        snoozed_until=None,
        idle_until=None,
        reopened=conversation.reopened + (1 if back else 0),
    )


def _wait_on(conversation: Conversation, message: Message) -> Conversation:
    """Let a message add to a wait that runs already, be it that our answer to it is on its way.

    In a wait that we opened ourselves, the customer's first message becomes the one to answer.
    """
    ours = conversation.waiting_on.startswith(REOPENED)
    status = conversation.status if conversation.status is Status.HELD else Status.OPEN
    return replace(
        conversation,
        status=status,
        waiting_on=message.key if ours else conversation.waiting_on,
        unanswered=conversation.unanswered + 1,
        snoozed_until=None,
        idle_until=None,
    )


def answer_on_its_way(conversation: Conversation) -> bool:
    """Tell whether a person's answer to the running wait has been written and not yet accepted."""
    return any(
        item.note is None
        and not item.unless_seen
        and item.trigger == conversation.waiting_on
        and item.state not in SETTLED
        for item in conversation.outbox
    )


def decide(conversation: Conversation, decision: Decision, due_at: datetime) -> Conversation:
    """Apply the rules' decision; in a running wait the earlier due time and the higher priority stay."""
    same_wait = conversation.due_at is not None
    if answer_on_its_way(conversation):
        conversation = replace(conversation, later_due=conversation.later_due or due_at)
    priority = decision.priority
    due = due_at
    queue, skills = decision.queue, decision.skills
    if same_wait and conversation.due_at is not None:
        due = min(due_at, conversation.due_at)
        order = ("urgent", "high", "normal", "low")
        priority = min((priority, conversation.priority), key=order.index)
    if same_wait and conversation.owner:
        queue, skills = conversation.queue, conversation.skills
    status = Status.HELD if decision.hold and not conversation.owner else conversation.status
    return replace(
        conversation,
        decision=decision,
        due_at=due,
        priority=priority,
        queue=queue,
        skills=skills,
        status=status,
    )


def own(conversation: Conversation, agent: str, claim: str) -> Conversation:
    """Make the agent the owner, and so accountable."""
    return replace(conversation, owner=agent, claim=claim, accountable=agent, previous_owner=agent)


def disown(conversation: Conversation) -> Conversation:
    """Take the owner away; who is accountable must be set next where somebody still waits."""
    previous = conversation.owner or conversation.previous_owner
    return replace(conversation, owner="", claim="", previous_owner=previous, idle_until=None)


def promise(conversation: Conversation, made: Promise) -> Conversation:
    """Put a promise on record; one still running is renewed by it."""
    ended = _end(conversation, PromiseState.RENEWED, made.made_at)
    return replace(ended, promise=made)


def withdraw(conversation: Conversation, at: datetime) -> Conversation:
    """End a running promise that no longer concerns anybody."""
    return _end(conversation, PromiseState.WITHDRAWN, at)


def break_promise(conversation: Conversation, at: datetime) -> Conversation:
    """End a running promise whose time passed unmet."""
    return _end(conversation, PromiseState.BROKEN, at)


def _end(conversation: Conversation, state: PromiseState, at: datetime) -> Conversation:
    running = conversation.promise
    if running is None or running.state is not PromiseState.MADE:
        return conversation
    ended = replace(running, state=state, ended_at=at)
    return replace(conversation, promise=ended, promises=(*conversation.promises, ended)[-PROMISES_KEPT:])


def enqueue(conversation: Conversation, item: Item) -> Conversation:
    """Put something for the customer into the outbox, at the next place of the conversation."""
    if any(known.id == item.id for known in conversation.outbox):
        return conversation
    seq = conversation.seq + 1
    return replace(conversation, seq=seq, outbox=(*conversation.outbox, replace(item, seq=seq)))


def amend(conversation: Conversation, item_id: str, **changes: Any) -> Conversation:
    """Change fields of one outbox item."""
    outbox = tuple(replace(item, **changes) if item.id == item_id else item for item in conversation.outbox)
    return replace(conversation, outbox=outbox)


def item_of(conversation: Conversation, item_id: str) -> Item | None:
    """Return the outbox item with this id."""
    return next((item for item in conversation.outbox if item.id == item_id), None)


def cancel_notes(conversation: Conversation, reason: str) -> Conversation:
    """Cancel the notes that did not leave yet; a promise that nobody heard is withdrawn with its note."""
    for item in conversation.outbox:
        if item.note is None or item.state not in {SendState.PENDING, SendState.RETRY}:
            continue
        made = conversation.promise
        if made is not None and made.made_at == item.at:
            conversation = withdraw(conversation, item.at)
        conversation = amend(conversation, item.id, state=SendState.CANCELLED, next_at=None, reason=reason)
    return conversation


def reply(conversation: Conversation, item: Item, *, resolve: bool, live: bool) -> Conversation:
    """Let a person answer: the answer is on its way, notes are off, the owner's hands are free.

    The wait and the promise end when the provider has accepted it, see `sent`.
    """
    answered = cancel_notes(enqueue(conversation, item), "answered by a person first")
    status = Status.RESOLVED if resolve else Status.PENDING
    answered = replace(answered, status=status, updated_at=item.at, news=conversation.version + 1)
    if live and not resolve:
        return replace(answered, idle_until=item.at + timedelta(seconds=LIVE_IDLE_S))
    return disown(answered)


def sent(conversation: Conversation, item_id: str, message_id: str, at: datetime) -> Conversation:
    """Record that the provider accepted an item; a person's answer ends the wait it answered."""
    item = item_of(conversation, item_id)
    if item is None or item.state is SendState.SENT:
        return conversation
    done = amend(
        conversation,
        item_id,
        state=SendState.SENT,
        sent_at=at,
        message_id=message_id,
        next_at=None,
        reason="",
    )
    done = replace(done, links=_kept_links(done.links, [f"mid:{message_id}"] if message_id else []))
    if item.note is None and not item.unless_seen:
        done = answered(done, item.trigger, at)
        if done.status is Status.OPEN and done.waiting_since is None:
            done = replace(done, status=Status.PENDING, idle_until=at + timedelta(seconds=LIVE_IDLE_S))
    return done


def answered(conversation: Conversation, wait: str, at: datetime) -> Conversation:
    """End the wait that began with this message: a person's answer has reached the provider."""
    if conversation.waiting_on != wait or conversation.waiting_since is None:
        return conversation
    made = conversation.promise
    if made is not None and made.state is PromiseState.MADE:
        state = PromiseState.KEPT if at <= made.at else PromiseState.BROKEN
        conversation = _end(conversation, state, at)
    done = replace(
        conversation,
        waiting_since=None,
        waiting_on="",
        unanswered=0,
        due_at=None,
        later_due=None,
        note_at=None,
        overdue=False,
        no_note="",
    )
    return _next_wait(conversation, done, wait)


def _next_wait(before: Conversation, done: Conversation, wait: str) -> Conversation:
    """Let the next wait begin with what the customer wrote while the answer was on its way."""
    answers = [item.at for item in before.outbox if item.note is None and item.trigger == wait]
    written = min(answers, default=None)
    if written is None or before.later_due is None:
        return done
    later = [one for one in before.entries if one.kind is Kind.CUSTOMER and one.at > written]
    if not later:
        return done
    return replace(
        done,
        waiting_since=later[0].at,
        waiting_on=later[0].key,
        unanswered=len(later),
        due_at=before.later_due,
        no_note="It was written while an answer was on its way.",
    )


def answered_outside(conversation: Conversation, at: datetime) -> Conversation:
    """Take an answer that a person of ours gave elsewhere for what it is: the wait is over."""
    done = answered(cancel_notes(conversation, "answered by a person elsewhere"), conversation.waiting_on, at)
    if done.status is Status.OPEN:
        done = replace(disown(done), status=Status.PENDING)
    return done


def flag(conversation: Conversation, text: str) -> Conversation:
    """Warn the accountable person."""
    if text in conversation.flags:
        return conversation
    return replace(conversation, flags=(*conversation.flags, text)[-FLAGS_KEPT:])


def reopen(conversation: Conversation, now: datetime, due_at: datetime) -> Conversation:
    """Open it again for a reason of ours: the same wait goes on, or a new one begins."""
    return replace(
        conversation,
        status=Status.OPEN,
        waiting_since=conversation.waiting_since or now,
        waiting_on=conversation.waiting_on or f"{REOPENED}{now.isoformat()}",
        due_at=conversation.due_at or due_at,
        idle_until=None,
        snoozed_until=None,
        updated_at=now,
    )


def resolve(conversation: Conversation, now: datetime) -> Conversation:
    """Close it without a further answer; a promise still running is withdrawn."""
    done = cancel_notes(withdraw(conversation, now), "resolved first")
    return replace(
        disown(done),
        status=Status.RESOLVED,
        waiting_since=None,
        waiting_on="",
        unanswered=0,
        due_at=None,
        later_due=None,
        note_at=None,
        overdue=False,
        updated_at=now,
    )


def left_address(conversation: Conversation, identity: Identity) -> Conversation:
    """Remember where a copy goes when the customer is no longer on the channel."""
    return replace(conversation, fallback=identity)


def trim(conversation: Conversation) -> tuple[Conversation, tuple[Item, ...]]:
    """Return it with only the newest settled outbox items, and those that leave for the archive."""
    settled = [item for item in conversation.outbox if item.state in SETTLED]
    leaving = settled[: max(0, len(settled) - OUTBOX_KEPT)]
    if not leaving:
        return conversation, ()
    gone = {item.id for item in leaving}
    kept = tuple(item for item in conversation.outbox if item.id not in gone)
    return replace(conversation, outbox=kept), tuple(leaving)
