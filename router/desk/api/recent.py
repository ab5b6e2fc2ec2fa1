"""What went out last, so that a first look needs no mail server."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from router.conversation import Conversation, Item
from router.desk import views
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.means import capabilities
from router.desk.parts import Parts
from router.desk.views import ContactView
from router.taps import link as tap

table = Table("Outbox")


class Newest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class ItemView(Struct, frozen=True, kw_only=True):
    """Something that we said, or are about to say."""

    id: str
    conversation: str
    reference: str
    channel: str
    account: str
    #: The display name, and the sending address as far as it is known.
    author: str
    sender: str
    to: ContactView
    subject: str
    text: str
    #: The kind of note; "" for what a person wrote.
    note: str
    #: How it meets the customer: mail, chat, public or spoken.
    style: str
    #: pending, sending, sent, retry, failed, unknown or cancelled; and why.
    state: str
    reason: str
    at: datetime
    sent_at: datetime | None
    files: list[str]


class Outbox(Struct, frozen=True, kw_only=True):
    """What went out, newest first."""

    items: list[ItemView]


def _open(parts: Parts) -> bool:
    return parts.open_outbox


@table.get("/outbox", Role.AGENT, unless=_open)
async def recent(call: Call, query: Newest) -> Outbox:
    """Return what went out last.

    Anybody may look while every account stays on this machine.
    """
    found = await call.parts.store.recent_items(query.limit)
    ids = list(dict.fromkeys(conversation for conversation, _ in found))
    known = {one.id: one for one in await call.parts.store.conversations(ids)}
    return Outbox(items=[_view(call, known[where], item) for where, item in found if where in known])


def _view(call: Call, conversation: Conversation, item: Item) -> ItemView:
    place = f"{conversation.channel}/{conversation.account}"
    return ItemView(
        id=item.id,
        conversation=conversation.id,
        reference=conversation.reference,
        channel=conversation.channel,
        account=conversation.account,
        author=item.author_name,
        sender=call.parts.senders.get(place, ""),
        to=views.contact(item.to),
        subject=item.subject,
        text=item.text if item.note is None or call.parts.open_outbox else tap.hidden(item.text),
        note=item.note or "",
        style=capabilities(conversation.channel).style,
        state=item.state,
        reason=item.reason,
        at=item.at,
        sent_at=item.sent_at,
        files=[one.name for one in item.attachments],
    )
