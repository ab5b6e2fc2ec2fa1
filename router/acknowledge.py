"""The promise and the note for one wait: who says what by when, or why nobody says anything."""

from datetime import timedelta

from msgspec.structs import replace

from channels.message import Message
from router import note, steps
from router.conversation import Conversation, Decision, Item, NoteKind, Promise, Status, note_id
from router.draft import Draft
from router.house import Account
from router.promise import Quote, Snapshot, promise
from rules.model import Person
from rules.wording import WordingError

#: A present owner of a live conversation is expected to answer within this time.
LIVE_ANSWER_S = 30.0
#: The duty voice names at most so many colleagues.
OTHERS_NAMED = 2


def acknowledge(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Give the wait that this message began its promise and its note, or the reason why it gets none."""
    decision, due = conversation.decision, conversation.due_at
    person = draft.house.book.people.get(conversation.accountable)
    if decision is None or due is None or conversation.waiting_on != message.key:
        return conversation
    if person is None:
        return replace(conversation, no_note="nobody is on duty for this queue")
    objection = note.objection(_case(draft, conversation, message, decision))
    if objection:
        return _silent(draft, conversation, objection)
    quote = quoted(draft, conversation, person)
    try:
        item = worded(draft, conversation, message, person, quote)
    except WordingError as error:
        return _silent(draft, steps.flag(conversation, f"No note could be worded: {error}"), "no fitting words")
    made = Promise(
        at=quote.at,
        made_at=draft.now,
        by=person.id,
        owner=conversation.owner == person.id,
        late=quote.late,
        explanation=quote.explanation,
    )
    draft.log(conversation, "promised", agent=person.id, subject=item.id, at=quote.at.isoformat(), late=quote.late)
    return steps.enqueue(steps.promise(conversation, made), item)


def _silent(draft: Draft, conversation: Conversation, reason: str) -> Conversation:
    draft.log(conversation, "no note", subject=conversation.waiting_on, reason=reason)
    return replace(conversation, no_note=reason)


def _case(draft: Draft, conversation: Conversation, message: Message, decision: Decision) -> note.Case:
    policy = draft.house.book.policy(conversation.channel)
    account = draft.house.account(conversation.channel, conversation.account)
    expected = LIVE_ANSWER_S if account.live and conversation.owner else None
    staff = message.sender.key in draft.house.staff
    return note.Case(
        message=message,
        conversation=conversation,
        tone=decision.tone,
        acknowledge=decision.acknowledge,
        note_useful_for_s=policy.note_useful_for_s,
        notes_sent=draft.loaded.notes_sent.get(message.sender.key, 0),
        own=staff or message.sender.key in draft.house.ours,
        answer_expected_s=expected,
        paused=draft.house.paused,
        loop=False,
        now=draft.now,
    )


def quoted(draft: Draft, conversation: Conversation, person: Person) -> Quote:
    """Compute X for a conversation that waits, in the hours of the accountable person."""
    account = draft.house.account(conversation.channel, conversation.account)
    since = conversation.waiting_since or draft.now
    window = since + timedelta(seconds=account.reply_window_s) if account.reply_window_s else None
    return promise(
        Snapshot(
            now=draft.now,
            arrived_at=since,
            due_at=conversation.due_at or draft.now,
            target_s=conversation.decision.target_s if conversation.decision else 0.0,
            calendar=draft.house.book.calendar(person.hours),
            window_until=window,
            zone=draft.house.zone(wanted=conversation.zone, account=account),
        )
    )


def worded(draft: Draft, conversation: Conversation, message: Message, person: Person, quote: Quote) -> Item:
    """Word the first note of a wait. Raises WordingError when the linter refuses every text."""
    policy = draft.house.book.policy(conversation.channel)
    account = draft.house.account(conversation.channel, conversation.account)
    id_ = note_id(conversation.id, message.key, NoteKind.FIRST)
    tone = conversation.decision.tone if conversation.decision else "plain"
    words = note.compose(draft.house.wording, request(draft, conversation, person, quote, id_))
    return Item(
        id=id_,
        seq=0,
        at=draft.now,
        note=NoteKind.FIRST,
        trigger=message.key,
        author=person.id,
        author_name=person.name,
        text=words.text,
        subject=words.subject if account.style == "mail" else "",
        language=words.language,
        to=conversation.contact,
        in_reply_to=message.message_id,
        references=message.references,
        next_at=draft.now,
        useful_until=message.received_at + timedelta(seconds=policy.note_useful_for_s),
        tone=tone,
    )


def request(draft: Draft, conversation: Conversation, person: Person, quote: Quote, id_: str) -> note.Request:
    """Gather what the words depend on."""
    account: Account = draft.house.account(conversation.channel, conversation.account)
    owner = conversation.owner == person.id
    return note.Request(
        kind=NoteKind.FIRST,
        id=id_,
        person=person,
        owner=owner,
        others=() if owner else _others(draft, conversation, person),
        customer=conversation.contact.name,
        promise_at=quote.at,
        now=draft.now,
        tone=conversation.decision.tone if conversation.decision else "plain",
        language=conversation.language or account.language,
        zone=draft.house.zone(wanted=conversation.zone, account=account),
        style=account.style,
        disclose=account.disclose,
        address=account.address,
        reference=conversation.reference if account.reference_in_note else "",
        subject=conversation.subject,
    )


def _others(draft: Draft, conversation: Conversation, person: Person) -> tuple[str, ...]:
    book = draft.house.book
    able = (one for one in book.people.values() if conversation.queue in one.queues and one.id != person.id)
    return tuple(one.name for one in able)[:OTHERS_NAMED]


def answered_meanwhile(conversation: Conversation, item: Item) -> bool:
    """Tell whether the wait that a note speaks of is over."""
    return conversation.status is not Status.OPEN or conversation.waiting_on != item.trigger
