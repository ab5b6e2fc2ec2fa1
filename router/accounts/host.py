"""The Host that each account's channel is given: all it may ask of the service."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from channels.errors import LeaseLost
from channels.message import Identity, Message
from channels.port import Blobs, Case, Clock, Line, Memo, Receipt, Slot, Standing, Work
from router import assign
from router.accept import Acceptor
from router.accounts.calls import Calls
from router.accounts.leases import LEASE_POLL_S, LEASE_S, StoreCursor
from router.accounts.lines import expected_by, leaving, line_of, position
from router.accounts.reports import Reports
from router.accounts.storing import Kept, storing
from router.conversation import Agent, Conversation, thread_link
from router.house import Account, House
from router.ports import Events, Ids, Record, Store
from router.tasks import beside
from router.watch import Watchers

#: Lines read at a time, and for how long it is remembered who is present.
TRANSCRIPT = 500
AGENTS_S = 1.0

#: The cursor that the running code holds: what it reports is known to the holder only.
_HELD: ContextVar[str] = ContextVar("_HELD", default="")


class Agents:
    """Who is there, read at most once a second for all accounts."""

    def __init__(self) -> None:
        self._reading = asyncio.Lock()
        self._known: tuple[datetime, Mapping[str, Agent]] | None = None

    async def read(self, store: Store, clock: Clock) -> Mapping[str, Agent]:
        """Return the agents as they were within the last second."""
        async with self._reading:
            now = clock.now()
            if self._known is None or abs((now - self._known[0]).total_seconds()) >= AGENTS_S:
                self._known = now, await store.agents()
            return self._known[1]


class HostParts(Struct, frozen=True, kw_only=True):
    """What every host shares."""

    store: Store
    blobs: Blobs
    clock: Clock
    events: Events
    ids: Ids
    acceptor: Acceptor
    house: Callable[[], House]
    secret: bytes
    organisation: str
    public_url: str
    agents: Agents = field(default_factory=Agents)


class AccountHost:
    """The Host of one account."""

    def __init__(self, parts: HostParts, account: Account, settings: Mapping[str, object]) -> None:
        """Take the shared parts, what the router knows of the account, and its checked settings."""
        self._parts, self._account = parts, account
        self.settings = settings
        self.channel, self.account = account.channel, account.name
        self.organisation, self.public_url = parts.organisation, parts.public_url
        self.language, self.zone = account.language, account.zone
        self.clock = parts.clock
        self.blobs: Blobs = Kept(parts.blobs)
        self._watchers = Watchers(account.channel, account.name, parts.events)
        self._calls = Calls(parts.store, parts.events, parts.clock, parts.house, account)
        self.reports = Reports(account.channel, account.name, parts.clock.now())

    async def deliver(self, message: Message) -> Receipt:
        """Store the message and ring the router; see `channels.port.Host`."""
        self._watchers.arriving(message.thread)
        receipt = await self._parts.acceptor.deliver(message)
        self.reports.seen(self.clock.now())
        return receipt

    @asynccontextmanager
    async def cursor(self, name: str = "") -> AsyncIterator[StoreCursor]:
        """Wait for the lease on this account's cursor and hold it inside the block."""
        full = f"cursor:{self.channel}:{self.account}:{name}"
        holder = self._parts.ids.new("poller")
        while (lease := await self._parts.store.lease(full, holder, LEASE_S)) is None:
            self.reports.leave(full)
            await self.clock.sleep(LEASE_POLL_S)
        cursor = StoreCursor(self._parts.store, lease)
        held = _HELD.set(full)
        try:
            async with beside(cursor.keep(self.clock)):
                yield cursor
        except LeaseLost:
            self.reports.leave(full)
            raise
        finally:
            _HELD.reset(held)
            await self._parts.store.release(cursor.lease)

    async def _found(self, thread: str) -> Conversation | None:
        with storing():
            found = await self._parts.store.by_link(thread_link(self.channel, self.account, thread))
        if found is not None:
            self._watchers.found(thread, found.id)
        return found

    async def transcript(self, thread: str, after: int = 0) -> Sequence[Line]:
        """Return what the thread's customer may see, with seq above `after`, in order.

        Of a long one only the next few hundred lines come at a time; none are left when none come.
        """
        found = await self._found(thread)
        lines: list[Line] = []
        while found is not None and after < found.seq and not lines:
            rows = await self._parts.store.transcript(found.id, after=after, limit=TRANSCRIPT)
            lines = [line for row in rows if (line := line_of(row)) is not None]
            after = rows[-1].seq if rows else found.seq
        return lines

    async def watch(self, thread: str) -> AsyncIterator[None]:
        """Yield each time the thread may have changed, and every few seconds."""
        async with self._watchers.watching(thread) as watcher:
            while True:
                yield
                await self._watchers.next(watcher)

    async def standing(self, thread: str) -> Standing | None:
        """Return where the thread's case stands."""
        found = await self._found(thread)
        if found is None or not found.accountable:
            return None
        house = self._parts.house()
        person = house.book.people.get(found.accountable)
        agents = await self._parts.agents.read(self._parts.store, self.clock)
        agent = agents.get(found.accountable)
        here = (
            person is not None
            and agent is not None
            and assign.is_present(agent, house.book.calendar_of(person), self.clock.now())
        )
        return Standing(
            reference=found.reference,
            status=found.status.value,
            person=person.name if person is not None else "",
            assigned=bool(found.owner),
            by=expected_by(found),
            present=here,
            position=await position(self._parts.store, found),
        )

    async def present(self) -> bool:
        """Tell whether somebody who could take this account's messages is present now."""
        house = self._parts.house()
        queue = house.book.policy(self.channel).queue
        agents = await self._parts.agents.read(self._parts.store, self.clock)
        people = assign.candidates(house.book, agents, self.clock.now())
        return any(queue in one.person.queues for one in people)

    async def seen(self, thread: str, seq: int) -> None:
        """Note that the customer has seen the thread up to this seq, so that no copy goes elsewhere."""
        found = await self._found(thread)
        if found is None:
            return
        known = await self._parts.store.record("seen", found.id)
        if known is None:
            await self._parts.store.put_record(
                Record(kind="seen", id=found.id, value={"seq": seq}, version=1)
            )
        elif seq > int(known.value.get("seq", 0)):
            await self._parts.store.put_record(replace(known, value={"seq": seq}, version=known.version + 1))

    async def ours(
        self, message_id: str, *, thread: str = "", references: Sequence[str] = (), text: str = ""
    ) -> bool:
        """Tell whether our outbox sent this, or is sending it right now."""
        links = [thread_link(self.channel, self.account, thread)] if thread else []
        links += [f"mid:{one}" for one in reversed(references)]
        with storing():
            for link in links:
                found = await self._parts.store.by_link(link)
                if found is not None and leaving(found, text):
                    return True
            # asked for last: what was leaving a moment ago has its name by now
            return await self._parts.store.by_link(f"mid:{message_id}") is not None

    async def recall(self, name: str) -> Memo:
        """Return what was kept for this account under the name."""
        with storing():
            found = await self._parts.store.record("memo", self._memo(name))
        return Memo() if found is None else Memo(value=str(found.value["value"]), version=found.version)

    async def remember(self, name: str, value: str, version: int, *, keep_s: float | None = None) -> bool:
        """Keep it if the stored version is still `version`; False when somebody else was faster."""
        expires = None if keep_s is None else self.clock.now() + timedelta(seconds=keep_s)
        record = Record(
            kind="memo",
            id=self._memo(name),
            value={"value": value},
            version=version + 1,
            expires_at=expires,
        )
        with storing():
            return await self._parts.store.put_record(record)

    async def forget(self, name: str) -> None:
        """Keep it no longer."""
        with storing():
            await self._parts.store.drop_record("memo", self._memo(name))

    def _memo(self, name: str) -> str:
        return f"{self.channel}:{self.account}:{name}"

    async def work(self, limit: int = 50) -> Sequence[Work]:
        """Return the account's open cases that have an owner and wait for us, most urgent first."""
        return await self._calls.work(limit)

    async def lookup(self, words: str) -> Case | None:
        """Return an open case by its reference, as written or typed, or by an identity key."""
        return await self._calls.lookup(words)

    async def slots(self, start: datetime, end: datetime, length_s: float) -> Sequence[Slot]:
        """Return how many more cases the account's queue can take in each slot."""
        return await self._calls.slots(start, end, length_s)

    async def welcome(self, sender: Identity) -> bool:
        """Tell whether the rules let this customer use the channel."""
        return await self._calls.welcome(sender)

    async def pass_on(self, thread: str, agent: str, why: str) -> bool:
        """Put the case back into its queue, as its owner could not be reached."""
        found = await self._found(thread)
        return found is not None and await self._calls.pass_on(found.id, agent, why)

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes for this account and purpose: HMAC-SHA256 under the service's key."""
        name = f"{self.channel}\n{self.account}\n{purpose}"
        return hmac.new(self._parts.secret, name.encode(), hashlib.sha256).digest()

    def report(self, state: str, error: str = "", *, part: str = "") -> None:
        """Tell health how a part of the account is."""
        self.reports.say(part, state, error, now=self.clock.now(), cursor=_HELD.get())
