"""When a customer who waits writes again: their time stands, the third time the lead hears, sensitive words hush us."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec.structs import replace

from channels.message import Kind, Message
from router import steps
from router.conversation import Conversation, NoteKind, Promise, PromiseState, Status, promise_told
from router.draft import Draft
from router.keeping.neglect import addressed, lead, since
from router.reading.thanks import is_closing_thanks
from router.voice import say
from rules.wording import WordingError

#: In a chat, lines that follow each other within this time are one message: people write in pieces.
PIECES = timedelta(minutes=2)
#: So many messages without an answer are the lead's.
THIRD = 3
WROTE = "has written three times without an answer"
#: Nearer than this nobody is told that a time stands: the answer is there as soon as the note.
NEAR = timedelta(minutes=1)
SENSITIVE = "A sensitive matter: no automatic words were sent. Please answer yourself."


def only_thanks(conversation: Conversation, message: Message) -> bool:
    """Tell whether a message thanks us and wants nothing: for an answer, also one on its way, or for our note."""
    if message.attachments or not (conversation.version or conversation.waiting_on):
        return False
    answered = conversation.status in {Status.PENDING, Status.RESOLVED}
    waits = conversation.waiting_since is not None
    return (answered or waits) and is_closing_thanks(_unsigned(conversation, message), _ours(conversation))


def _unsigned(one: Conversation, message: Message) -> str:
    """Return the text without the customer's name below it."""
    text, name = message.text.strip(), one.contact.name.strip()
    signed = bool(name) and text.casefold().endswith(name.casefold())
    return text[: -len(name)] if signed else text


def _ours(one: Conversation) -> list[str]:
    """Return the names of those who spoke to the customer."""
    return [item.author_name for item in one.outbox if item.author_name]


def thanked(conversation: Conversation) -> Conversation:
    """Take a thanks for what it says: whether the answer settled it needs no asking."""
    if conversation.waiting_since is None:
        conversation = steps.cancel_notes(conversation, "the customer said thanks first")
    return replace(conversation, check_at=None)


def unasked(conversation: Conversation, message: Message) -> Conversation:
    """Let nobody be asked later whether an answer settled it, where software has to keep silent."""
    grave = conversation.decision is not None and conversation.decision.tone == "none"
    silent = grave or message.no_note or message.doubtful or message.kind is not Kind.CUSTOMER
    return replace(conversation, checked=True) if silent else conversation


def again(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Take a further message of a running wait; the promise stays as it is."""
    decision = conversation.decision
    if decision is not None and decision.tone == "none":
        return hushed(conversation)
    if conversation.status is Status.HELD or steps.answer_on_its_way(conversation):
        return conversation
    return _lead_told(draft, _added(draft, conversation, message))


def hushed(conversation: Conversation) -> Conversation:
    """Let no automatic words go out any more, not even those on their way, and tell a person."""
    reason = "the rules want a person's words here, not automatic ones"
    quiet = steps.cancel_notes(replace(conversation, note_at=None), reason)
    if quiet.promise is None or quiet.promise.state is not PromiseState.MADE:
        quiet = replace(quiet, no_note=f"The customer hears nothing, because {reason}.")
    return steps.flag(quiet, SENSITIVE)


def _added(draft: Draft, conversation: Conversation, message: Message) -> Conversation:
    """Tell the customer, once a wait, that this is with their first message and that the time stands."""
    made, now = conversation.promise, draft.now
    if made is None or next(_objections(draft, conversation, message, made), ""):
        return conversation
    useful = say.useful_until(draft.house, conversation, message.received_at)
    saying = say.Saying(
        kind=NoteKind.ADDED,
        person=draft.house.book.people[made.by],
        at=made.at,
        trigger=conversation.waiting_on,
        in_reply_to=message.message_id,
        references=message.references,
        useful_until=min(useful, made.at - NEAR),
    )
    try:
        item = say.item(draft.house, conversation, saying, now)
    except WordingError as error:
        return steps.flag(conversation, f"No note could be worded: {error}")
    draft.log(conversation, "added", agent=made.by, subject=item.id)
    return steps.enqueue(replace(conversation, added=True), item)


def _objections(draft: Draft, one: Conversation, message: Message, made: Promise) -> Iterator[str]:
    """Yield why the customer is not told that their time stands."""
    house = draft.house
    account = house.account(one.channel, one.account)
    if one.status is not Status.OPEN or one.kind != "normal" or house.paused:
        yield "no automatic words go out here"
    if one.decision is not None and one.decision.acknowledge == "never":
        yield "the rules never acknowledge here"
    if one.added or account.one_automatic_reply:
        yield "they were told once, and the platform or we allow no more"
    if account.live and one.owner:
        yield "somebody is in the chat with them"
    if made.by not in house.book.people or not house.speaks(made.by, one.channel):
        yield "whoever promised has not agreed to notes here"
    yield from _of_time(one, made, draft.now)
    yield from _of_message(draft, one, message)


def _of_time(one: Conversation, made: Promise, now: datetime) -> Iterator[str]:
    """Yield why the time that they were told cannot be said to stand."""
    if not promise_told(one) or made.at - now <= NEAR:
        yield "no time was told that still lies ahead"
    if one.pressing or one.warned in {"lead", "renew"}:
        yield "it is in doubt whether the time stands"
    if made.owner != (one.owner == made.by):
        yield "it is another's work now"


def _of_message(draft: Draft, one: Conversation, message: Message) -> Iterator[str]:
    """Yield why this message is not answered by a note."""
    if draft.house.account(one.channel, one.account).style == "chat" and _pause(one) <= PIECES:
        yield "it is a piece of the message before"
    if message.sender.key != one.contact.key or message.sender.key in draft.house.staff:
        yield "somebody else wrote it"
    if message.kind is not Kind.CUSTOMER or message.no_note or message.doubtful:
        yield "the message must not be answered automatically"
    if draft.now > say.useful_until(draft.house, one, message.received_at):
        yield "it is too late to be of use"


def _pause(one: Conversation) -> timedelta:
    """Return how long after the customer's line before this one it came."""
    times = _written(one)
    return times[-1] - times[-2] if len(times) > 1 else timedelta.max


def _written(one: Conversation) -> list[datetime]:
    """Return when the customer wrote in the running wait."""
    begun = one.waiting_since
    return sorted(
        entry.at
        for entry in one.entries
        if entry.kind is Kind.CUSTOMER and begun is not None and entry.at >= begun
    )


def said(draft: Draft, one: Conversation) -> int:
    """Return how many messages of the customer wait for an answer; in a chat pieces count as one."""
    if draft.house.account(one.channel, one.account).style != "chat":
        return one.unanswered
    times = _written(one)
    return min(one.unanswered, 1 + sum(later - at > PIECES for at, later in pairwise(times)))


def _lead_told(draft: Draft, one: Conversation) -> Conversation:
    """Let the lead know, once a wait, of a customer who had to write a third time."""
    if said(draft, one) < THIRD:
        return one
    begun = since(draft.house, one)
    if any(WROTE in flag and begun in flag for flag in one.flags):
        return one  # whoever is accountable by now
    text = f"{addressed(draft.house, one)}this customer {WROTE} ({begun}). Please see who can answer now."
    draft.log(one, "third message", agent=lead(draft.house, one), subject=one.waiting_on)
    return steps.flag(replace(one, alerted=True), text)
