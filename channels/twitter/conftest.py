"""An account on the stand-in for X, its webhook served over HTTP, and a host that records."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from channels.message import Message, Outgoing
from channels.registry import check
from channels.twitter.adapter import X
from channels.twitter.timing import Timing
from router.testing.channel import RecordingHost
from sandbox.stand import Site
from sandbox.x.stand import XStand


class Account:
    """One account: the stand-in, the host, and the channel between them."""

    def __init__(self, stand: XStand, host: RecordingHost, **timing: float) -> None:
        self.stand, self.host = stand, host
        self.x = X(host, Timing(**timing))
        self.site: Site | None = None

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[None]:
        """Receive inside the block; the account is connected and reads from now on."""
        task = asyncio.get_running_loop().create_task(self.x.receive())
        try:
            await self.host.wait_for(lambda: task.done() or self._reading() == 3)
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _reading(self) -> int:
        return sum(name.startswith("receive ") for name in self.host.parts)

    def look(self) -> None:
        """Let polling go on at once."""
        self.x.look()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve the webhook inside the block; yields its URL."""
        routes = [web.route(one.method, one.path, one.handler) for one in self.x.routes()]
        site = Site(routes)
        await site.start()
        try:
            yield f"{site.url}/hooks/twitter/{self.host.account}"
        finally:
            await site.stop()

    def again(self, **timing: float) -> "Account":
        """Return the account as another process would have it: same host, nothing in memory."""
        return Account(self.stand, self.host, **timing)

    async def got(self, ready: Callable[[Message], bool] = lambda _: True) -> Message:
        """Wait for a message delivered that fits."""
        await self.host.wait_for(lambda: any(ready(one) for one in self.host.delivered))
        return next(one for one in self.host.delivered if ready(one))

    async def asked(self, text: str = "Is the shop open?", *, public: bool = True) -> Message:
        """Let Ana write, and wait until it came in."""
        await self.stand.write("Ana", text, public=public)
        return await self.got(lambda one: one.text == text)

    def answer(self, to: Message, text: str, *, automatic: bool = False, id: str = "out-1") -> Outgoing:
        """Return what the router would ask to send in answer."""
        return Outgoing(
            id=id,
            channel="twitter",
            account=self.host.account,
            conversation="c-1",
            reference="HB-7K2Q9",
            automatic=automatic,
            author="Maria Jensen",
            to=to.sender,
            text=text,
            thread=to.thread,
            in_reply_to=to.message_id,
            public=to.public,
            customer_at=to.received_at,
            at=datetime.now(UTC),
        )

    def heard(self, customer: str = "Ana") -> list[str]:
        """Return what reached the customer, in order."""
        return [one.text for one in self.stand.ledger.to(customer)]


@pytest.fixture
async def stand() -> AsyncIterator[XStand]:
    """Return X, on this machine."""
    made = XStand()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def account(stand: XStand) -> AsyncIterator[Account]:
    """Return an account that polls often and has no budget to keep."""
    made = opened(stand)
    yield made
    await made.x.close()


def opened(stand: XStand, **settings: Any) -> Account:
    """Return an account with other settings; quick polling, as nothing here is about its pace."""
    given = {**stand.settings(), **settings}
    checked = check("twitter", given, "test")
    quick = {"poll_every": 0.1, "dm_poll_every": 0.1}
    return Account(stand, RecordingHost("twitter", {**checked, **quick, **settings}, account="support"))
