"""A phone account over real HTTP against the stand-in, with a recording host behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientSession, web

from channels.message import Identity, Kind, Message, Outgoing
from channels.phone.adapter import adapter
from channels.phone.caller import Timing
from channels.phone.phone import Phone
from channels.port import Memo, Slot, Standing, Work
from router.clock import SystemClock
from router.testing import RecordingHost
from sandbox.twilio import TwilioStand

MARIA = "+4531000001"
TOM = "+4531000002"
#: Looks often, so that tests wait little.
QUICK = Timing(look_s=0.1, silent_s=1.0)


class PhoneHost(RecordingHost):
    """A host whose router is scripted: a request gets a standing, a note and, where wanted, an owner."""

    def __init__(self, settings: dict[str, object], **options: Any) -> None:
        super().__init__("phone", settings, **options)
        #: Who gets what comes in; "" = nobody yet.
        self.owner = "maria"
        self.phones = {"maria": MARIA, "tom": TOM}
        self.names = {"maria": "Maria Jensen", "tom": "Tom Berg"}
        #: What the note says; "" = there is none.
        self.note = "This is read out for Maria Jensen: I'll call you by 12:05 today."
        self.phone: Phone | None = None
        #: Called with each new request.
        self.on_request: Callable[[Message], None] = lambda _: None
        self._tasks: list[asyncio.Task[Any]] = []

    async def deliver(self, message: Message) -> Any:
        """Store it, and do what the router would do."""
        receipt = await super().deliver(message)
        if not receipt.duplicate:
            await self._route(message)
        return receipt

    async def _route(self, message: Message) -> None:
        thread = message.thread
        if message.kind is Kind.CUSTOMER:
            self.on_request(message)
        if message.kind is Kind.CUSTOMER and thread not in self.standings:
            person = self.names[self.owner or "maria"]
            self.standings[thread] = Standing(
                reference="HB-7K2Q9M", status="open", person=person, assigned=bool(self.owner),
                by=self.clock.now() + timedelta(minutes=5), position=0 if self.owner else 3,
            )  # fmt: skip
            if self.owner:
                self.give(message, self.owner)
            if self.note and self.phone is not None:
                await self.phone.send(self.outgoing(thread, self.note))
        elif message.kind is Kind.AGENT:
            self.close(thread, "pending")
        elif message.kind is Kind.STATUS and message.not_before is not None:
            self.at_work = [one for one in self.at_work if one.thread != thread]

    def give(self, message: Message, owner: str) -> None:
        """Let somebody have the request."""
        now = self.clock.now()
        self.at_work.append(
            Work(
                conversation=f"cv_{message.thread}", reference="HB-7K2Q9M", thread=message.thread, agent=owner,
                agent_name=self.names[owner], agent_phone=self.phones[owner], customer=message.sender,
                about=message.subject, due_at=now + timedelta(minutes=5), since=message.received_at,
                not_before=message.not_before,
            )
        )  # fmt: skip

    def close(self, thread: str, status: str) -> None:
        """Let nobody wait there any more."""
        self.at_work = [one for one in self.at_work if one.thread != thread]
        known = self.standings.get(thread)
        if known is not None:
            self.standings[thread] = Standing(
                reference=known.reference, status=status, person=known.person, assigned=False
            )

    def outgoing(self, thread: str, text: str, *, automatic: bool = True, id: str = "") -> Outgoing:
        """Return something that the router asks to be sent."""
        return Outgoing(
            id=id or f"n_{thread}", channel="phone", account=self.account, conversation="cv_1", reference="HB-7K2Q9M",
            automatic=automatic, author="Maria Jensen", to=Identity(kind="phone", address="+4522500100"), text=text,
            thread=thread, at=self.clock.now(),
        )  # fmt: skip

    def asked(self) -> list[Message]:
        """Return what customers asked for."""
        return [one for one in self.delivered if one.kind is Kind.CUSTOMER]

    def of(self, kind: Kind) -> list[Message]:
        """Return what was delivered of a kind."""
        return [one for one in self.delivered if one.kind is kind]

    async def recall(self, name: str) -> Memo:
        """Return what was kept, giving others a turn as a store does."""
        await asyncio.sleep(0)
        return await super().recall(name)

    def offer(self, start: datetime, count: int, free: int) -> Sequence[Slot]:
        """Let there be so many slots of half an hour from then on."""
        step = timedelta(minutes=30)
        self.free = [
            Slot(start=start + n * step, end=start + (n + 1) * step, free=free) for n in range(count)
        ]
        return self.free


class Ahead(SystemClock):
    """The computer's clock, which a test can put forward."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        """Return the time, put forward."""
        return super().now() + self.by


@dataclass
class Office:
    """Everything that a test needs."""

    host: PhoneHost
    phone: Phone
    stand: TwilioStand
    url: str
    session: ClientSession

    @property
    def hook(self) -> str:
        """Return the number's webhook."""
        return f"{self.url}/hooks/phone/test"

    async def until(self, ready: Any, what: str, seconds: float = 15.0) -> None:
        """Wait for something; fails naming it."""
        try:
            async with asyncio.timeout(seconds):
                while not ready():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"waited for {what}") from None


async def serve(phones: dict[str, Phone]) -> tuple[web.AppRunner, str]:
    """Serve the routes of accounts on a free port."""
    app = web.Application()
    routes = [route for phone in phones.values() for route in phone.routes()]
    for route in [*routes, *adapter.pages(dict(phones))]:
        app.router.add_route(route.method, route.path, route.handler)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@asynccontextmanager
async def office(*, calling: bool = True, **settings: object) -> AsyncIterator[Office]:
    """Open an account on the stand-in, serve it, and let it call people."""
    stand = TwilioStand()
    await stand.start()
    for number, name in ((MARIA, "Maria"), (TOM, "Tom")):
        stand.person(number).name = name
    host = PhoneHost({**stand.settings(), "menu": ("1 = Billing", "2 = Delivery"), **settings})
    phone = Phone(host, QUICK)
    host.phone = phone
    runner, url = await serve({"test": phone})
    host.public_url = url
    await stand.connect(f"{url}/hooks/phone/test")
    try:
        async with ClientSession() as session, asyncio.TaskGroup() as group:
            caller = group.create_task(phone.receive()) if calling else None
            yield Office(host=host, phone=phone, stand=stand, url=url, session=session)
            if caller is not None:
                caller.cancel()
                with suppress(asyncio.CancelledError):
                    await caller
    finally:
        await stand.stop()
        await phone.account.wire.close()
        await runner.cleanup()
