"""One page, as the router sees it."""

from collections.abc import Callable, Sequence

from channels.errors import InDoubt
from channels.facebook import settings as page_settings
from channels.facebook.comments import Comments
from channels.facebook.found import MESSENGER
from channels.facebook.graph import Graph
from channels.facebook.hook import Hook
from channels.facebook.intake import Intake
from channels.facebook.memory import Crowded, Memory
from channels.facebook.messenger import Messenger
from channels.facebook.outbound import Outbound
from channels.facebook.poll import Poll
from channels.facebook.settings import Timing
from channels.facebook.subscription import subscribe
from channels.message import Outgoing, Sent
from channels.port import Host, Route


class Page:
    """One account: webhooks come by its routes, and it polls for what they drop."""

    def __init__(
        self, host: Host, others: Callable[[str, str], Intake | None], timing: Timing | None = None
    ) -> None:
        """Take the host and where other pages of the app are found. Raises Misconfigured, naming the setting."""
        timing = timing or Timing()
        self.host = host
        self.settings = page_settings.read(host)
        self.graph = Graph(self.settings, host.clock, timing)
        memory = Memory(host)
        self.intake = Intake(host, self.settings, self.graph, memory, timing)
        outbound = Outbound(host, self.settings, self.graph, memory, timing)
        self._messenger = Messenger(outbound)
        self._comments = Comments(outbound, self._messenger)
        self._hook = Hook(self.intake, others, timing.enrich_s)
        self._poll = Poll(host, self.settings, self.graph, self.intake, timing)

    def routes(self) -> Sequence[Route]:
        """Return the webhook."""
        path = f"/hooks/facebook/{self.host.account}"
        return (
            Route(method="GET", path=path, handler=self._hook.challenge),
            Route(method="POST", path=path, handler=self._hook.post),
        )

    async def receive(self) -> None:
        """Subscribe to the page's events, then poll for what webhooks drop, until cancelled."""
        try:
            async with self.host.cursor() as cursor:
                await subscribe(self.host, self.settings, self.graph)
                await self._poll.run(cursor)
        finally:
            await self.close()

    async def send(self, outgoing: Outgoing) -> Sent:
        """Send it once. Raises NotSent, Refused or InDoubt."""
        try:
            return await self._way(outgoing).send(outgoing)
        except Crowded as error:  # it may have left before that could be noted
            raise InDoubt(str(error)) from error

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Read back by what echoes told, else from the conversation or the comments; None = cannot be told."""
        return await self._way(outgoing).reconcile(outgoing)

    async def close(self) -> None:
        """Hang up; whatever is asked next connects again."""
        await self.graph.close()
        await self.intake.files.close()

    def _way(self, outgoing: Outgoing) -> Messenger | Comments:
        direct = not outgoing.thread or outgoing.thread.startswith(MESSENGER)
        return self._messenger if direct else self._comments
