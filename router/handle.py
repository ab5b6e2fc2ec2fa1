"""The story of a message, pure and in order: recognise, attach, decide, match, promise, word the note.

`receive` takes a batch as far as the rules' decision; `place` finds people for what waits and words the
notes. Between the two the caller may read the waiting work that the batch must not be handed past.
"""

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from channels.message import Kind, Message
from router import assign, steps
from router.acknowledge import acknowledge
from router.conversation import Agent, Claim, Conversation, Decision, Status
from router.draft import Draft
from router.facts import facts_of
from router.recognise import Recognised, Sort, recognise
from router.thanks import is_closing_thanks
from rules.evaluate import evaluate
from rules.model import Verdict


def receive(draft: Draft, keys: Sequence[str]) -> list[str]:
    """Recognise, attach and decide the batch's messages; return the keys that the store does not know."""
    unknown = [key for key in keys if key not in draft.loaded.messages]
    stored = [draft.loaded.messages[key] for key in dict.fromkeys(keys) if key not in unknown]
    for one in sorted(stored, key=lambda row: (row.message.received_at, row.message.key)):
        if one.state == "new":
            take_in(draft, one.message)
    return unknown


def take_in(draft: Draft, message: Message) -> None:
    """Take one message into its conversation."""
    known = recognise(message, draft)
    draft.reasons[message.key] = known.reason
    if known.sort is Sort.DUPLICATE:
        _apply_again(draft, message, known)
        return
    before = known.conversation or begin(draft, message)
    conversation = steps.append(before, message, draft.now)
    conversation = _speak(draft, conversation, message)
    conversation = _TAKE[known.sort](draft, conversation, message)
    conversation = draft.put(conversation)
    draft.apply(conversation)
    draft.log(
        conversation,
        "accepted",
        subject=message.key,
        sort=known.sort.value,
        arrived=message.received_at.isoformat(),
    )
    _know_customer(draft, message)


def _apply_again(draft: Draft, message: Message, known: Recognised) -> None:
    """Mark a message as applied that its conversation has, but whose own record does not say so yet."""
    home = known.conversation
    stored = draft.loaded.messages.get(message.key)
    if home is not None and stored is not None and not stored.conversation:
        draft.put(home)
        draft.apply_entry(home.id, next(entry for entry in home.entries if entry.key == message.key))


def begin(draft: Draft, message: Message) -> Conversation:
    """Begin a conversation with this message; it has a queue and an accountable person at once."""
    customer = draft.customer(message)
    reference = draft.ids.reference()
    return Conversation(
        id=draft.new_id(message),
        reference=reference,
        channel=message.channel,
        account=message.account,
        opened_at=message.received_at,
        updated_at=draft.now,
        customer=customer.id,
        contact=message.sender,
        subject=message.subject,
        zone=message.zone or customer.attributes.get("zone", ""),
        queue="triage",
        accountable=assign.accountable(draft.house.book, "triage", draft.agents, draft.now),
        links=(f"ref:{reference}",),
        thread=message.thread,
        previous_owner=customer.last_owner,
    )


def _speak(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    language = draft.house.language_of(message) if message.kind is Kind.CUSTOMER else ""
    known = language or conversation.language or draft.customer(message).attributes.get("language", "")
    return replace(
        conversation,
        language=known,
        zone=message.zone or conversation.zone,
        thread=message.thread or conversation.thread,
    )


# --- what each sort of message does to its conversation


def _from_customer(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    answered = conversation.status in {Status.PENDING, Status.RESOLVED} and conversation.waiting_since is None
    if answered and not message.attachments and is_closing_thanks(message.text):
        draft.log(conversation, "thanked", subject=message.key)
        return conversation
    was_waiting_on = conversation.waiting_on
    reopened = conversation.status in {Status.PENDING, Status.RESOLVED}
    conversation = _reachable(steps.await_answer(conversation, message), message)
    verdict = evaluate(
        draft.house.book, facts_of(conversation, message, draft.customer(message), reopened=reopened)
    )
    conversation = _decide(draft, conversation, message, verdict)
    conversation = _let_go_of_the_absent(draft, conversation)
    if conversation.waiting_on != was_waiting_on:
        draft.triggers[conversation.id] = message
        conversation = _answer_to(conversation, message)
    return conversation


def _answer_to(conversation: Conversation, message: Message) -> Conversation:
    """Let answers go to whoever of the participants wrote what is to be answered, or where they ask for them."""
    if message.sender.kind != conversation.contact.kind or message.doubtful:
        return conversation
    return replace(conversation, contact=message.sender, answer_to=message.answer_to)


def _decide(draft: Draft, conversation: Conversation, message: Message, verdict: Verdict) -> Conversation:
    calendar = draft.house.book.calendar(verdict.hours)
    due = calendar.add(message.received_at, verdict.target_s)
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
        calendar = draft.house.book.calendar(person.hours)
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
        draft.house.book, facts_of(conversation, message, draft.customer(message), reopened=False)
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
    flagged = steps.flag(conversation, f"Not delivered: {message.reason or 'the provider says it failed'}")
    for item in conversation.outbox:
        if message.about and item.message_id == message.about and item.note is None:
            return steps.reopen(flagged, draft.now, draft.now + timedelta(hours=1))
    return flagged


def _reachable(conversation: Conversation, message: Message) -> Conversation:
    """Remember the address that the customer gives for answers they might miss."""
    other = next((one for one in message.claims if one.kind != message.sender.kind), None)
    return conversation if other is None else steps.left_address(conversation, other)


def _contact(_: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Take where else the customer can be reached; nobody has to answer that."""
    done = _reachable(conversation, message)
    return done if conversation.version or conversation.waiting_on else replace(done, status=Status.RESOLVED)


def _unreadable(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Make unreadable bytes visible work, with a due time and no note."""
    done = _from_customer(draft, replace(conversation, kind="unreadable"), message)
    return steps.flag(done, f"This could not be read: {message.reason}. Download the raw bytes to look.")


def _same(_: Draft, conversation: Conversation, __: Message) -> Conversation:
    return conversation


_TAKE = {
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


def _know_customer(draft: Draft, message: Message) -> None:
    if message.kind is not Kind.CUSTOMER:
        return
    known = draft.customer(message)
    attributes = {**known.attributes, **message.attributes}
    name = known.name or message.sender.name
    draft.put_customer(replace(known, attributes=attributes, name=name), message.sender.key)


# --- match, promise, word the note


def place(draft: Draft, heads: Sequence[Conversation], limit: int = 0) -> None:
    """Find people for what waits, this batch's and the heads of the lanes, then word the notes.

    `limit` is how many heads were read of each lane: where there may be more, nothing of this batch
    is handed past them.
    """
    draft.know(heads)
    ids = dict.fromkeys([one.id for one in heads] + [one.id for one in draft.touched()])
    unread = _unread(heads, limit)
    waiting = [
        one
        for id_ in ids
        if (one := draft.get(id_)).lane and one.urgency <= unread.get(one.lane, one.urgency)
    ]
    people = assign.candidates(draft.house.book, draft.agents, draft.now)
    for found in assign.match(waiting, people, draft.house.book):
        _hand_over(draft, found)
    for one in draft.touched():
        if not one.owner and one.status in {Status.OPEN, Status.HELD}:
            duty = assign.accountable(draft.house.book, one.queue, draft.agents, draft.now)
            draft.put(replace(one, accountable=duty))
    for conversation, trigger in draft.triggers.items():
        draft.put(acknowledge(draft, draft.get(conversation), trigger))


def _unread(heads: Sequence[Conversation], limit: int) -> dict[str, float]:
    """Return, for each lane that may hold more than was read, the urgency of the last one read."""
    lanes: dict[str, list[float]] = {}
    for one in heads:
        lanes.setdefault(one.lane, []).append(one.urgency)
    return {lane: max(found) for lane, found in lanes.items() if limit and len(found) >= limit}


def anyone_free(draft: Draft) -> bool:
    """Tell whether somebody present has room at all: else there is no need to read who waits."""
    channels = {channel for channel, _ in draft.house.accounts} or {"default"}
    people = assign.candidates(draft.house.book, draft.agents, draft.now)
    return any(assign.room(one, channel) > 0 for one in people for channel in channels)


def _hand_over(draft: Draft, found: assign.Assignment) -> None:
    conversation = draft.get(found.conversation)
    claim = Claim(
        id=draft.ids.new("cl"), conversation=conversation.id, channel=conversation.channel, at=draft.now
    )
    agent = draft.agents.get(found.agent) or Agent(id=found.agent)
    draft.take(conversation.id, replace(agent, claims=(*agent.claims, claim), idle_since=draft.now), claim.id)
    owned = draft.put(steps.own(conversation, found.agent, claim.id))
    draft.log(owned, "claimed", agent=found.agent, subject=claim.id, reason=found.reason)
