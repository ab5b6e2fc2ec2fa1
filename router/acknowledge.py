"""The promise and the note for one wait: who says what by when, or why nobody says anything."""

from datetime import timedelta

from msgspec.structs import replace

from channels.message import Kind, Message
from router import note, steps
from router.conversation import Conversation, Decision, NoteKind
from router.draft import Draft
from router.keeping.again import SENSITIVE
from router.keeping.attended import attended, unattended
from router.promise import Quote
from router.quoting import promised
from router.voice import say
from router.voice import speakers as voices
from rules.model import Person
from rules.wording import WordingError

#: A present owner of a live conversation is expected to answer within this time.
LIVE_ANSWER_S = 30.0
#: When they have not, the note that they did not seem to need goes out after all.
PUT_OFF_S = 60.0
#: More messages than this from one sender within this time look like a program.
LOOP_MESSAGES = 5
LOOP_WITHIN = timedelta(minutes=10)

#: Where no time can be promised, as the provider takes no answer any more once somebody is back.
UNATTENDED = (
    "The customer hears nothing, because nobody is there before the provider's window for answers closes."
)
SHUT = (
    "The provider takes no answer any more once somebody is back, so no time was promised. "
    "Answer before, or reach the customer another way."
)


def acknowledge(
    draft: Draft, conversation: Conversation, message: Message, *, expected: bool = True
) -> Conversation:
    """Give the wait that this message began its promise and its note, or the reason why it gets none.

    Where a person is `expected` to answer at once, the note is put off until they have not.
    """
    conversation = replace(conversation, note_at=None)
    decision, due = conversation.decision, conversation.due_at
    person = draft.house.book.people.get(conversation.accountable)
    if decision is None or due is None or conversation.waiting_on != message.key:
        return conversation
    if person is None:
        return replace(conversation, no_note="nobody is on duty for this queue")
    case = _case(draft, conversation, message, decision, expected=expected)
    objection = note.objection(case)
    if (
        objection
        and case.answer_expected_s is not None
        and not note.objection(replace(case, answer_expected_s=None))
    ):
        put_off = draft.now + timedelta(seconds=PUT_OFF_S)
        return replace(conversation, note_at=put_off, no_note=objection)
    if objection:
        return _silent(draft, _alarmed(conversation, case), objection)
    return _said(draft, conversation, message, person)


def _said(draft: Draft, conversation: Conversation, message: Message, person: Person) -> Conversation:
    """Give it the promise and the note, in the name of whoever agreed to it; the person answers for it."""
    voice = voices.speaker(draft.house, conversation, draft.agents, draft.now)
    if voice is None:
        return _silent(draft, conversation, voices.nobody(draft.house, conversation))
    conversation = replace(conversation, no_note="")
    quote = attended(draft.house, conversation, person, draft.agents, draft.now)
    if unattended(draft.house, conversation, draft.agents, quote.at, draft.now):
        return _silent(draft, steps.flag(conversation, SHUT), UNATTENDED)
    try:
        item = say.item(draft.house, conversation, first(draft, message, voice, quote), draft.now)
    except WordingError as error:
        return _silent(
            draft, steps.flag(conversation, f"No note could be worded: {error}"), "no fitting words"
        )
    made = promised(draft.house, conversation, voice, quote, draft.now)
    draft.log(
        conversation,
        "promised",
        agent=voice.id,
        subject=item.id,
        promised=quote.at.isoformat(),
        late=quote.late,
    )
    return steps.enqueue(steps.promise(conversation, made), item)


def _silent(draft: Draft, conversation: Conversation, reason: str) -> Conversation:
    draft.log(conversation, "no note", subject=conversation.waiting_on, reason=reason)
    return replace(conversation, no_note=reason)


def _alarmed(conversation: Conversation, case: note.Case) -> Conversation:
    """Tell a person where a customer must not be left to software: sensitive matters, and too many notes."""
    if case.tone == "none" and case.message.kind is Kind.CUSTOMER:
        return steps.flag(conversation, SENSITIVE)
    if case.notes_sent >= note.MOST_NOTES:
        return steps.flag(
            conversation, "This customer had enough automatic notes today. Please answer yourself."
        )
    return conversation


def _case(
    draft: Draft, conversation: Conversation, message: Message, decision: Decision, *, expected: bool
) -> note.Case:
    policy = draft.house.book.policy(conversation.channel)
    account = draft.house.account(conversation.channel, conversation.account)
    soon = LIVE_ANSWER_S if expected and account.live and conversation.owner else None
    staff = message.sender.key in draft.house.staff
    return note.Case(
        message=message,
        conversation=conversation,
        tone=decision.tone,
        acknowledge=decision.acknowledge,
        note_useful_for_s=policy.note_useful_for_s,
        notes_sent=0 if account.live else draft.loaded.notes_sent.get(conversation.contact.key, 0),
        own=staff or message.sender.key in draft.house.ours,
        answer_expected_s=soon,
        paused=draft.house.paused,
        loop=_looping(draft, message),
        now=draft.now,
    )


def _looping(draft: Draft, message: Message) -> bool:
    """Tell whether the sender writes so often that two programs seem to answer each other."""
    if message.thread:
        return False
    since = message.received_at - LOOP_WITHIN
    recent = (
        entry
        for one in draft.of_sender(message.sender.key)
        for entry in one.entries
        if entry.at >= since and entry.kind is Kind.CUSTOMER
    )
    return sum(1 for _ in recent) > LOOP_MESSAGES


def first(draft: Draft, message: Message, person: Person, quote: Quote) -> say.Saying:
    """Return what the first note of a wait says."""
    useful_s = draft.house.book.policy(message.channel).note_useful_for_s
    return say.Saying(
        kind=NoteKind.FIRST,
        person=person,
        at=quote.at,
        trigger=message.key,
        in_reply_to=message.message_id,
        references=message.references,
        useful_until=message.received_at + timedelta(seconds=useful_s),
    )
