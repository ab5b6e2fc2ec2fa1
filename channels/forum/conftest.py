"""A forum of the sandbox and an account on it, for the tests of this channel."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from channels.forum.adapter import Forum
from channels.message import Message, Outgoing
from router.testing.channel import RecordingHost
from sandbox.discourse import DiscourseStand
from sandbox.stand import Site


class Setup:
    """One forum, one account, and a server for its webhooks."""

    def __init__(self, stand: DiscourseStand, **settings: object) -> None:
        self.stand = stand
        given = {**stand.settings(), "poll_every": 0.2, **settings}
        self.host = RecordingHost("forum", given)
        self.channel = Forum(self.host)
        self.site = Site(
            [web.route(one.method, one.path, one.handler) for one in self.channel.routes()],
            body_bytes=64 * 1024 * 1024,
        )

    @property
    def hook(self) -> str:
        """Where the forum's webhooks go."""
        return f"{self.site.url}/hooks/forum/test"

    @property
    def got(self) -> list[Message]:
        """What came in, each once."""
        return self.host.delivered

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[None]:
        """Let the account follow the forum inside the block, once it has its first position."""
        task = asyncio.create_task(self.channel.receive())
        try:
            await self.host.wait_for(lambda: task.done() or {"", "private"} <= set(self.host.cursors))
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def texts(self, *expected: str) -> None:
        """Wait until these texts, and no others, have come, in any order."""
        await self.host.wait_for(lambda: sorted(one.text for one in self.got) == sorted(expected), 10)

    def outgoing(self, to: Message, text: str, **changes: Any) -> Outgoing:
        """Return a note in answer to a message."""
        fields: dict[str, Any] = {
            "id": "note-1",
            "channel": "forum",
            "account": "test",
            "conversation": "cv_1",
            "reference": "HB-7K2Q9",
            "automatic": True,
            "author": "Maria Jensen",
            "to": to.sender,
            "subject": to.subject,
            "text": text,
            "thread": to.thread,
            "in_reply_to": to.message_id,
            "public": to.public,
            "at": datetime.now(UTC),
        }
        return Outgoing(**{**fields, **changes})

    async def asked(self, text: str = "Where is my parcel? It should have come on Monday.") -> Message:
        """Let Ana ask in a new topic, and return what came in of it."""
        await self.stand.write("Ana Berg", text)
        await self.host.wait_for(lambda: any(one.text == text for one in self.got))
        return next(one for one in self.got if one.text == text)


Make = Callable[..., Any]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Return what builds a setup; `webhooks=False` connects none."""
    async with AsyncExitStack() as stack:

        async def build(
            stand: DiscourseStand | None = None, *, webhooks: bool = True, **settings: object
        ) -> Setup:
            if stand is None:
                stand = DiscourseStand()
                await stand.start()
                stack.push_async_callback(stand.stop)
            setup = Setup(stand, **settings)
            await setup.site.start()
            stack.push_async_callback(setup.site.stop)
            if webhooks:
                await stand.connect(setup.hook)
            return setup

        yield build
