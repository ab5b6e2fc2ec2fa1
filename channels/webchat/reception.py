"""What a visitor may do on one account, whatever carries the frames."""

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct

from channels.errors import Unavailable
from channels.message import Message
from channels.port import Host, Line
from channels.webchat import frames, parse
from channels.webchat.errors import Crowded, Denied, Refusal
from channels.webchat.frames import Ack, Hello, Nack, Reach, State, Welcome, Write
from channels.webchat.limits import Rate, network
from channels.webchat.parse import Arrival, Visitor
from channels.webchat.session import Sessions
from channels.webchat.settings import ChatSettings

#: A line may become visible after one with a higher seq (a note on its way out), so we look back this far.
LOOK_BACK = 20
#: One address may ask this many times as much as one visitor, and open so many conversations a minute.
_PER_ADDRESS = 6
_NEW_PER_MINUTE = 60


class Timing(Struct, frozen=True, kw_only=True):
    """How long the service waits, in seconds."""

    #: For the first frame.
    hello_s: float = 10.0
    #: For the store to take a message.
    deliver_s: float = 10.0
    #: For a browser to read what was sent, before it is called too slow.
    send_s: float = 10.0
    #: Between pings.
    heartbeat_s: float = 25.0
    #: A request without WebSocket waits this long for news.
    poll_s: float = 25.0


class Reception:
    """Takes visitors and what they write; keeps no state that another process would miss."""

    def __init__(self, host: Host, settings: ChatSettings, timing: Timing) -> None:
        """Take the service, the account's settings and how long to wait."""
        self._host = host
        self._settings = settings
        self._timing = timing
        self.sessions = Sessions(
            secret=host.secret("visitor"),
            identity_secret=settings.identity_secret,
            lifetime_s=settings.session_s,
        )
        burst = max(3, settings.rate // 3)
        self._visitors = Rate(per_minute=settings.rate, burst=burst)
        self._addresses = Rate(per_minute=settings.rate * _PER_ADDRESS, burst=burst * _PER_ADDRESS)
        self._newcomers = Rate(per_minute=_NEW_PER_MINUTE, burst=_NEW_PER_MINUTE)

    def welcome(self, hello: Hello, remote: str | None) -> tuple[Welcome, Visitor]:
        """Let somebody in. Raises Denied (token, identity), Refusal (version) or Crowded."""
        if hello.v != frames.VERSION:
            raise Refusal("version", f"This service speaks version {frames.VERSION} of the protocol.")
        now = self._host.clock.now()
        if hello.identity is not None:
            proved = self.sessions.identify(hello.identity, now)
        elif hello.token:
            proved = self.sessions.renewed(self.sessions.check(hello.token, now), now)
        else:
            self._newcomers.take(network(remote), now.timestamp())
            proved = self.sessions.new(now)
        return self._greet(parse.visitor(hello, proved))

    def _greet(self, visitor: Visitor) -> tuple[Welcome, Visitor]:
        proved = visitor.proved
        if self._settings.require_identity and not proved.verified:
            raise Denied("identity_required", "Only visitors whom the site has identified may write here.")
        greeting = Welcome(
            token=self.sessions.token(proved),
            session=proved.session,
            verified=proved.verified,
            name=proved.name or visitor.name,
            heartbeat_s=self._timing.heartbeat_s,
        )
        return greeting, visitor

    async def write(self, frame: Write, by: Visitor, remote: str | None) -> Ack | Nack:
        """Take what the visitor wrote; Ack only once it is stored."""
        taken = self._take(frame.client_id, by, remote, lambda at: parse.message(frame, by, at))
        return taken if isinstance(taken, Nack) else await self._deliver(taken, frame.client_id)

    async def reach(self, frame: Reach, by: Visitor, remote: str | None) -> Ack | Nack:
        """Take the visitor's address; without a conversation it goes along with the first message."""
        taken = self._take(frame.client_id, by, remote, lambda at: parse.contact(frame, by, at))
        if isinstance(taken, Nack):
            return taken
        if await self._host.standing(by.proved.session) is None:
            return Ack(client_id=frame.client_id)
        return await self._deliver(taken, frame.client_id)

    async def state(self, thread: str) -> State:
        """Return who answers and by when."""
        standing = await self._host.standing(thread)
        present = await self._host.present()
        return State(at=self._host.clock.now(), present=present, standing=standing)

    async def lines(self, thread: str, after: int) -> Sequence[Line]:
        """Return the lines above `after`, and the last few below it, which may have come late."""
        return await self._host.transcript(thread, max(0, after - LOOK_BACK))

    def _take(
        self, client_id: str, by: Visitor, remote: str | None, build: Callable[[Arrival], Message]
    ) -> Message | Nack:
        arrival = Arrival(
            account=self._host.account, at=self._host.clock.now(), max_length=self._settings.max_length
        )
        now = arrival.at.timestamp()
        try:
            message = build(arrival)
            self._visitors.take(by.proved.session, now)
            self._addresses.take(network(remote), now)
        except (Refusal, Crowded) as no:
            again = isinstance(no, Crowded)
            return Nack(client_id=client_id, retry=again, code=no.code, text=no.text, after_s=no.after_s)
        return message

    async def _deliver(self, message: Message, client_id: str) -> Ack | Nack:
        try:
            async with asyncio.timeout(self._timing.deliver_s):
                receipt = await self._host.deliver(message)
        except (Unavailable, TimeoutError):
            text = "The service cannot store messages right now."
            return Nack(client_id=client_id, retry=True, code="unavailable", text=text, after_s=2.0)
        return Ack(client_id=client_id, key=receipt.key, at=message.received_at)
