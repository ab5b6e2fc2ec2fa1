"""My work, and live news of it."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from router.desk import views
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.views import WorkView

table = Table("Work")


class Amount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of my work."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class Work(Struct, frozen=True, kw_only=True):
    """What lies before me, most urgent first."""

    #: Open work that I own.
    mine: list[WorkView]
    #: Open work without owner that I answer for.
    watched: list[WorkView]


@table.get("/work", Role.AGENT)
async def work(call: Call, query: Amount) -> Work:
    """Return my work by urgency, and what I watch over."""
    if not call.who.agent:
        return Work(mine=[], watched=[])
    book = call.parts.book()
    mine = await call.parts.store.mine(call.who.agent, query.limit)
    watched = await call.parts.store.watched(call.who.agent, query.limit)
    return Work(
        mine=[views.work(book, one) for one in mine], watched=[views.work(book, one) for one in watched]
    )


@table.get("/live", Role.AGENT, media="text/event-stream")
async def live(call: Call) -> web.StreamResponse:
    """Stream hints as server-sent events: `{kind, id, version}` of what changed.

    A hint may be lost; ask again now and then.
    """
    return await call.streams.serve(call.request, call.parts, call.gate, call.who.user.id)
