"""My work, and live news of it."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from router.conversation import Conversation
from router.desk import views
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.views import WorkView

table = Table("Work")

#: Open conversations of each queue that are looked through for what is at risk, the most urgent ones.
LED = 200


class Amount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of my work."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class Work(Struct, frozen=True, kw_only=True):
    """What lies before me, most urgent first."""

    #: Open work that I own.
    mine: list[WorkView]
    #: Open work without owner that I answer for.
    watched: list[WorkView]
    #: Of the queues that I lead, what somebody has promised and may not keep.
    led: list[WorkView]


@table.get("/work", Role.AGENT)
async def work(call: Call, query: Amount) -> Work:
    """Return my work by urgency, and what I watch over."""
    if not call.who.agent:
        return Work(mine=[], watched=[], led=[])
    book = call.parts.book()
    mine = await call.parts.store.mine(call.who.agent, query.limit)
    watched = await call.parts.store.watched(call.who.agent, query.limit)
    led = await _led(call, call.who.agent)
    shown = [[views.work(book, one) for one in found] for found in (mine, watched, led)]
    return Work(mine=shown[0], watched=shown[1], led=shown[2])


async def _led(call: Call, agent: str) -> list[Conversation]:
    """Return what is at risk in the queues that the agent leads, of the most urgent of each."""
    led = [queue.id for queue in call.parts.book().queues.values() if queue.lead == agent]
    found = [
        one
        for queue in led
        for one in await call.parts.store.listed(status="open", queue=queue, limit=LED, after="")
        if views.at_risk(one)
    ]
    return sorted(found, key=lambda one: one.urgency)


@table.get("/live", Role.AGENT, media="text/event-stream")
async def live(call: Call) -> web.StreamResponse:
    """Stream hints as server-sent events: `{kind, id, version}` of what changed.

    A hint may be lost; ask again now and then.
    """
    return await call.streams.serve(call.request, call.parts, call.gate, call.who.user.id)
