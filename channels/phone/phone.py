"""One phone account, as the router sees it."""

from collections.abc import Sequence

from channels.errors import NotSent, Refused
from channels.message import Outgoing, Sent
from channels.phone.account import Account
from channels.phone.caller import Caller, Timing
from channels.phone.hooks import Hooks
from channels.phone.incoming import Incoming
from channels.phone.legs import Legs
from channels.phone.outcome import Outcomes
from channels.phone.reach import Reach
from channels.phone.readout import ReadOut
from channels.phone.said import Said
from channels.port import Host, Route


class Phone:
    """Takes wishes to be called, and calls; what is kept, is kept by the host, so any process can do it."""

    def __init__(self, host: Host, timing: Timing | None = None) -> None:
        """Check the settings. Raises Misconfigured, naming the one that is wrong."""
        self.account = Account.of(host)
        self.said = Said(self.account)
        outcomes = Outcomes(self.account)
        reach = Reach(self.account, self.said)
        self._caller = Caller(self.account, outcomes, timing or Timing())
        incoming = Incoming(self.account, reach, self.said)
        self._readout = ReadOut(self.account)
        self._hooks = Hooks(self.account, incoming, reach, Legs(self.account, outcomes), self._readout)

    def routes(self) -> Sequence[Route]:
        """Return the addresses that the provider asks."""
        return self._hooks.routes()

    async def receive(self) -> None:
        """Call whoever's turn it is, until cancelled; wishes come in by routes."""
        await self._caller.run()

    async def send(self, outgoing: Outgoing) -> Sent:
        """Lay a note out for the caller on the line and the customer's page; read out what a person wrote."""
        if not outgoing.automatic:
            return await self._readout.send(outgoing)
        if not outgoing.thread:
            raise Refused("Nobody waits for a call there; call the customer yourself")
        await self.said.lay_out(outgoing.thread, outgoing.id, outgoing.text)
        return Sent(message_id=f"tw:note:{outgoing.id}")

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Tell whether it was laid out, or heard. Raises NotSent when it was not."""
        if not outgoing.automatic:
            return await self._readout.reconcile(outgoing)
        if await self.said.laid_out(outgoing.thread, outgoing.id):
            return Sent(message_id=f"tw:note:{outgoing.id}")
        raise NotSent("it was not laid out")
