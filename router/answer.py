"""What an agent wrote, as the outbox will carry it: pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from channels.message import Attachment
from router import steps
from router.conversation import Conversation, Item, SendState
from router.errors import Conflict
from router.reading.subject import reply_subject
from rules.model import Person

#: How long a customer who left an address may take to see an answer in the chat.
COPY_AFTER_S = 60.0


class Answer(Struct, frozen=True, kw_only=True):
    """What an agent writes to a customer."""

    text: str
    attachments: Sequence[Attachment] = ()
    #: Resolve the conversation with it.
    resolve: bool = False
    #: The caller's own name for it: the same twice is sent once.
    key: str = ""
    #: The version of the conversation that the agent saw; None = whatever it is.
    version: int | None = None


def as_item(one: Conversation, id: str, person: Person, answer: Answer, now: datetime) -> Item:
    """Return the outbox entry of an answer that the person wrote."""
    cited = steps.cited(one)
    return Item(
        id=id,
        seq=0,
        at=now,
        trigger=one.waiting_on,
        author=person.id,
        author_name=person.name,
        text=answer.text,
        subject=reply_subject(one.subject),
        language=one.language or "en",
        to=one.answer_to or one.contact,
        attachments=tuple(answer.attachments),
        in_reply_to=cited[-1] if cited else "",
        references=cited,
        next_at=now,
    )


def copied(one: Conversation, item: Item) -> Conversation:
    """Add a copy for the address that the customer left, sent unless they see the answer where they asked."""
    if one.fallback is None:
        return one
    placed = steps.item_of(one, item.id)
    copy = replace(
        item,
        id=f"{item.id}_copy",
        to=one.fallback,
        subject=one.subject or f"{item.author_name}: {one.reference}",
        next_at=item.at + timedelta(seconds=COPY_AFTER_S),
        unless_seen=(placed.seq if placed is not None else one.seq) + 1,
        trigger="",
        state=SendState.PENDING,
    )
    return steps.enqueue(one, copy)


def refuse_stale(one: Conversation, version: int | None) -> None:
    """Refuse an answer when a message or an answer came after the version that the agent saw."""
    if version is None or one.news <= version:
        return
    raise Conflict("Something came in meanwhile. Look again, then send.")
