"""Steps of the promise: made, renewed, withdrawn, broken."""

from datetime import datetime

from msgspec.structs import replace

from router.conversation import (
    Conversation,
    NoteKind,
    Promise,
    PromiseState,
    SendState,
)

PROMISES_KEPT = 20
#: Notes that name a time of their own.
NAMING = frozenset({NoteKind.FIRST, NoteKind.RENEWAL, NoteKind.INTRODUCTION})


def promise(conversation: Conversation, made: Promise, reason: str = "") -> Conversation:
    """Put a promise on record; one still running is renewed by it, for the reason given."""
    old = conversation.promise
    if old is not None and old.state is PromiseState.MADE:
        conversation = replace(conversation, promise=replace(old, warned=conversation.warned))
    ended = end(conversation, PromiseState.RENEWED, made.made_at, reason)
    return replace(ended, promise=made)


def withdraw(conversation: Conversation, at: datetime) -> Conversation:
    """End a running promise that no longer concerns anybody."""
    return end(conversation, PromiseState.WITHDRAWN, at)


def break_promise(conversation: Conversation, at: datetime, reason: str = "") -> Conversation:
    """End a running promise whose time passed unmet, for the reason given."""
    return end(conversation, PromiseState.BROKEN, at, reason)


def end(conversation: Conversation, state: PromiseState, at: datetime, reason: str = "") -> Conversation:
    """End the running promise in this state, if one runs; the reason says why it was not kept."""
    running = conversation.promise
    if running is None or running.state is not PromiseState.MADE:
        return conversation
    ended = replace(running, state=state, ended_at=at, reason=reason or running.reason)
    return replace(conversation, promise=ended, promises=(*conversation.promises, ended)[-PROMISES_KEPT:])


def _heard(conversation: Conversation, made_at: datetime) -> bool:
    """Tell whether the newest words of that instant that name a time have left, whatever else was written in it."""
    said = [
        item for item in conversation.outbox if item.at == made_at and (item.note in NAMING or item.update)
    ]
    return bool(said) and said[-1].state is SendState.SENT


def untell(conversation: Conversation, made_at: datetime, at: datetime) -> Conversation:
    """End the running promise made then, whose note does not leave: nobody heard it.

    Where it took the place of one that the customer had heard, that one goes on, or stays broken. Whoever
    was warned of that one is not warned again.
    """
    running = conversation.promise
    if running is None or running.state is not PromiseState.MADE or running.made_at != made_at:
        return conversation
    if _heard(conversation, made_at):
        return conversation
    before = conversation.promises[-1] if conversation.promises else None
    renewal = before is not None and running.renewals == before.renewals + 1
    if before is not None and renewal and before.state is PromiseState.BROKEN:
        return replace(conversation, promise=before)
    if before is None or not renewal or before.state is not PromiseState.RENEWED:
        return withdraw(conversation, at)
    heard = replace(before, state=PromiseState.MADE, ended_at=None, reason="", warned="")
    misses = max(0, conversation.misses - 1)
    rest = conversation.promises[:-1]
    return replace(conversation, promise=heard, promises=rest, misses=misses, warned=before.warned)
