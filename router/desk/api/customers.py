"""Customers: who they are and what they wrote before."""

from msgspec import Struct

from router.desk import views
from router.desk.accounts import Role
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.views import ContactView, PersonView, WorkView
from router.errors import NotFound

table = Table("Customers")

#: Conversations shown.
MOST = 20


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


@table.get("/customers/{id}", Role.AGENT)
async def show(call: Call, id: str) -> CustomerView:
    """Return a customer and their newest conversations."""
    customer = await call.parts.store.customer(id)
    if customer is None:
        raise NotFound(f"There is no customer {id[:40]!r}.")
    book = call.parts.book()
    found = await call.parts.store.of_customer(id, MOST)
    return CustomerView(
        id=customer.id,
        version=customer.version,
        name=customer.name,
        identities=[views.contact(one) for one in customer.identities],
        attributes=customer.attributes,
        last_owner=views.person(book, customer.last_owner),
        conversations=[views.work(book, one) for one in found],
    )
