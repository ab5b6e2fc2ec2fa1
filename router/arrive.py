"""What each sort of message does to the conversation that it was appended to."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec.structs import replace

from channels.message import Identity, Kind, Message
from router import assign, steps
from router.conversation import Conversation, Decision, Status
from router.customers import persons
from router.draft import Draft
from router.keeping.again import again, only_thanks, thanked, unasked
from router.reading import asked
from router.reading.facts import facts_of
from router.reading.recognise import Sort
from rules.evaluate import evaluate
from rules.model import Verdict

Take: TypeAlias = Callable[[Draft, Conversation, Message], Conversation]


def _from_customer(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    if only_thanks(conversation, message):
        draft.log(conversation, "thanked", subject=message.key)
        return thanked(conversation)
    conversation = _whose(draft, conversation, message)
    was_waiting_on = conversation.waiting_on
    reopened = conversation.status in {Status.PENDING, Status.RESOLVED}
    conversation = _reachable(draft, steps.await_answer(conversation, message), message)
    conversation = replace(conversation, not_before=_ahead(message.not_before, draft.now))
    verdict = evaluate(
        draft.house.book, facts_of(conversation, message, draft.person(message), reopened=reopened)
    )
    conversation = _decide(draft, conversation, message, verdict)
    conversation = _let_go_of_the_absent(draft, conversation)
    conversation = unasked(conversation, message)
    if conversation.waiting_on == was_waiting_on:
        return again(draft, conversation, message)
    draft.triggers[conversation.id] = message
    return _answer_to(conversation, message)


def _ahead(at: datetime | None, now: datetime) -> datetime | None:
    """Return the time that the customer asked for, if it still lies ahead."""
    return at if at is not None and at > now else None


def _whose(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Let a conversation that one of ours began belong to the customer who answers in it."""
    earlier = [one.kind for one in conversation.entries if one.key != message.key]
    if not earlier or any(kind is not Kind.AGENT for kind in earlier):
        return conversation
    customer = persons.came_by(draft.person(message), message.sender.key)
    return replace(conversation, customer=customer, contact=message.sender)


def _answer_to(conversation: Conversation, message: Message) -> Conversation:
    """Let answers go to whoever of the participants wrote what is to be answered, or where they ask for them."""
    if message.sender.kind != conversation.contact.kind or message.doubtful:
        return conversation
    return replace(conversation, contact=message.sender, answer_to=message.answer_to)


def _decide(draft: Draft, conversation: Conversation, message: Message, verdict: Verdict) -> Conversation:
    calendar = draft.house.book.calendar(verdict.hours)
    due = calendar.add(max(message.received_at, message.not_before or message.received_at), verdict.target_s)
    if conversation.reply_until is not None:
        due = min(due, conversation.reply_until)  # an answer that the provider refuses is none
    decision = Decision(
        at=draft.now,
        trigger=message.key,
        version=verdict.version,
        rule=verdict.rule,
        rules=verdict.rules,
        queue=verdict.queue,
        skills=verdict.skills,
        priority=verdict.priority,
        target_s=verdict.target_s,
        hours=verdict.hours,
        tone=verdict.tone,
        acknowledge=verdict.acknowledge,
        hold=verdict.hold,
        ask=asked.wanted(verdict.ask, message, draft.person(message)) if verdict.ask else "",
        explanation=verdict.explanation,
    )
    decided = steps.decide(conversation, decision, due)
    if verdict.language:
        decided = replace(decided, language=verdict.language)
    draft.log(
        decided,
        "decided",
        subject=message.key,
        rule=verdict.rule,
        version=verdict.version,
        target_s=verdict.target_s,
    )
    return decided


def _let_go_of_the_absent(draft: Draft, conversation: Conversation) -> Conversation:
    """Take an owner away who is not here when the customer writes again, so that nobody absent gets work."""
    person = draft.house.book.people.get(conversation.owner)
    agent = draft.agents.get(conversation.owner)
    if not conversation.owner:
        return conversation
    if person is not None and agent is not None:
        calendar = draft.house.book.calendar_of(person)
        if assign.is_present(agent, calendar, draft.now):
            return conversation
    draft.release(conversation)
    return steps.disown(conversation)


def _from_us(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Take an answer that a person of ours gave outside the desk."""
    draft.release(conversation)
    agent = draft.house.staff.get(message.sender.key, "")
    draft.log(conversation, "answered", agent=agent, subject=message.key, outside=True)
    done = steps.answered_outside(conversation, message.received_at)
    return done if done.version else replace(done, status=Status.RESOLVED)


def _seems_ours(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Show an answer of which nothing proves that it is ours; the customer goes on waiting."""
    if conversation.waiting_since is None:
        return conversation
    person = draft.house.book.people.get(draft.house.staff.get(message.sender.key, ""))
    name = person.name if person is not None else "One of us"
    return steps.flag(
        conversation,
        f"{name} seems to have answered from their mail program, but nothing proves that it was them. "
        "Resolve this if so.",
    )


def _from_machine(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Set a machine's message aside for review; in a conversation that it answers it is only shown."""
    reason = message.no_note or "written by a machine"
    if conversation.version or conversation.waiting_on:
        return conversation
    verdict = evaluate(
        draft.house.book, facts_of(conversation, message, draft.person(message), reopened=False)
    )
    held = _decide(draft, conversation, message, verdict)
    return replace(held, kind="machine", status=Status.HELD, no_note=reason)


def _change(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Append an edit or a deletion; where it changes nothing we know, it counts as a message to look at."""
    return (
        conversation
        if conversation.version or conversation.waiting_on
        else _from_customer(draft, conversation, message)
    )


def _status(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Show the accountable person that something of ours did not arrive."""
    if not conversation.version and not conversation.waiting_on:
        return _from_machine(draft, conversation, message)
    if message.not_before is not None:
        return _put_off(draft, conversation, message, message.not_before)
    flagged = steps.flag(conversation, f"Not delivered: {message.reason or 'the provider says it failed'}")
    for item in conversation.outbox:
        if message.about and item.message_id == message.about and item.note is None:
            return steps.reopen(flagged, draft.now, draft.now + timedelta(hours=1))
    return flagged


def _put_off(draft: Draft, conversation: Conversation, message: Message, until: datetime) -> Conversation:
    """Let a customer who was tried in time and not reached be tried again: the time promised was kept, and is over."""
    if conversation.waiting_since is None:
        return steps.flag(conversation, message.reason)
    decision, policy = conversation.decision, draft.house.book.policy(conversation.channel)
    calendar = draft.house.book.calendar(decision.hours if decision else "always")
    due = calendar.add(until, decision.target_s if decision else policy.target_s)
    draft.release(conversation)
    return steps.flag(
        steps.put_off(conversation, until=_ahead(until, draft.now), due_at=due, at=message.received_at),
        message.reason,
    )


def _reachable(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Remember the address that the customer gives for answers they might miss; nobody is called for that."""
    others = (one for one in message.claims if one.kind != message.sender.kind)
    other = next((one for one in others if not _spoken(draft, one, message)), None)
    return conversation if other is None else steps.left_address(conversation, other)


def _spoken(draft: Draft, to: Identity, message: Message) -> bool:
    carrier = draft.house.carrier(to, message.channel, message.account)
    return carrier is not None and carrier.style == "spoken"


def _contact(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Take where else the customer can be reached; nobody has to answer that."""
    done = _reachable(draft, conversation, message)
    return done if conversation.version or conversation.waiting_on else replace(done, status=Status.RESOLVED)


def _unreadable(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Make unreadable bytes visible work, with a due time and no note."""
    done = _from_customer(draft, replace(conversation, kind="unreadable"), message)
    return steps.flag(done, f"This could not be read: {message.reason}. Download the raw bytes to look.")


def _same(_: Draft, conversation: Conversation, __: Message) -> Conversation:
    return conversation


#: What is done with a conversation, by the sort of message that was appended to it.
TAKE: Mapping[Sort, Take] = {
    Sort.CUSTOMER: _from_customer,
    Sort.OURS: _from_us,
    Sort.SEEMS_OURS: _seems_ours,
    Sort.MACHINE: _from_machine,
    Sort.CHANGE: _change,
    Sort.STATUS: _status,
    Sort.CONTACT: _contact,
    Sort.UNREADABLE: _unreadable,
    Sort.SAME_MAIL: _same,
}
