"""Customers: who they are, what is known of them, and what they wrote before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

from msgspec import Meta, Struct

from router.conversation import Customer
from router.customers import Customers, Entry, attribute, checked_name, identity
from router.desk import views
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.failures import Invalid
from router.desk.views import ContactView, PersonView, WorkView
from router.errors import NotFound

table = Table("Customers")

#: Conversations shown.
MOST = 20


_Attributes = Annotated[
    dict[str, str | None],
    Meta(
        max_length=50,
        description="Name and value, such as tier: premium. null removes; what is not named stays.",
    ),
]


class Address(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to look for."""

    #: A mail address, a phone number, or `kind:address`.
    address: Annotated[str, Meta(min_length=1, max_length=320)]


class Attributes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a customer, as rules ask for it: `customer.tier`."""

    attributes: _Attributes


class Known(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of whoever has an address."""

    #: What they are called; "" = as it is.
    name: Annotated[str, Meta(max_length=200)] = ""
    attributes: _Attributes = {}


class CustomerView(Struct, frozen=True, kw_only=True):
    """A person who writes to us."""

    id: str
    version: int
    name: str
    identities: list[ContactView]
    #: tier, language, zone and whatever else is known.
    attributes: dict[str, str]
    #: Who answered them last.
    last_owner: PersonView | None
    #: Their newest conversations.
    conversations: list[WorkView]


class Found(Struct, frozen=True, kw_only=True):
    """Customers with an address."""

    customers: list[CustomerView]


@table.get("/customers", Role.AGENT)
async def find(call: Call, query: Address) -> Found:
    """Return the customers who have this address on any channel."""
    found = await _customers(call).find(query.address)
    return Found(customers=[await _view(call, one) for one in found])


@table.get("/customers/{id}", Role.AGENT)
async def show(call: Call, id: str) -> CustomerView:
    """Return a customer and their newest conversations."""
    customer = await call.parts.store.customer(id)
    if customer is None:
        raise NotFound(f"There is no customer {id[:40]!r}.")
    return await _view(call, customer)


@table.put("/customers/{id}/attributes", Role.LEAD)
async def set_attributes(call: Call, id: str, body: Attributes) -> CustomerView:
    """Set what is known of a customer; attributes that are not named stay as they are."""
    with _understood():
        changed = await _customers(call).change(id, _checked(body.attributes), by=call.who.agent)
    return await _view(call, changed)


@table.put("/customers/by-identity/{kind}/{address}", Role.LEAD)
async def put(call: Call, kind: str, address: str, body: Known) -> CustomerView:
    """Set what is known of whoever has this address; they need not have written yet."""
    with _understood():
        who = identity(kind, address)
        entry = Entry(identities=(who,), name=checked_name(body.name), attributes=_checked(body.attributes))
        changed = await _customers(call).put(entry, by=call.who.agent)
    return await _view(call, changed)


def _customers(call: Call) -> Customers:
    return Customers(call.parts.store, call.parts.clock)


def _checked(given: Mapping[str, str | None]) -> dict[str, str]:
    return {name: attribute(name, value or "") for name, value in given.items()}


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise Invalid(f"{error}.") from None


async def _view(call: Call, customer: Customer) -> CustomerView:
    book = call.parts.book()
    found = await call.parts.store.of_customer(customer.id, MOST)
    return CustomerView(
        id=customer.id,
        version=customer.version,
        name=customer.name,
        identities=[views.contact(one) for one in customer.identities],
        attributes=customer.attributes,
        last_owner=views.person(book, customer.last_owner),
        conversations=[views.work(book, one) for one in found],
    )
