"""What the desk is given: one frozen value, and the agents' verbs that it calls."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from channels.message import Attachment
from router.conversation import Agent, Conversation
from router.ports import Blobs, Clock, Events, Store
from rules.evaluate import Rulebook


class Actions(Protocol):
    """What an agent may do. Each verb raises NotFound, Conflict or Forbidden."""

    async def reply(  # noqa: PLR0913  # one verb; all but the first are named
        self,
        id: str,
        *,
        agent: str,
        text: str,
        attachments: Sequence[Attachment] = (),
        resolve: bool = False,
        key: str = "",
        version: int | None = None,
    ) -> Conversation:
        """Answer the customer.

        The same `key` twice sends once. `version` is what the agent saw: Conflict when somebody
        else answered since.
        """
        ...

    async def resolve(self, id: str, *, agent: str) -> Conversation:
        """Mark it done."""
        ...

    async def reopen(self, id: str, *, agent: str) -> Conversation:
        """Make it open work again."""
        ...

    async def take(self, id: str, *, agent: str) -> Conversation:
        """Become its owner; Conflict when somebody else owns it now."""
        ...

    async def release(self, id: str, *, agent: str) -> Conversation:
        """Give it back to its queue."""
        ...

    async def unhold(self, id: str, *, agent: str) -> Conversation:
        """Let a held conversation into the queue."""
        ...

    async def presence(self, agent: str, *, said: str, until: datetime | None) -> Agent:
        """Note what the agent says: "here", "away" or "" (let shift and heartbeat tell)."""
        ...

    async def heartbeat(self, agent: str) -> None:
        """Note that the agent's desk is open."""
        ...


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
    #: Returns the document of `/health/queues`.
    health: Callable[[], Awaitable[Mapping[str, Any]]]
    #: Signs links and uploaded files; the same on every process of a fleet.
    secret: bytes = field(repr=False)
    organisation: str
    public_url: str
    #: A sentence above every page, such as for the sample team.
    banner: str = ""
    #: True when nothing leaves the machine: then `/outbox` needs no sign-in.
    open_outbox: bool = False
    #: Sending address by `channel/account`, as far as it is known ("email/support": "help@example.com").
    senders: Mapping[str, str] = field(default_factory=dict)
