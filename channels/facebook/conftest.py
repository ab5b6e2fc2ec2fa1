"""A page of the stand-in, the channel on it, and the server that its webhooks reach."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import pytest
from aiohttp import web

from channels.facebook.adapter import FacebookAdapter
from channels.facebook.page import Page
from channels.facebook.settings import Timing
from channels.message import Identity, Message, Outgoing
from router.testing import RecordingHost
from sandbox.meta.stand import MetaStand
from sandbox.stand import Site

#: As in the product, but nobody waits long.
TIMING = Timing(
    connect_s=2.0,
    answer_s=1.5,
    upload_s=2.0,
    enrich_s=1.0,
    settle_s=0.0,
    throttled_s=0.05,
    throttled_longest_s=0.2,
    usage_s=0.1,
    locked_s=0.1,
)


class Served:
    """The channel of one account behind a real server, connected to the stand-in."""

    def __init__(self, stand: MetaStand, host: RecordingHost, page: Page) -> None:
        self.stand, self.host, self.page = stand, host, page
        self.hook = ""

    async def arrives(self, count: int = 1) -> list[Message]:
        """Wait until so many messages are stored, and return all."""
        await self.host.wait_for(lambda: len(self.host.delivered) >= count, 10.0)
        return self.host.delivered

    async def echoed(self, outgoing: Outgoing) -> None:
        """Wait until the echo of something sent was taken in."""
        await self.host.wait_for(lambda: f"out:{outgoing.id}" in self.host.memos, 10.0)

    def answer(self, to: Message, text: str = "Hi Ana, it ships today.", **changes: object) -> Outgoing:
        """Return what a person answers to the message."""
        values: dict[str, object] = {
            "id": "r_1",
            "channel": "facebook",
            "account": "test",
            "conversation": "cv_1",
            "reference": "HB-7K2Q9",
            "automatic": False,
            "author": "Maria",
            "to": to.sender,
            "text": text,
            "thread": to.thread,
            "in_reply_to": to.message_id,
            "references": (to.message_id,),
            "customer_at": to.sent_at,
            "at": now(),
            "public": to.public,
        }
        return Outgoing(**(values | changes))  # type: ignore[arg-type]

    def note(
        self, to: Message, text: str = "Hi Ana, Maria here. I'll answer by 15:40.", **changes: object
    ) -> Outgoing:
        """Return the note to the message."""
        fixed: dict[str, object] = {"id": "n_1", "automatic": True, "references": to.references}
        return self.answer(to, text, **(fixed | changes))


def now() -> datetime:
    """Return the time in whole milliseconds."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(milliseconds=1)


def ana() -> Identity:
    """Return somebody whom the page has never met."""
    return Identity(kind="facebook", address="42")


@asynccontextmanager
async def served(
    stand: MetaStand,
    *,
    host: RecordingHost | None = None,
    adapter: FacebookAdapter | None = None,
    connect: bool = True,
    **settings: object,
) -> AsyncIterator[Served]:
    """Open an account on the stand-in's page and serve its webhook."""
    given: Mapping[str, object] = {**stand.settings(), "poll_every": 0.1, **settings}
    host = host or RecordingHost("facebook", given)
    host.settings = given
    page = (adapter or FacebookAdapter(TIMING)).open(host)
    site = Site([web.route(one.method, one.path, one.handler) for one in page.routes()])
    await site.start()
    both = Served(stand, host, page)
    both.hook = f"{site.url}/hooks/facebook/test"
    try:
        if connect:
            await stand.connect(both.hook)
        yield both
    finally:
        await site.stop()
        await page.close()


Serve: TypeAlias = Callable[..., Awaitable[Served]]


@pytest.fixture
async def stand() -> AsyncIterator[MetaStand]:
    """Return a running page."""
    made = MetaStand()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def fb(stand: MetaStand) -> AsyncIterator[Served]:
    """Return the channel, connected."""
    async with served(stand) as found:
        yield found
