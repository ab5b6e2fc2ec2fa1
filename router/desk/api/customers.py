"""Customers: who they are, what is known of them, and what they wrote before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

from msgspec import Meta, Struct

from router.conversation import Customer, Join
from router.customers import persons
from router.customers.edits import Customers, Entry
from router.customers.fields import attribute, checked_name, identity
from router.customers.joiner import Joiner
from router.desk import views, who
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.failures import Invalid
from router.desk.views import WorkView
from router.desk.who import CustomerView, JoinView
from router.errors import ActionError, NotFound

table = Table("Customers")

#: Most customers that words find.
FOUND = 10


_Attributes = Annotated[
    dict[str, str | None],
    Meta(
        max_length=50,
        description="Name and value, such as tier: premium. null removes; what is not named stays.",
    ),
]


class Wanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to look for: one of the two."""

    #: A mail address, a phone number, or `kind:address`.
    address: Annotated[str, Meta(max_length=320)] = ""
    #: An address, or words of what they wrote or are called.
    q: Annotated[str, Meta(max_length=320)] = ""


class Same(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is the same person."""

    #: Id or address of the other customer.
    other: Annotated[str, Meta(min_length=1, max_length=320)]


class Two(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which two parts, joined to each other, are two people."""

    one: Annotated[str, Meta(min_length=1, max_length=100)]
    other: Annotated[str, Meta(min_length=1, max_length=100)]


class Length(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the history."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class History(Struct, frozen=True, kw_only=True):
    """What passed between us and a person, under all their identities."""

    #: Newest first.
    conversations: list[WorkView]
    joins: list[JoinView]


class Attributes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a customer, as rules ask for it: `customer.tier`."""

    attributes: _Attributes


class Known(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of whoever has an address."""

    #: What they are called; "" = as it is.
    name: Annotated[str, Meta(max_length=200)] = ""
    attributes: _Attributes = {}


class Found(Struct, frozen=True, kw_only=True):
    """Customers with an address."""

    customers: list[CustomerView]


@table.get("/customers", Role.AGENT)
async def find(call: Call, query: Wanted) -> Found:
    """Return the customers who have this address on any channel, or whom the words find."""
    if bool(query.address.strip()) == bool(query.q.strip()):
        raise Invalid("Give `address` or `q`.")
    customers = _customers(call)
    found = await (customers.find(query.address) if query.address else customers.like(query.q, FOUND))
    return Found(customers=[await who.show(call.parts, one) for one in found])


@table.get("/customers/{id}", Role.AGENT)
async def show(call: Call, id: str) -> CustomerView:
    """Return the person who this customer is now, and their newest conversations."""
    return await who.show(call.parts, await _known(call, id))


@table.get("/customers/{id}/history", Role.AGENT)
async def history(call: Call, id: str, query: Length) -> History:
    """Return the conversations of a person under all their identities, and why these are one person's."""
    one, book = await _known(call, id), call.parts.book()
    names = {part.id: who.called(part) for part in one.parts}
    return History(
        conversations=[
            views.work(book, each) for each in await call.parts.store.of_customer(id, query.limit)
        ],
        joins=[who.join(book, each, names) for each in one.joins],
    )


@table.post("/customers/{id}/join", Role.AGENT)
async def join(call: Call, id: str, body: Same) -> CustomerView:
    """Say that another customer is the same person; what is known of both holds for the one from now on.

    Each keeps what it has for `split`. Answers still go where they were asked for.
    """
    one, other = await _known(call, id), await _customers(call).named(body.other.strip())
    if one.id == other.id:
        raise ActionError("They are one person already.")
    said = Join(
        one=id if id in one.ids else one.id,
        other=other.id,
        evidence=persons.PERSON,
        by=_by(call),
        at=call.parts.clock.now(),
    )
    return await who.show(call.parts, await _joiner(call).join(said))


@table.post("/customers/{id}/split", Role.AGENT)
async def split(call: Call, id: str, body: Two) -> Found:
    """Say that two parts of this person are two people; each gets back what it had and what came by it since."""
    found = await _joiner(call).split(id, body.one, body.other, by=_by(call))
    return Found(customers=[await who.show(call.parts, one) for one in found])


@table.put("/customers/{id}/attributes", Role.LEAD)
async def set_attributes(call: Call, id: str, body: Attributes) -> CustomerView:
    """Set what is known of a customer; attributes that are not named stay as they are."""
    with _understood():
        changed = await _customers(call).change(id, _checked(body.attributes), by=call.who.agent)
    return await who.show(call.parts, changed)


@table.put("/customers/by-identity/{kind}/{address}", Role.LEAD)
async def put(call: Call, kind: str, address: str, body: Known) -> CustomerView:
    """Set what is known of whoever has this address; they need not have written yet."""
    with _understood():
        given = identity(kind, address)
        entry = Entry(identities=(given,), name=checked_name(body.name), attributes=_checked(body.attributes))
        changed = await _customers(call).put(entry, by=call.who.agent)
    return await who.show(call.parts, changed)


def _customers(call: Call) -> Customers:
    return Customers(call.parts.store, call.parts.clock)


def _joiner(call: Call) -> Joiner:
    return Joiner(call.parts.store, call.parts.events, call.parts.clock)


async def _known(call: Call, id: str) -> Customer:
    customer = await call.parts.store.customer(id)
    if customer is None:
        raise NotFound(f"There is no customer {id[:40]!r}.")
    return customer


def _by(call: Call) -> str:
    """Return who decides: an agent, or a lead's program by name. Raises Forbidden."""
    program = not call.who.agent and call.who.user.may(Role.LEAD)
    return call.who.user.name if program else call.agent


def _checked(given: Mapping[str, str | None]) -> dict[str, str]:
    return {name: attribute(name, value or "") for name, value in given.items()}


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise Invalid(f"{error}.") from None
