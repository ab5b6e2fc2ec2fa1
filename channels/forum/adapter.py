"""The forum's entry: one account is one Discourse site."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

from channels.forum import poll, settings, tryout
from channels.forum.api import Api
from channels.forum.categories import Categories
from channels.forum.hook import Hook
from channels.forum.intake import Intake
from channels.forum.poll import Poller
from channels.forum.reconcile import WORKING_S, Reader
from channels.forum.send import Doubt, Sender
from channels.message import Outgoing, Sent
from channels.port import Channel, Host, Route
from channels.tryout import Finding

#: Sends remembered by the time they were tried.
REMEMBERED = 1000


class Forum:
    """One account."""

    def __init__(self, host: Host) -> None:
        """Take the host. Raises Misconfigured, naming the setting."""
        self._host = host
        self.settings = settings.read(host)
        self._api = Api(self.settings, host.clock)
        intake = Intake(host, self.settings, self._api)
        categories = Categories(self._api, self.settings.view.categories)
        lists = [poll.PUBLIC, poll.MESSAGES] if self.settings.view.private else [poll.PUBLIC]
        self._pollers = [Poller(intake, one, categories) for one in lists]
        self._hook = Hook(intake, self._wake)
        self._sender = Sender(host, self.settings, self._api)
        self._reader = Reader(self.settings, self._api)
        #: When what is in doubt was tried.
        self._doubts: OrderedDict[str, datetime] = OrderedDict()

    def routes(self) -> Sequence[Route]:
        """Return where the forum's webhook leads."""
        path = f"/hooks/{self._host.channel}/{self._host.account}"
        return [Route(method="POST", path=path, handler=self._hook.handle)]

    async def receive(self) -> None:
        """Follow the forum until cancelled."""
        async with self._api.opened():
            try:
                async with asyncio.TaskGroup() as group:
                    for poller in self._pollers:
                        group.create_task(poller.run())
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from errors

    async def send(self, outgoing: Outgoing) -> Sent:
        """Post it once. Raises NotSent, Refused or InDoubt."""
        try:
            return await self._sender.send(outgoing)
        except Doubt as doubt:
            now = self._host.clock.now()
            self._tried(outgoing, now - timedelta(seconds=WORKING_S) if doubt.over else now)
            raise

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Read back from the topic whether it was posted. Raises NotSent when it certainly was not."""
        # What another process tried is asked for only when its time is over, a minute later.
        tried = self._doubts.get(outgoing.id, outgoing.at)
        since = self._host.clock.now() - tried
        return await self._reader.find(outgoing, tried_s=since.total_seconds())

    def _tried(self, outgoing: Outgoing, at: datetime) -> None:
        self._doubts[outgoing.id] = at
        while len(self._doubts) > REMEMBERED:
            self._doubts.popitem(last=False)

    def _wake(self) -> None:
        for poller in self._pollers:
            poller.wake()


class ForumAdapter:
    """Opens forums."""

    def open(self, host: Host) -> Channel:
        """Build the account's channel. Raises Misconfigured, naming the setting."""
        return Forum(host)

    def pages(self, channels: Mapping[str, Channel]) -> Sequence[Route]:  # noqa: ARG002  # the port's name
        """Return none."""
        return ()

    def try_out(self, host: Host) -> AsyncIterator[Finding]:
        """Yield what is found when the account is tried."""
        return tryout.try_out(host)


adapter = ForumAdapter()
