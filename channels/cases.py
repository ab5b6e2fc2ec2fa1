"""What a channel may know of cases: where one stands, whose turn it is, who can speak about it, when there is room."""

from datetime import datetime

from msgspec import Struct

from channels.message import Identity


class Standing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a customer may know of where their case stands."""

    reference: str
    status: str
    #: Display name of the accountable person, and whether it is theirs (assigned) or they watch over it.
    person: str
    assigned: bool
    #: The promised time, else the due time; None when nobody is waiting.
    by: datetime | None = None
    #: True when the accountable person is present now.
    present: bool = False
    #: Place in line while nobody has it, 1 = the next; 0 = not known, or far back.
    position: int = 0


class Work(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An open case of the account that has an owner and waits for us."""

    conversation: str
    reference: str
    thread: str
    #: The owner: agent id, display name, and their number as it stands in the rules ("" = none).
    agent: str
    agent_name: str
    agent_phone: str
    customer: Identity
    #: What it is about, in a few words.
    about: str = ""
    due_at: datetime
    #: Since when the customer waits.
    since: datetime
    #: When the customer wants to be reached, not earlier; None = as soon as possible.
    not_before: datetime | None = None


class Case(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An open case that somebody asks for, and who can speak about it."""

    conversation: str
    reference: str
    channel: str
    account: str
    thread: str
    status: str
    #: The owner, whoever had it last, or the duty person: agent id and display name.
    agent: str
    person: str
    #: Their number and the lead's; "" = none is known, or they are off work now.
    person_phone: str = ""
    lead: str = ""
    lead_name: str = ""
    lead_phone: str = ""
    #: True when somebody has it; False while it waits for an owner.
    assigned: bool = False
    #: A name by which a later message may cite the case; "" = none yet.
    cite: str = ""


class Slot(Struct, frozen=True, kw_only=True):
    """A stretch of time in which customers can be called."""

    start: datetime
    end: datetime
    #: How many cases the people at work then can take, what else is due then taken off. What is booked through
    #: this account itself is not: the channel counts its own bookings.
    free: int
