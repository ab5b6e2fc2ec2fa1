"""What the desk is given: one frozen value."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from router.actions import Actions
from router.house import House
from router.ports import Blobs, Clock, Events, Store
from router.taps.tapped import Taps
from rules.evaluate import Rulebook


class Door(Protocol):
    """What signing in needs; `Parts` has it, and so does whatever the command line builds."""

    @property
    def store(self) -> Store:
        """The store."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock."""
        ...

    @property
    def secret(self) -> bytes:
        """The service's secret key."""
        ...

    @property
    def public_url(self) -> str:
        """Where people reach the desk."""
        ...

    @property
    def book(self) -> Callable[[], Rulebook]:
        """Return the rules that hold now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the desk works with."""

    store: Store
    events: Events
    blobs: Blobs
    clock: Clock
    actions: Actions
    #: Returns the rules that hold now.
    book: Callable[[], Rulebook]
    #: Returns the house that holds now: rules, texts, accounts, and who agreed to notes in their name.
    house: Callable[[], House]
    #: Returns the document of `/health/queues`.
    health: Callable[[], Awaitable[Mapping[str, Any]]]
    #: Signs links and uploaded files; the same on every process of a fleet.
    secret: bytes = field(repr=False)
    organisation: str
    public_url: str
    #: The organisation's zone, in which days and weeks begin.
    zone: str = "UTC"
    #: What the links of notes do; None = there are none, as for tools that have no customers.
    taps: Taps | None = None
    #: A sentence above every page, such as for the sample team.
    banner: str = ""
    #: True when nothing leaves the machine: then `/outbox` needs no sign-in.
    open_outbox: bool = False
    #: Sending address by `channel/account`, as far as it is known ("email/support": "help@example.com").
    senders: Mapping[str, str] = field(default_factory=dict)
