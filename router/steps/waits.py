"""Steps of the wait: it begins, goes on, and is decided."""

from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from channels.message import Message
from router.conversation import Conversation, Decision, PromiseState, Status, answer_on_its_way
from router.steps.outbox import cancel_notes
from router.steps.people import disown, flag
from router.steps.promises import end, withdraw

#: What a wait is said to wait on that we opened ourselves, until the customer writes.
REOPENED = "reopened:"
#: Whoever has heard no answer for so long is flagged, and again each further time.
UNHEARD: Final = timedelta(days=1)
#: What every wait begins and ends with.
FRESH: Final[dict[str, Any]] = {
    "warned": "",
    "misses": 0,
    "pressing": False,
    "prepared": None,
    "introduce_at": None,
    "added": False,
    "alerted": False,
    "wish": None,
    "neglect_at": None,
}


def await_answer(conversation: Conversation, message: Message) -> Conversation:
    """Let the customer's message begin a wait, or add to the running one, and open the conversation."""
    if conversation.waiting_since is not None:
        return _wait_on(conversation, message)
    back = conversation.status in {Status.PENDING, Status.RESOLVED, Status.SNOOZED}
    wanted = message.not_before or message.received_at
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
        declined=(),
        check_at=None,
        **FRESH | {"neglect_at": max(message.received_at, wanted) + UNHEARD},
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


def decide(conversation: Conversation, decision: Decision, due_at: datetime) -> Conversation:
    """Apply the rules' decision; in a running wait the earlier due time and the higher priority stay."""
    same_wait = conversation.due_at is not None
    if same_wait and conversation.decision is not None:
        decision = replace(decision, tone=_soberer(conversation.decision.tone, decision.tone))
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


def _soberer(one: str, other: str) -> str:
    """Return the tone that a wait has whose messages want these: what was grave does not become light."""
    return min((one, other), key=("none", "sober", "plain").index)


def reopen(conversation: Conversation, now: datetime, due_at: datetime) -> Conversation:
    """Open it again for a reason of ours: the same wait goes on, or a new one begins."""
    return replace(
        conversation,
        status=Status.OPEN,
        waiting_since=conversation.waiting_since or now,
        waiting_on=conversation.waiting_on or f"{REOPENED}{now.isoformat()}",
        due_at=conversation.due_at or due_at,
        neglect_at=conversation.neglect_at or (conversation.waiting_since or now) + UNHEARD,
        check_at=None,
        idle_until=None,
        snoozed_until=None,
        updated_at=now,
    )


def put_off(
    conversation: Conversation, *, until: datetime | None, due_at: datetime, at: datetime
) -> Conversation:
    """Let a person try again later, or at once with None: who was not reached was tried, so no promise is broken."""
    made = conversation.promise
    if made is not None and at <= made.at:
        conversation = end(conversation, PromiseState.KEPT, at)
    quiet = cancel_notes(conversation, "the customer was tried first")
    later = (until or at) + UNHEARD
    return replace(
        disown(quiet), not_before=until, due_at=due_at, overdue=False, note_at=None, neglect_at=later
    )


def end_wait(conversation: Conversation) -> Conversation:
    """Let nobody wait any more, and nothing be due."""
    return replace(
        conversation,
        waiting_since=None,
        waiting_on="",
        unanswered=0,
        due_at=None,
        later_due=None,
        note_at=None,
        overdue=False,
        not_before=None,
        **FRESH,
    )


def window_closing(conversation: Conversation, now: datetime) -> Conversation:
    """Make it urgent, and say how long the provider still takes an answer."""
    if conversation.reply_until is None:
        return conversation
    left = int((conversation.reply_until - now).total_seconds() // 60)
    told = (
        f"The provider's window for answers closes in {left} min. Answer before then."
        if left > 0
        else "The provider's window for answers has closed. Reach the customer another way, or when they write again."
    )
    return flag(replace(conversation, priority="urgent", window_told=True), told)
