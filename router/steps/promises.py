"""Steps of the promise: made, renewed, withdrawn, broken."""

from datetime import datetime

from msgspec.structs import replace

from router.conversation import (
    Conversation,
    Promise,
    PromiseState,
)

PROMISES_KEPT = 20


def promise(conversation: Conversation, made: Promise) -> Conversation:
    """Put a promise on record; one still running is renewed by it."""
    ended = end(conversation, PromiseState.RENEWED, made.made_at)
    return replace(ended, promise=made)


def withdraw(conversation: Conversation, at: datetime) -> Conversation:
    """End a running promise that no longer concerns anybody."""
    return end(conversation, PromiseState.WITHDRAWN, at)


def break_promise(conversation: Conversation, at: datetime) -> Conversation:
    """End a running promise whose time passed unmet."""
    return end(conversation, PromiseState.BROKEN, at)


def end(conversation: Conversation, state: PromiseState, at: datetime) -> Conversation:
    """End the running promise in this state, if one runs."""
    running = conversation.promise
    if running is None or running.state is not PromiseState.MADE:
        return conversation
    ended = replace(running, state=state, ended_at=at)
    return replace(conversation, promise=ended, promises=(*conversation.promises, ended)[-PROMISES_KEPT:])
