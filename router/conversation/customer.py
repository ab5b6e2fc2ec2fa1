"""Who writes to us: a customer, and the customers of old who turned out to be the same person."""

from datetime import datetime

from msgspec import Struct

from channels.message import Identity


class Mark(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When an attribute was set or removed, and by whom."""

    at: datetime
    #: True when a person of ours set it; False when a channel told it.
    person: bool = False
    #: Agent id, where one is known.
    by: str = ""


class Join(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why two customers are the same person."""

    #: Ids of the customers they were.
    one: str
    other: str
    #: "signed", "address" or "person", see `router.customers.persons`.
    evidence: str
    #: The identity that proves it; "" when a person decided.
    key: str = ""
    #: Agent id or name of whoever decided; "" for the router.
    by: str = ""
    at: datetime


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of somebody under the identities that they came with."""

    id: str
    name: str = ""
    identities: tuple[Identity, ...] = ()
    #: tier, language, zone, … set by API, import or signed chat identity.
    attributes: dict[str, str] = {}
    #: When and by whom each attribute was set; one that was removed keeps its mark.
    marks: dict[str, Mark] = {}
    #: Addresses that they say are theirs; nothing rests on them.
    claims: tuple[Identity, ...] = ()
    #: Who answered them last, for a sticky owner across conversations, and when.
    last_owner: str = ""
    last_owner_at: datetime | None = None


class Customer(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A person who writes to us; after a join the fields of `Part` show all parts as one."""

    version: int = 0
    #: The customers that this person was, this one first; empty as long as it is one.
    parts: tuple[Part, ...] = ()
    #: What holds the parts together.
    joins: tuple[Join, ...] = ()
    #: Ids of customers of whom a person said that they are somebody else.
    apart: tuple[str, ...] = ()
    #: The customer who has this one as a part; this record is then what it was when they were joined.
    joined_into: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of all customers that this person is."""
        return tuple(part.id for part in self.parts) or (self.id,)
