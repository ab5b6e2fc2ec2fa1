"""What the API shows of customers: one person with all identities, why they are one, and what they wrote."""

from datetime import datetime

from msgspec import Struct

from router.conversation import Customer, Join, Part
from router.customers import persons
from router.desk import views
from router.desk.parts import Parts
from router.desk.views import ContactView, PersonView, WorkView
from rules.evaluate import Rulebook

#: Conversations shown with a customer.
MOST = 20


class PartView(Struct, frozen=True, kw_only=True):
    """A customer that this person was before they were joined."""

    id: str
    name: str
    called: str
    identities: list[ContactView]
    attributes: dict[str, str]


class JoinView(Struct, frozen=True, kw_only=True):
    """Why two customers are the same person; undo it with `split`."""

    #: Ids of parts, and what to call them.
    one: str
    other: str
    called_one: str
    called_other: str
    #: signed, address or person.
    evidence: str
    #: The evidence as a sentence.
    says: str
    #: Who decided; null for the router.
    by: PersonView | None
    at: datetime


class ConflictView(Struct, frozen=True, kw_only=True):
    """An attribute of which the parts say different things."""

    name: str
    #: What holds; "" = it was removed.
    value: str
    others: list[str]
    #: Why that holds.
    why: str


class LikelyView(Struct, frozen=True, kw_only=True):
    """Somebody who may be the same person, for people to decide."""

    id: str
    called: str
    #: What both have, or the one says and the other has.
    address: str


class CustomerView(Struct, frozen=True, kw_only=True):
    """A person who writes to us."""

    id: str
    version: int
    name: str
    called: str
    identities: list[ContactView]
    #: Addresses that they say are theirs, which nothing proves.
    claims: list[ContactView]
    #: tier, language, zone and whatever else is known.
    attributes: dict[str, str]
    #: Who answered them last.
    last_owner: PersonView | None
    #: The customers that they were, if they were several, and what joins them.
    parts: list[PartView]
    joins: list[JoinView]
    conflicts: list[ConflictView]
    #: Others with the same addresses who are not joined.
    likely: list[LikelyView]
    #: Their newest conversations, under whatever identity.
    conversations: list[WorkView]


async def show(parts: Parts, one: Customer) -> CustomerView:
    """Return a customer as they are shown."""
    book = parts.book()
    found = await parts.store.of_customer(one.id, MOST)
    shown = [part(each) for each in one.parts]
    return CustomerView(
        id=one.id,
        version=one.version,
        name=one.name,
        called=called(one),
        identities=[views.contact(each) for each in one.identities],
        claims=[views.contact(each) for each in one.claims],
        attributes=one.attributes,
        last_owner=views.person(book, one.last_owner),
        parts=shown,
        joins=[join(book, each, {part.id: part.called for part in shown}) for each in one.joins],
        conflicts=[_conflict(each) for each in persons.conflicts(one)],
        likely=await _likely(parts, one),
        conversations=[views.work(book, each) for each in found],
    )


def part(one: Part) -> PartView:
    """Return a part as it is shown."""
    return PartView(
        id=one.id,
        name=one.name,
        called=called(one),
        identities=[views.contact(each) for each in one.identities],
        attributes=one.attributes,
    )


def called(one: Part) -> str:
    """Return what to call them: the name, else an address."""
    return one.name or next((views.called(each) for each in one.identities), "Unknown")


def join(book: Rulebook, one: Join, names: dict[str, str]) -> JoinView:
    """Return a join as it is shown."""
    by = views.person(book, one.by)
    address = one.key.partition(":")[2]
    says = {
        persons.SIGNED: f"It is proved that {address} is theirs too.",
        persons.ADDRESS: f"Both have proved that {address} is theirs.",
    }
    decided = f"{by.name if by else 'Somebody'} said so."
    return JoinView(
        one=one.one,
        other=one.other,
        called_one=names.get(one.one, one.one),
        called_other=names.get(one.other, one.other),
        evidence=one.evidence,
        says=says.get(one.evidence, decided),
        by=by,
        at=one.at,
    )


def _conflict(one: persons.Conflict) -> ConflictView:
    why = "a person set it" if one.person else "it was told last"
    return ConflictView(name=one.name, value=one.value, others=list(one.others), why=why)


async def _likely(parts: Parts, one: Customer) -> list[LikelyView]:
    """Find who else has an address that this customer has or says they have."""
    keys = {each.key: each.address for each in (*one.identities, *one.claims)}
    found = await parts.store.customers_of(list(keys))
    known = {other.id: (other, keys[key]) for key, other in found.items()}
    others = [
        (other, address)
        for other, address in known.values()
        if other.id != one.id and not persons.parted(one, other)
    ]
    return [LikelyView(id=other.id, called=called(other), address=address) for other, address in others]
