"""What agents do with a conversation: reply, resolve, reopen, take, release, unhold, snooze, merge."""

import re
from datetime import datetime
from typing import Annotated

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import Meta, Struct

from channels.message import Attachment
from router.answer import Answer
from router.conversation import Conversation
from router.desk import views
from router.desk.accounts import Role
from router.desk.api.conversations import find
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.failures import Invalid, TooLarge
from router.desk.views import ConversationView

table = Table("Conversations")

#: Files a reply may carry, and their bytes in all.
FILES_MOST = 10
FILE_BYTES = 10 * 1024 * 1024
ALL_BYTES = 20 * 1024 * 1024

_KEY = re.compile(r"[\x21-\x7e]{1,100}")
#: Signs that nobody sees and no text needs.
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Reply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer to the customer."""

    text: Annotated[str, Meta(min_length=1, max_length=50_000)]
    #: Marks, as `POST /files` returned them.
    files: Annotated[list[str], Meta(max_length=FILES_MOST)] = []
    #: True = and mark it done.
    resolve: bool = False
    #: The conversation's version that was on screen: refused when somebody else answered since.
    version: int | None = None


class Snooze(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long it may lie."""

    #: At most until the customer expects an answer.
    until: datetime


class Merge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it lives on."""

    #: Id or reference of the other conversation.
    into: Annotated[str, Meta(min_length=1, max_length=100)]


class Upload(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file is called."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]


class Uploaded(Struct, frozen=True, kw_only=True):
    """A file that waits to be sent."""

    #: The mark to send along with a reply.
    file: str
    name: str
    content_type: str
    size: int


_ABOUT_KEY = "Any name of your own for this reply, at most 100 characters: the same name twice sends once."


@table.post("/conversations/{id}/reply", Role.AGENT, headers={"Idempotency-Key": _ABOUT_KEY})
async def reply(call: Call, id: str, body: Reply) -> ConversationView:
    """Answer the customer, and mark it done when asked to."""
    text = UNSEEN.sub("", body.text).strip()
    if not text:
        raise Invalid("Write something: the text is empty.")
    conversation = await find(call, id)
    answer = Answer(
        text=text,
        attachments=_attachments(call, body.files),
        resolve=body.resolve,
        key=_key(call),
        version=body.version,
    )
    changed = await call.parts.actions.reply(conversation.id, answer, agent=call.agent)
    return _view(call, changed)


@table.post("/conversations/{id}/resolve", Role.AGENT)
async def resolve(call: Call, id: str) -> ConversationView:
    """Mark it done."""
    agent = call.agent
    return _view(call, await call.parts.actions.resolve((await find(call, id)).id, agent=agent))


@table.post("/conversations/{id}/reopen", Role.AGENT)
async def reopen(call: Call, id: str) -> ConversationView:
    """Make it open work again."""
    agent = call.agent
    return _view(call, await call.parts.actions.reopen((await find(call, id)).id, agent=agent))


@table.post("/conversations/{id}/take", Role.AGENT)
async def take(call: Call, id: str) -> ConversationView:
    """Become its owner."""
    agent = call.agent
    return _view(call, await call.parts.actions.take((await find(call, id)).id, agent=agent))


@table.post("/conversations/{id}/release", Role.AGENT)
async def release(call: Call, id: str) -> ConversationView:
    """Give it back to its queue."""
    agent = call.agent
    return _view(call, await call.parts.actions.release((await find(call, id)).id, agent=agent))


@table.post("/conversations/{id}/unhold", Role.AGENT)
async def unhold(call: Call, id: str) -> ConversationView:
    """Let a held conversation into its queue."""
    agent = call.agent
    return _view(call, await call.parts.actions.unhold((await find(call, id)).id, agent=agent))


@table.post("/conversations/{id}/snooze", Role.AGENT)
async def snooze(call: Call, id: str, body: Snooze) -> ConversationView:
    """Set it aside until a time; it comes back by itself, or when the customer writes."""
    agent = call.agent
    if body.until.tzinfo is None:
        raise Invalid("`until` must carry a zone, as in 2026-11-23T18:00:00Z.")
    found = await find(call, id)
    return _view(call, await call.parts.actions.snooze(found.id, agent=agent, until=body.until))


@table.post("/conversations/{id}/merge", Role.AGENT)
async def merge(call: Call, id: str, body: Merge) -> ConversationView:
    """Let it live on in another conversation, which is returned; of different customers only a lead may."""
    agent, lead = call.agent, call.who.user.may(Role.LEAD)
    one, into = await find(call, id), await find(call, body.into.strip().lstrip("#"))
    return _view(call, await call.parts.actions.merge(one.id, into=into.id, agent=agent, lead=lead))


@table.post("/files", Role.AGENT, creates=True, takes="application/octet-stream")
async def upload(call: Call, query: Upload) -> Uploaded:
    """Keep a file for a reply; the body is the file's bytes."""
    data = await call.bytes(FILE_BYTES)
    if not data:
        raise Invalid("The file is empty.")
    name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", query.name).strip(". ") or "file"
    kind = call.request.content_type
    file = Attachment(name=name, content_type=kind, size=len(data), blob=await call.parts.blobs.put(data))
    mark = str(_marks(call).dumps(msgspec.to_builtins(file)))
    return Uploaded(file=mark, name=name, content_type=kind, size=len(data))


def _attachments(call: Call, marks: list[str]) -> list[Attachment]:
    try:
        found = [msgspec.convert(_marks(call).loads(mark), Attachment) for mark in marks]
    except (BadSignature, msgspec.ValidationError):
        raise Invalid("A file's mark is not ours. Upload the file again.") from None
    if sum(one.size for one in found) > ALL_BYTES:
        raise TooLarge(f"All files together may have {ALL_BYTES // 1024 // 1024} MB.")
    return found


def _marks(call: Call) -> URLSafeSerializer:
    """Sign for this person: a mark shows that they sent the file, not that they guessed its hash."""
    return URLSafeSerializer(call.parts.secret, salt=f"handleby.file.{call.who.user.id}")


def _key(call: Call) -> str:
    key = call.request.headers.get("Idempotency-Key", "")
    if key and not _KEY.fullmatch(key):
        raise Invalid("Idempotency-Key: use 1 to 100 letters, digits and signs without spaces.")
    return key


def _view(call: Call, conversation: Conversation) -> ConversationView:
    return views.conversation(call.parts.book(), conversation)
