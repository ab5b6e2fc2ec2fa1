"""The pure steps of putting work aside and of letting two conversations live on as one."""

from datetime import datetime

from msgspec.structs import replace

from router import steps
from router.conversation import (
    LINKS_KEPT,
    PRIORITY_RANK,
    WAITED_FOR,
    Conversation,
    Promise,
    PromiseState,
    SendState,
    Status,
    promise_told,
)
from router.errors import ActionError, Conflict

#: A person's words in these states may still leave.
_LEAVING = frozenset({SendState.PENDING, SendState.SENDING, SendState.RETRY})
_UNSENT = frozenset({SendState.PENDING, SendState.RETRY})


def snooze(one: Conversation, until: datetime, now: datetime) -> Conversation:
    """Set it aside until a time; the wait and its promise go on. Raises ActionError, Conflict.

    A snooze hides no promise: it ends before the customer expects to hear from us.
    """
    if one.status not in WAITED_FOR:
        raise Conflict(f"It is {one.status.value}; only open conversations can be snoozed.")
    if until <= now:
        raise ActionError("Snooze until a time that lies ahead.")
    if any(item.note is not None and item.state in _UNSENT for item in one.outbox):
        raise Conflict("A note to the customer is about to leave. Snooze again in a moment.")
    limit = _expected(one, now)
    if limit is not None and until > limit:
        raise ActionError(
            f"The customer expects an answer by {limit:%Y-%m-%d %H:%M} UTC. "
            "Snooze until then at the latest, or answer first."
        )
    return replace(one, status=Status.SNOOZED, snoozed_until=until, updated_at=now)


def _expected(one: Conversation, now: datetime) -> datetime | None:
    """Return by when the customer must hear from us; None when nobody waits."""
    running = one.promise if one.promise is not None and one.promise.state is PromiseState.MADE else None
    times = [running.at] if running is not None else []
    if one.waiting_since is not None and one.due_at is not None:
        times.append(one.due_at)
    if times and max(times) <= now:
        raise ActionError("It is overdue: the customer expects an answer now. Answer first.")
    return min((at for at in times if at > now), default=None)


def refuse_merge(one: Conversation, into: Conversation) -> None:
    """Raise Conflict or ActionError when the first cannot live on in the second without losing anything."""
    if one.id == into.id:
        raise ActionError("A conversation cannot be merged into itself.")
    for each in (one, into):
        if each.status is Status.MERGED:
            raise Conflict(f"{each.reference} was merged already; use the conversation that it lives on in.")
        if each.status is Status.HELD:
            raise Conflict(f"{each.reference} is held for review; let it in first.")
        if _leaving(each):
            raise Conflict(f"An answer in {each.reference} has not left yet. Merge once it is sent.")
    if one.channel != into.channel:
        raise ActionError(
            f"{one.reference} and {into.reference} came by different channels, and an answer goes out by one. "
            "Answer each where it was asked."
        )
    if one.thread != into.thread:
        raise ActionError(
            f"Whoever wrote {one.reference} reads answers in a thread of their own, where they would not see "
            f"those of {into.reference}. Answer each where it was asked."
        )


def _leaving(one: Conversation) -> bool:
    return any(
        item.note is None
        and (item.state in _LEAVING or (item.state is SendState.UNKNOWN and item.next_at is not None))
        for item in one.outbox
    )


def absorb(into: Conversation, one: Conversation, now: datetime) -> Conversation:
    """Return the survivor with the other's wait, promise, links and participants; again changes nothing more."""
    again = one.reference in into.absorbed
    flags = [text for text in one.flags if text not in into.flags]
    ours, theirs = into.answer_to or into.contact, one.answer_to or one.contact
    if ours.key != theirs.key:
        flags.append(f"{one.reference} was merged into this one; answers go to {ours.address} only.")
    done = _promised(_waiting(into, one, again=again), one, now)
    done = replace(
        done,
        absorbed=tuple(dict.fromkeys((*into.absorbed, one.reference))),
        subjects=tuple(
            dict.fromkeys((*into.subjects, *one.subjects, *((one.subject,) if one.subject else ())))
        ),
        links=_links(into, one),
        participants=tuple(dict.fromkeys((*into.participants, *one.participants, one.contact.key))),
        previous_owner=into.previous_owner or one.owner or one.previous_owner,
        updated_at=now,
        news=into.version + 1,
    )
    for text in flags:
        done = steps.flag(done, text)
    return done


def _waiting(into: Conversation, one: Conversation, *, again: bool) -> Conversation:
    """Join the waits: the earlier times and the higher priority count; the survivor's keeps its name.

    What is on its way for the survivor's wait answers it by that name.
    """
    if one.waiting_since is None:
        return into
    rank = PRIORITY_RANK
    if into.waiting_since is None:
        taken = replace(
            into,
            status=Status.OPEN,
            waiting_since=one.waiting_since,
            waiting_on=one.waiting_on,
            unanswered=one.unanswered,
            due_at=one.due_at,
            overdue=one.overdue,
            neglect_at=one.neglect_at,
            alerted=one.alerted,
            added=one.added,
            check_at=None,
            no_note=one.no_note or "its note stands in the merged conversation",
        )
        return replace(
            taken,
            priority=one.priority,
            decision=one.decision or into.decision,
            snoozed_until=None,
            idle_until=None,
        )
    counts = (into.unanswered, one.unanswered)
    return replace(
        into,
        status=Status.OPEN,
        snoozed_until=None,
        waiting_since=min(into.waiting_since, one.waiting_since),
        unanswered=max(counts) if again else sum(counts),
        due_at=min((at for at in (into.due_at, one.due_at) if at is not None), default=None),
        overdue=into.overdue or one.overdue,
        alerted=into.alerted or one.alerted,
        added=into.added or one.added,
        neglect_at=min((at for at in (into.neglect_at, one.neglect_at) if at is not None), default=None),
        priority=min((into.priority, one.priority), key=lambda name: rank.get(name, 2)),
    )


def _promised(into: Conversation, one: Conversation, now: datetime) -> Conversation:
    """Keep the earlier of the promises that customers heard; the other is withdrawn."""
    theirs = carried(one)
    ours = into.promise if promise_told(into) else None
    if theirs is None or (ours is not None and ours.at <= theirs.at):
        return into
    return replace(steps.withdraw(steps.cancel_notes(into, "an earlier promise runs"), now), promise=theirs)


def carried(one: Conversation) -> Promise | None:
    """Return the running promise that the customer heard, as it goes over to the survivor."""
    return replace(one.promise, carried=True) if one.promise is not None and promise_told(one) else None


def _links(into: Conversation, one: Conversation) -> tuple[str, ...]:
    """Return the names by which later messages find the survivor; a reference stays with its own page."""
    theirs = [link for link in one.links if not link.startswith("ref:")]
    links = tuple(dict.fromkeys((*theirs, *into.links)))
    fixed = tuple(link for link in links if link.startswith(("ref:", "thread:")))
    rest = tuple(link for link in links if not link.startswith(("ref:", "thread:")))
    return fixed + rest[-max(1, LINKS_KEPT - len(fixed)) :]


def merged(one: Conversation, into: Conversation, now: datetime) -> Conversation:
    """Return it as it is once it lives on in the survivor, which has its wait and its promise."""
    quiet = steps.cancel_notes(one, f"merged into {into.reference}")
    promise = carried(one)
    if promise is not None and promise == into.promise:
        quiet = replace(quiet, promise=None)  # it goes on in the survivor
    quiet = steps.withdraw(quiet, now)
    return replace(
        steps.end_wait(steps.disown(quiet)),
        status=Status.MERGED,
        merged_into=into.id,
        snoozed_until=None,
        check_at=None,
        updated_at=now,
        news=one.version + 1,
    )
