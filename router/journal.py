"""How every writer turns a conversation's old and new state into the change that the store is given."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from router import waited
from router.conversation import Conversation, Entry, Event, Promise, PromiseState, SendState, indexed
from router.ports import Change, Hint
from router.steps import trim


def event(
    conversation: Conversation, at: datetime, kind: str, *, agent: str = "", subject: str = "", **data: object
) -> Event:
    """Return a log line about the conversation."""
    return Event(
        at=at,
        kind=kind,
        conversation=conversation.id,
        channel=conversation.channel,
        queue=conversation.queue,
        agent=agent,
        subject=subject,
        data=data,
    )


def changed(
    before: Conversation | None,
    after: Conversation,
    *,
    events: Sequence[Event] = (),
    applied: Sequence[Entry] = (),
    needs: Sequence[str] = (),
) -> Change:
    """Return the change from one state to the next: version one higher, indexed, trimmed, ends of promises logged."""
    kept, archived = trim(indexed(after))
    version = before.version if before is not None else 0
    return Change(
        conversation=replace(kept, version=version + 1),
        applied=tuple(applied),
        events=(
            *events,
            *_made_promises(before, after),
            *_ended_promises(before, after),
            *_waits(before, after),
        ),
        archived=archived,
        needs=tuple(needs),
    )


def hint_of(one: Conversation) -> Hint:
    """Return what the other processes are told of a conversation that was just written."""
    return Hint(kind="outbox" if one.send_at is not None else "conversation", id=one.id, version=one.version)


def _made_promises(before: Conversation | None, after: Conversation) -> list[Event]:
    """Say of times that took another one's place, or that the customer chose, that they were promised.

    Who makes the first promise of a wait says so; of the others it is said once they are heard for good.
    """
    known = {one.made_at for one in _later(before)} if before is not None else set()
    return [
        event(after, one.made_at, "promised", agent=one.by, promised=one.at.isoformat(), late=one.late)
        for one in _later(after)
        if one.made_at not in known
    ]


def _later(one: Conversation) -> list[Promise]:
    made = one.promise
    running = [made] if made is not None and made.state is PromiseState.MADE and _gone(one, made) else []
    return [
        each for each in (*_for_good(one), *running) if (each.renewals or each.shown) and not each.carried
    ]


def _ended_promises(before: Conversation | None, after: Conversation) -> list[Event]:
    known = {one.made_at for one in _for_good(before)} if before is not None else set()
    return [
        event(
            after,
            one.ended_at or one.at,
            one.state.value,
            agent=one.by,
            promised=one.at.isoformat(),
            made=one.made_at.isoformat(),
            reason=one.reason,
        )
        for one in _for_good(after)
        if one.made_at not in known
    ]


def _for_good(one: Conversation) -> Sequence[Promise]:
    """Return the promises that have ended, without one whose renewal may still be taken back."""
    last, made = one.promises[-1] if one.promises else None, one.promise
    if last is None or made is None or last.state is not PromiseState.RENEWED:
        return one.promises
    open_still = made.state is PromiseState.MADE and made.made_at != last.made_at and not _gone(one, made)
    return one.promises[:-1] if open_still else one.promises


def _gone(one: Conversation, made: Promise) -> bool:
    """Tell whether what says the promise has gone out for good: it will be neither tried again nor cancelled."""
    if made.carried or made.shown:
        return True
    said = (item for item in one.outbox if item.at == made.made_at and (item.note is not None or item.update))
    return any(
        item.state is SendState.SENT or (item.state is SendState.UNKNOWN and item.next_at is None)
        for item in said
    )


def _waits(before: Conversation | None, after: Conversation) -> list[Event]:
    """Say that a wait begins, or all that is learnt from one that ended."""
    return [
        event(after, one.at, one.kind, agent=one.agent, subject=one.subject, **one.data)
        for one in waited.lines(before, after)
    ]
