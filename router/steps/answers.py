"""Steps of the answer: written, accepted by the provider, given elsewhere, or not needed."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from channels.message import Kind
from router.conversation import (
    Conversation,
    Item,
    PromiseState,
    SendState,
    Status,
)
from router.steps.entries import kept_links
from router.steps.outbox import amend, cancel_notes, enqueue, item_of
from router.steps.people import disown
from router.steps.promises import end, withdraw
from router.steps.waits import UNHEARD, end_wait

#: How long an answered live conversation still counts as its owner's work.
LIVE_IDLE_S = 600.0


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
    done = replace(done, links=kept_links(done.links, [f"mid:{message_id}"] if message_id else []))
    if item.answers:
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
        conversation = end(conversation, state, at)
    done = replace(end_wait(conversation), no_note="")
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
        neglect_at=later[0].at + UNHEARD,
        no_note="It was written while an answer was on its way.",
    )


def answered_outside(conversation: Conversation, at: datetime) -> Conversation:
    """Take an answer that a person of ours gave elsewhere for what it is: the wait is over."""
    done = answered(cancel_notes(conversation, "answered by a person elsewhere"), conversation.waiting_on, at)
    if done.status is Status.OPEN:
        done = replace(disown(done), status=Status.PENDING)
    return done


def resolve(conversation: Conversation, now: datetime) -> Conversation:
    """Close it without a further answer; a promise still running is withdrawn."""
    done = withdraw(cancel_notes(conversation, "resolved first"), now)
    return replace(end_wait(disown(done)), status=Status.RESOLVED, check_at=None, updated_at=now)
