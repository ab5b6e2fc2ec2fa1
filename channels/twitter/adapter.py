"""The X channel: one account, received by polling and hints, answered by posts and direct messages."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from channels.message import Outgoing, Sent
from channels.port import Channel, Host, Route
from channels.tryout import Finding
from channels.twitter import settings as accounts
from channels.twitter.client import Client
from channels.twitter.hints import Hints
from channels.twitter.hook import Hook
from channels.twitter.intake import Intake
from channels.twitter.limiter import Limiter
from channels.twitter.listings import DirectMessages, Mentions, OwnPosts
from channels.twitter.memory import Memory
from channels.twitter.money import Meter
from channels.twitter.poll import Poller
from channels.twitter.push import Push
from channels.twitter.readback import Mirror
from channels.twitter.sender import Parts, Sender
from channels.twitter.timing import Timing
from channels.twitter.tryout import findings


class X:
    """One account on X."""

    def __init__(self, host: Host, timing: Timing | None = None) -> None:
        """Take the host. Raises Misconfigured, naming the setting."""
        timing = timing or Timing()
        self._settings = settings = accounts.read(host)
        self._client = client = Client(settings, Limiter(host.clock.now), timing.request_s)
        memory = Memory(host)
        meter = Meter(host, settings.budget, settings.reserve)
        intake = Intake(host, settings, memory)
        listings = (
            Mentions(client, settings.poll_every_s),
            OwnPosts(client, settings.poll_every_s),
            DirectMessages(client, settings.dm_poll_every_s),
        )
        self._pollers = [Poller(host, listing, intake, meter) for listing in listings]
        hints = Hints(host, settings, intake, meter, self.look)
        self._hook = Hook(host, settings, hints)
        self._push = Push(host, settings, client, hints)
        mirror = Mirror(host, settings, client, memory, meter)
        self._sender = Sender(
            Parts(
                host=host,
                settings=settings,
                client=client,
                meter=meter,
                memory=memory,
                mirror=mirror,
                timing=timing,
            )
        )

    def routes(self) -> Sequence[Route]:
        """Return the webhook; it answers whether it is registered with X or not."""
        return self._hook.routes()

    async def receive(self) -> None:
        """Poll and listen until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for poller in self._pollers:
                    group.create_task(poller.run())
                group.create_task(self._push.run())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        finally:
            await self._client.close()

    async def send(self, outgoing: Outgoing) -> Sent:
        """Send it once. Raises NotSent, Refused or InDoubt."""
        return await self._sender.send(outgoing)

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Read back what X has of it. Raises NotSent when something certainly did not go."""
        return await self._sender.reconcile(outgoing)

    async def close(self) -> None:
        """Hang up; sending again opens a new connection."""
        await self._client.close()

    def look(self) -> None:
        """Let polling look at once."""
        for poller in self._pollers:
            poller.wake.set()


class XAdapter:
    """Opens accounts on X."""

    def open(self, host: Host) -> Channel:
        """Build one account. Raises Misconfigured, naming the setting."""
        return X(host)

    def pages(self, channels: Mapping[str, Channel]) -> Sequence[Route]:  # noqa: ARG002  # the port's name
        """Return none."""
        return ()

    def try_out(self, host: Host) -> AsyncIterator[Finding]:
        """Yield what is found out about a real account; nothing is posted or sent."""
        return findings(host)


adapter = XAdapter()
