"""What the API shows of a conversation's lines: messages that came in and what we said."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from channels.message import Attachment, Message
from router.conversation import Conversation, Item, Promise
from router.desk import views
from router.desk.accounts import agent_of
from router.ports import Stored
from router.taps import link as tap
from rules.evaluate import Rulebook

#: A note and the promise in it are made in one step; rewording before sending may move it a little.
_SAME_STEP = timedelta(seconds=5)


class FileView(Struct, frozen=True, kw_only=True):
    """A file that came or goes with a line."""

    name: str
    content_type: str
    #: Bytes.
    size: int
    #: Where to download it, below the API's prefix.
    path: str


class LineView(Struct, frozen=True, kw_only=True):
    """One line of a conversation."""

    seq: int
    #: Message key, note id or reply id.
    id: str
    #: customer, agent, machine, edit, delete, status, unreadable; note or reply for what we send.
    kind: str
    #: The provider's name for it, by which others speak of it; "" when there is none.
    name: str
    #: For edit, delete and status: the id or name of the line it speaks of.
    about: str
    #: True when we say it.
    ours: bool
    #: True for notes.
    automatic: bool
    #: What to call whoever said it; the person where one of ours answered outside the desk.
    author: str
    at: datetime
    subject: str
    text: str
    #: The whole text, quotes included, where it differs.
    full_text: str
    #: True when there is an HTML body to look at.
    html: bool
    #: Where to download the raw bytes; "" when none were kept.
    raw: str
    files: list[FileView]
    #: For what we say: pending, sending, sent, retry, failed, unknown or cancelled.
    state: str
    #: Why it was cancelled, failed, is unknown, could not be read, or what became of something sent.
    reason: str
    #: Whom a copy goes to, sent only if the customer does not see the original; "" for originals.
    copy: str
    #: For notes: first, renewal, introduction, followup or incident; and the promised time.
    note: str
    promised_at: datetime | None
    #: Why the sender's authenticity is in doubt.
    doubtful: str
    #: Why no automatic answer may go to it.
    no_note: str
    #: Others can read it.
    public: bool


class Transcript(Struct, frozen=True, kw_only=True):
    """Lines in order."""

    #: The conversation's version when they were read.
    version: int
    lines: list[LineView]
    #: seq to ask after for more; None when these were the last.
    next: int | None


def line(book: Rulebook, conversation: Conversation, one: Stored | Item) -> LineView:
    """Return a line as it is shown."""
    return _arrived(book, conversation, one) if isinstance(one, Stored) else _said(conversation, one)


def _arrived(book: Rulebook, conversation: Conversation, stored: Stored) -> LineView:
    message = stored.message
    return LineView(
        seq=stored.seq,
        id=message.key,
        kind=message.kind,
        name=message.message_id,
        about=message.about,
        ours=message.kind == "agent",
        automatic=message.kind == "machine",
        author=_author(book, message),
        at=message.received_at,
        subject=message.subject,
        text=message.text,
        full_text=message.full_text,
        html=bool(message.html),
        raw=_path(conversation, stored.seq, "raw") if message.raw else "",
        files=_files(conversation, stored.seq, message.attachments),
        state="",
        reason=_reach(message) or message.reason or stored.reason,
        copy="",
        note="",
        promised_at=None,
        doubtful=message.doubtful,
        no_note=message.no_note,
        public=message.public,
    )


def _author(book: Rulebook, message: Message) -> str:
    """Return what to call the sender; for one of ours the person in the rules with that address."""
    agent = agent_of(book, message.sender.address) if message.kind == "agent" else ""
    return book.people[agent].name if agent else views.called(message.sender)


def _reach(message: Message) -> str:
    """Return where a customer asked to be reached, when that is all that the message says."""
    if message.kind != "status" or message.reason != "contact" or not message.claims:
        return ""
    typed = [one for one in message.claims if not one.verified] or message.claims[:1]
    return f"Can also be reached at {typed[-1].address}"


def _said(conversation: Conversation, item: Item) -> LineView:
    return LineView(
        seq=item.seq,
        id=item.id,
        kind="note" if item.note else "reply",
        name=item.message_id,
        about="",
        ours=True,
        automatic=item.note is not None,
        author=item.author_name,
        at=item.sent_at or item.at,
        subject=item.subject,
        text=item.text if item.note is None else tap.hidden(item.text),
        full_text="",
        html=False,
        raw="",
        files=_files(conversation, item.seq, item.attachments),
        state=item.state,
        reason=item.reason,
        copy=item.to.address if item.unless_seen else "",
        note=item.note or "",
        promised_at=_promised(conversation, item),
        doubtful="",
        no_note="",
        public=conversation.public and not item.unless_seen,
    )


def _promised(conversation: Conversation, item: Item) -> datetime | None:
    if item.note is None and not item.update:
        return None
    made: list[Promise] = [*conversation.promises]
    if conversation.promise is not None:
        made.append(conversation.promise)
    near = [one for one in made if not one.shown and abs(one.made_at - item.at) <= _SAME_STEP]
    return near[-1].at if near else None


def _files(conversation: Conversation, seq: int, attachments: Sequence[Attachment]) -> list[FileView]:
    return [
        FileView(
            name=one.name,
            content_type=one.content_type,
            size=one.size,
            path=_path(conversation, seq, f"files/{place}"),
        )
        for place, one in enumerate(attachments)
    ]


def _path(conversation: Conversation, seq: int, rest: str) -> str:
    return f"/conversations/{conversation.id}/lines/{seq}/{rest}"
