"""The Channel that each folder implements and the Host that it is given."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from aiohttp import web
from msgspec import Struct

from channels.cases import Case as Case  # noqa: PLC0414  # also offered here
from channels.cases import Slot as Slot  # noqa: PLC0414  # the same
from channels.cases import Standing as Standing  # noqa: PLC0414  # the same
from channels.cases import Work as Work  # noqa: PLC0414  # the same
from channels.message import Attachment, Identity, Message, Outgoing, Sent


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """Return the time as an aware UTC instant, whole milliseconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""
        ...


class Blobs(Protocol):
    """Content-addressed bytes: raw messages and attachments."""

    async def put(self, data: bytes) -> str:
        """Keep the bytes durably and return their address (hex SHA-256).

        Raises Unavailable when there is no room, or the disk does not answer.
        """
        ...

    async def get(self, blob: str) -> bytes:
        """Return the bytes. Raises KeyError when there are none, Unavailable when they cannot be read now."""
        ...


class Receipt(Struct, frozen=True, kw_only=True):
    """The message is stored: the sender may be told that we have it."""

    key: str
    #: True when this key had been stored before.
    duplicate: bool


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of a conversation as its customer may see it."""

    #: Place in the conversation, growing, assigned by the router.
    seq: int
    #: Message key, note id or reply id.
    id: str
    #: True when it came from us.
    ours: bool
    #: True for notes.
    automatic: bool = False
    author: str
    text: str
    at: datetime
    attachments: tuple[Attachment, ...] = ()


class Memo(Struct, frozen=True, kw_only=True):
    """A small thing that a channel keeps between restarts, the same on every process of the fleet."""

    value: str = ""
    #: 0 = there is none; each writing adds one.
    version: int = 0


class Cursor(Protocol):
    """A position in a provider's stream, held by one poller at a time."""

    #: What was saved last; "" at first.
    value: str

    async def save(self, value: str) -> None:
        """Keep the position durably; raises LeaseLost when another poller took over."""
        ...


class Host(Protocol):
    """All that a channel may ask of the service; one for each account."""

    channel: str
    account: str
    #: The account's settings, checked against the manifest, defaults filled in.
    settings: Mapping[str, object]
    organisation: str
    public_url: str
    #: The account's default language and zone.
    language: str
    zone: str
    clock: Clock
    blobs: Blobs

    async def deliver(self, message: Message) -> Receipt:
        """Store the message and ring the router.

        Acknowledge upstream (2xx, 250, cursor) only after this returned. Raises Unavailable when
        the message could not be stored: tell the sender to try again.
        """
        ...

    def cursor(self, name: str = "") -> AbstractAsyncContextManager[Cursor]:
        """Wait for the lease on this account's cursor and hold it inside the block."""
        ...

    async def transcript(self, thread: str, after: int = 0) -> Sequence[Line]:
        """Return the lines of the thread's conversation with seq above `after`, in order.

        Of a long one only the next few hundred come: ask again after the last, until none come.
        """
        ...

    def watch(self, thread: str) -> AsyncIterator[None]:
        """Yield each time the thread may have changed; also every few seconds, as hints get lost."""
        ...

    async def standing(self, thread: str) -> Standing | None:
        """Return where the thread's case stands; None while there is no conversation yet."""
        ...

    async def seen(self, thread: str, seq: int) -> None:
        """Note that the customer has seen the thread up to this seq, so that no copy goes elsewhere."""
        ...

    async def ours(
        self, message_id: str, *, thread: str = "", references: Sequence[str] = (), text: str = ""
    ) -> bool:
        """Tell whether our outbox sent this, or is sending it right now.

        For what a provider shows as written by our own account: what our outbox did not send was written
        by a person of ours in the provider's own app, and is delivered as a message of kind `agent`.
        `message_id` is the name that `send` returned or would return. As a copy may come back before `send`
        returned, an entry being sent in the conversation of `thread` or `references` with the same text counts.
        """
        ...

    async def recall(self, name: str) -> Memo:
        """Return what was kept for this account under the name.

        Like `remember`, `forget` and `ours`, raises Unavailable when the store cannot be asked.
        """
        ...

    async def remember(self, name: str, value: str, version: int, *, keep_s: float | None = None) -> bool:
        """Keep it if the stored version is still `version`; False when somebody else was faster.

        `keep_s`: forgotten after so many seconds; None = never.
        """
        ...

    async def forget(self, name: str) -> None:
        """Keep it no longer."""
        ...

    async def work(self, limit: int = 50) -> Sequence[Work]:
        """Return the account's open cases that have an owner and wait for us, most urgent first."""
        ...

    async def lookup(self, words: str) -> Case | None:
        """Return an open case, or None.

        `words` is its reference as written (`HB-7K2Q9M`) or as typed on the keys of a telephone (`752796`, with
        or without `42` for HB), or an identity key such as `phone:+4512345678`: then the customer's newest case.
        """
        ...

    async def slots(self, start: datetime, end: datetime, length_s: float) -> Sequence[Slot]:
        """Return the slots between two instants in which people of the account's queue are at work."""
        ...

    async def welcome(self, sender: Identity) -> bool:
        """Tell whether the rules let this customer use the channel (`allow_tiers`)."""
        ...

    async def pass_on(self, thread: str, agent: str, why: str) -> bool:
        """Take the thread's case from its owner, who could not be reached, and let the router find another.

        The agent counts as away for a few minutes, and both see why. False when they did not own it any more.
        """
        ...

    async def present(self) -> bool:
        """Tell whether somebody who could take this account's messages is present now."""
        ...

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes for this account and purpose, the same on every process of the fleet."""
        ...

    def report(self, state: str, error: str = "", *, part: str = "") -> None:
        """Tell health how a part of the account is: `starting`, `ok`, `degraded` or `down`, and why.

        Parts are judged apart, and the worst of them is shown: name `send` what sends, and others as
        you like (`receive`, `receive Sent`). A channel that works in one piece names none. Say `ok`
        only once it has been seen to work.
        """
        ...


class Route(Struct, frozen=True, kw_only=True):
    """A path that a channel answers on the public server."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]


class Channel(Protocol):
    """One account on one channel."""

    def routes(self) -> Sequence[Route]:
        """Return what the account answers itself, below `/hooks/<channel>/<account>`; often nothing."""
        ...

    async def receive(self) -> None:
        """Poll or listen until cancelled; return at once when all comes in by routes.

        Raised errors are reported, and receive is called again after a pause.
        """
        ...

    async def send(self, outgoing: Outgoing) -> Sent:
        """Send it once. Raises NotSent, Refused or InDoubt; anything else counts as InDoubt."""
        ...

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Read back from the provider whether it was sent; None when that cannot be told.

        Raises NotSent when the provider shows that it was certainly not sent.
        """
        ...


class Adapter(Protocol):
    """What `adapter.py` of each channel folder offers under the name `adapter`."""

    def open(self, host: Host) -> Channel:
        """Build the account's channel. Raises Misconfigured, naming the setting."""
        ...

    def pages(self, channels: Mapping[str, Channel]) -> Sequence[Route]:
        """Return the routes that all accounts of the channel share, such as `/chat`."""
        ...
