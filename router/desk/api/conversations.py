"""Conversations: finding, reading, and why they are where they are."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from router.conversation import Conversation
from router.desk import lines, views
from router.desk.accounts import Role
from router.desk.decided import DecisionView
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.lines import Transcript
from router.desk.views import ConversationView, PromiseView, WorkView
from router.errors import NotFound

table = Table("Conversations")


class Listing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which conversations."""

    status: Literal["open", "pending", "resolved", "snoozed", "held", "merged"] = "open"
    #: "" = any queue.
    queue: Annotated[str, Meta(max_length=100)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    #: `next` of the page before.
    after: Annotated[str, Meta(max_length=100)] = ""


class Search(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to look for."""

    q: Annotated[str, Meta(min_length=1, max_length=200)]
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class After(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where on."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=500)] = 200


class Page(Struct, frozen=True, kw_only=True):
    """Some conversations."""

    conversations: list[WorkView]
    #: Send it back as `after` for the next page; "" when there is none.
    next: str


class Explanation(Struct, frozen=True, kw_only=True):
    """Why a conversation is where it is."""

    reference: str
    decision: DecisionView | None
    #: The promise that runs, and those that ended.
    promise: PromiseView | None
    promises: list[PromiseView]
    no_note: str
    flags: list[str]


@table.get("/conversations", Role.AGENT)
async def listed(call: Call, query: Listing) -> Page:
    """Return conversations by urgency, a page at a time."""
    found = await call.parts.store.listed(
        status=query.status, queue=query.queue, limit=query.limit, after=query.after
    )
    return _page(call, found, found[-1].id if len(found) == query.limit else "")


@table.get("/search", Role.AGENT)
async def search(call: Call, query: Search) -> Page:
    """Return conversations that contain the words, newest first; a reference finds its own."""
    wanted = query.q.strip()
    exact = await call.parts.store.by_link(f"ref:{wanted.upper()}")
    if exact is not None:
        return _page(call, [exact], "")
    return _page(call, await call.parts.store.search(wanted, query.limit), "")


@table.get("/conversations/{id}", Role.AGENT)
async def show(call: Call, id: str) -> ConversationView:
    """Return one conversation, by its id or its reference."""
    return views.conversation(call.parts.book(), await find(call, id))


@table.get("/conversations/{id}/transcript", Role.AGENT)
async def transcript(call: Call, id: str, query: After) -> Transcript:
    """Return the lines of a conversation with seq above `after`, in order."""
    conversation = await find(call, id)
    found = await call.parts.store.transcript(conversation.id, after=query.after, limit=query.limit)
    book = call.parts.book()
    shown = [lines.line(book, conversation, one) for one in found]
    more = shown[-1].seq if len(found) == query.limit else None
    return Transcript(version=conversation.version, lines=shown, next=more)


@table.get("/conversations/{id}/explain", Role.AGENT)
async def explain(call: Call, id: str) -> Explanation:
    """Return why a conversation is where it is: the stored decision and the promises."""
    whole = views.conversation(call.parts.book(), await find(call, id))
    return Explanation(
        reference=whole.reference,
        decision=whole.decision,
        promise=whole.promise,
        promises=whole.promises,
        no_note=whole.no_note,
        flags=whole.flags,
    )


async def find(call: Call, id: str) -> Conversation:
    """Return a conversation by its id or its reference. Raises NotFound."""
    found = await call.parts.store.conversation(id)
    if found is None:
        found = await call.parts.store.by_link(f"ref:{id.upper()}")
    if found is None:
        raise NotFound(f"There is no conversation {id[:40]!r}.")
    return found


def _page(call: Call, found: list[Conversation], following: str) -> Page:
    book = call.parts.book()
    return Page(conversations=[views.work(book, one) for one in found], next=following)
