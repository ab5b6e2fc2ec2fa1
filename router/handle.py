"""The story of a message, pure and in order: recognise, attach, decide, match, promise, word the note.

`receive` takes a batch as far as the rules' decision; `place` finds people for what waits and words the
notes. Between the two the caller may read the waiting work that the batch must not be handed past.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from channels.message import Kind, Message
from router import assign, steps
from router.acknowledge import acknowledge
from router.arrive import TAKE
from router.conversation import Agent, Claim, Conversation, keypad, keypad_link
from router.customers import persons
from router.customers.meet import meet
from router.draft import Draft
from router.keeping.charge import in_charge
from router.reading.recognise import Recognised, Sort, recognise


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
    meet(draft, message)
    known = recognise(message, draft)
    draft.reasons[message.key] = known.reason
    if known.sort is Sort.DUPLICATE:
        _apply_again(draft, message, known)
        return
    before = known.conversation or begin(draft, message)
    conversation = steps.append(before, message, draft.now)
    conversation = _speak(draft, conversation, message)
    conversation = TAKE[known.sort](draft, conversation, message)
    conversation = draft.put(conversation)
    draft.apply(conversation)
    draft.log(
        conversation,
        "accepted",
        subject=message.key,
        sort=known.sort.value,
        arrived=message.received_at.isoformat(),
    )


def _apply_again(draft: Draft, message: Message, known: Recognised) -> None:
    """Mark a message as applied that its conversation has, but whose own record does not say so yet."""
    home = known.conversation
    stored = draft.loaded.messages.get(message.key)
    if home is not None and stored is not None and not stored.conversation:
        draft.put(home)
        draft.apply_entry(home.id, next(entry for entry in home.entries if entry.key == message.key))


def begin(draft: Draft, message: Message) -> Conversation:
    """Begin a conversation with this message; it has a queue and an accountable person at once."""
    customer = draft.person(message)
    reference = draft.ids.reference()
    return Conversation(
        id=draft.new_id(message),
        reference=reference,
        channel=message.channel,
        account=message.account,
        opened_at=message.received_at,
        updated_at=draft.now,
        customer=persons.came_by(customer, message.sender.key),
        contact=message.sender,
        subject=message.subject,
        zone=message.zone or customer.attributes.get("zone", ""),
        queue="triage",
        accountable=assign.accountable(draft.house.book, "triage", draft.agents, draft.now),
        links=(f"ref:{reference}", keypad_link(keypad(reference))),
        thread=message.thread,
        public=message.public,
        previous_owner=customer.last_owner,
    )


def _speak(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    language = draft.house.language_of(message) if message.kind is Kind.CUSTOMER else ""
    known = language or conversation.language or draft.person(message).attributes.get("language", "")
    return replace(
        conversation,
        language=known,
        zone=message.zone or conversation.zone,
        thread=message.thread or conversation.thread,
        public=message.public if message.thread else conversation.public,
        reply_until=message.reply_until or conversation.reply_until,
        window_told=conversation.window_told and message.reply_until is None,
    )


# --- match, promise, word the note


def place(draft: Draft, heads: Sequence[Conversation], limit: int = 0, *, hand_out: bool = True) -> None:
    """Find people for what waits, this batch's and the heads of the lanes, then word the notes.

    `limit` is how many heads were read of each lane: where there may be more, nothing is handed past them,
    be it of this batch or of another lane. Without `hand_out` all of it goes on waiting, and needs nobody's claim.
    """
    draft.know(heads)
    ids = dict.fromkeys([one.id for one in heads] + [one.id for one in draft.touched()])
    unread = _unread(heads, limit)
    waiting = [
        one
        for id_ in ids
        if (one := draft.get(id_)).lane and one.urgency <= unread.get(one.lane, one.urgency)
    ]
    people = assign.candidates(draft.house.book, draft.agents, draft.now) if hand_out else []
    for found in assign.match(waiting, people, draft.house.book, unread):
        _hand_over(draft, found)
    for one in draft.touched():
        charged = in_charge(draft.house, one, draft.agents, draft.now)
        if charged is not one:
            draft.put(charged)
    for conversation, trigger in draft.triggers.items():
        told = draft.put(acknowledge(draft, draft.get(conversation), trigger))
        if draft.house.forecast is not None:
            draft.house.forecast.since.add(told)  # the next one of the batch waits behind it


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
