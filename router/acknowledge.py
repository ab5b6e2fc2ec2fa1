"""The promise and the note for one wait: who says what by when, or why nobody says anything."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from channels.message import Kind, Message
from router import note, steps
from router.conversation import Conversation, Decision, Item, NoteKind, Promise, note_id
from router.draft import Draft
from router.house import House
from router.promise import Quote, Snapshot, promise
from rules.model import Person
from rules.wording import WordingError

#: A present owner of a live conversation is expected to answer within this time.
LIVE_ANSWER_S = 30.0
#: When they have not, the note that they did not seem to need goes out after all.
PUT_OFF_S = 60.0
#: More messages than this from one sender within this time look like a program.
LOOP_MESSAGES = 5
LOOP_WITHIN = timedelta(minutes=10)
#: The duty voice names at most so many colleagues.
OTHERS_NAMED = 2


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
    conversation = replace(conversation, no_note="")
    quote = quoted(draft.house, conversation, person, draft.now)
    try:
        item = first_note(draft, conversation, message, (person, quote))
    except WordingError as error:
        return _silent(
            draft, steps.flag(conversation, f"No note could be worded: {error}"), "no fitting words"
        )
    made = Promise(
        at=quote.at,
        made_at=draft.now,
        by=person.id,
        owner=conversation.owner == person.id,
        late=quote.late,
        explanation=quote.explanation,
    )
    draft.log(
        conversation,
        "promised",
        agent=person.id,
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
        return steps.flag(
            conversation, "A sensitive matter: no automatic words were sent. Please answer yourself."
        )
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


def quoted(house: House, conversation: Conversation, person: Person, now: datetime) -> Quote:
    """Compute X for a conversation that waits, in the hours of the accountable person."""
    account = house.account(conversation.channel, conversation.account)
    since = conversation.waiting_since or now
    window = conversation.reply_until
    if window is None and account.reply_window_s:
        window = since + timedelta(seconds=account.reply_window_s)
    return promise(
        Snapshot(
            now=now,
            arrived_at=since,
            due_at=conversation.due_at or now,
            target_s=conversation.decision.target_s if conversation.decision else 0.0,
            calendar=house.book.calendar(person.hours),
            person=person.name,
            window_until=window,
            not_before=conversation.not_before,
            zone=house.zone(wanted=conversation.zone, account=account),
        )
    )


def first_note(
    draft: Draft, conversation: Conversation, message: Message, promised: tuple[Person, Quote]
) -> Item:
    """Return the first note of a wait. Raises WordingError when the linter refuses the words."""
    useful_s = draft.house.book.policy(conversation.channel).note_useful_for_s
    id_ = note_id(conversation.id, message.key, NoteKind.FIRST)
    person, _ = promised
    words = worded(draft.house, conversation, promised, id_, draft.now)
    return Item(
        id=id_,
        seq=0,
        at=draft.now,
        note=NoteKind.FIRST,
        trigger=message.key,
        author=person.id,
        author_name=person.name,
        text=words.text,
        subject=words.subject,
        language=words.language,
        to=conversation.contact,
        in_reply_to=message.message_id,
        references=message.references,
        next_at=draft.now,
        useful_until=message.received_at + timedelta(seconds=useful_s),
        tone=conversation.decision.tone if conversation.decision else "plain",
    )


def worded(
    house: House, conversation: Conversation, promised: tuple[Person, Quote], id_: str, now: datetime
) -> note.Words:
    """Word a first note in the accountable person's name."""
    account = house.account(conversation.channel, conversation.account)
    person, quote = promised
    owner = conversation.owner == person.id
    hours = house.book.calendar(person.hours)
    request = note.Request(
        kind=NoteKind.FIRST,
        id=id_,
        person=person,
        owner=owner,
        others=() if owner else _others(house, conversation, person),
        customer=conversation.contact.name,
        promise_at=quote.at,
        now=now,
        tone=conversation.decision.tone if conversation.decision else "plain",
        back_at=None if hours.is_open(now) else hours.next_open(now),
        language=conversation.language,
        fallbacks=(account.language,),
        answer_languages=person.languages if owner else _languages(house, conversation),
        zone=house.zone(wanted=conversation.zone, account=account),
        style="public" if conversation.public else account.style,
        disclose=account.disclose,
        address=account.address,
        reference=conversation.reference if account.reference_in_note and not conversation.public else "",
        subject=conversation.subject,
        number=conversation.contact.address if account.style == "spoken" else "",
    )
    return note.compose(house.wording, request)


def _languages(house: House, conversation: Conversation) -> tuple[str, ...]:
    """Return what the people of the queue speak; nothing when somebody may answer in any language."""
    people = [one for one in house.book.people.values() if conversation.queue in one.queues]
    if not all(one.languages for one in people):
        return ()
    return tuple(dict.fromkeys(language for one in people for language in one.languages))


def _others(house: House, conversation: Conversation, person: Person) -> tuple[str, ...]:
    people = house.book.people.values()
    able = (one.name for one in people if conversation.queue in one.queues and one.id != person.id)
    return tuple(able)[:OTHERS_NAMED]
