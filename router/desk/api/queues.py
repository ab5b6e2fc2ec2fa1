"""Queues in figures, and the health document for the page about it."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from router.desk import views
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.views import PersonView
from router.ports import QueueStat

table = Table("Queues")

#: Due within this many seconds = at risk.
RISK_S = 1800.0


class QueueView(Struct, frozen=True, kw_only=True):
    """How a queue stands."""

    id: str
    #: Who answers for waiting work, first choice first.
    duty: list[PersonView]
    #: Open conversations without an owner, and with one.
    waiting: int
    assigned: int
    #: Open and past due; open and due within half an hour.
    overdue: int
    at_risk: int
    parked: int
    #: Arrival of the oldest that waits, and the most urgent due time.
    oldest_at: datetime | None
    next_due_at: datetime | None


class Queues(Struct, frozen=True, kw_only=True):
    """All queues."""

    queues: list[QueueView]


@table.get("/queues", Role.AGENT)
async def queues(call: Call) -> Queues:
    """Return how every queue stands."""
    now = call.parts.clock.now()
    stats = await call.parts.store.queue_stats(now=now, since=now - timedelta(hours=1), risk_s=RISK_S)
    names = dict.fromkeys([*call.parts.book().queues, *(one.queue for one in stats)])
    return Queues(queues=[_view(call, name, [one for one in stats if one.queue == name]) for name in names])


@table.get("/health", Role.OPS)
async def health(call: Call) -> dict[str, Any]:
    """Return the document of `/health/queues`: causes, queues, promises, channels."""
    return dict(await call.parts.health())


def _view(call: Call, id: str, stats: list[QueueStat]) -> QueueView:
    book = call.parts.book()
    known = book.queues.get(id)
    duty = [views.person(book, one) for one in known.duty] if known else []
    return QueueView(
        id=id,
        duty=[one for one in duty if one is not None],
        waiting=sum(one.waiting for one in stats),
        assigned=sum(one.assigned for one in stats),
        overdue=sum(one.overdue for one in stats),
        at_risk=sum(one.at_risk for one in stats),
        parked=sum(one.parked for one in stats),
        oldest_at=min((one.oldest_at for one in stats if one.oldest_at), default=None),
        next_due_at=min((one.next_due_at for one in stats if one.next_due_at), default=None),
    )
