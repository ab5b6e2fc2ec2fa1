"""The channel: events come in by webhook and by polling, answers go out by the provider's interface."""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from aiohttp import ClientError

from channels._template import parse, tryout
from channels._template.api import Api
from channels._template.hook import Hook
from channels.errors import ChannelError, NotSent, Refused
from channels.message import Kind, Outgoing, Sent
from channels.port import Adapter, Channel, Cursor, Host, Route
from channels.tryout import Finding

#: Most characters of one message.
LONGEST = 4000
#: Seconds until the next poll after one that failed.
PAUSE_S = 10.0


class Account:
    """One account with the provider."""

    def __init__(self, host: Host) -> None:
        """Take the host; nothing is opened yet."""
        self._host = host
        self._api = Api(host)
        self._hook = Hook(str(host.settings["webhook_secret"]), self._take)
        self._poll_s = float(str(host.settings["poll"]))

    def routes(self) -> Sequence[Route]:
        """Return the webhook."""
        path = f"/hooks/{self._host.channel}/{self._host.account}"
        return [Route(method="POST", path=path, handler=self._hook.answer)]

    async def receive(self) -> None:
        """Poll for what the webhook did not bring, until cancelled."""
        self._api.open()
        try:
            async with self._host.cursor() as cursor:
                while True:
                    more = await self._poll(cursor)
                    if not more:
                        await self._host.clock.sleep(self._poll_s)
        finally:
            await self._api.close()

    async def send(self, outgoing: Outgoing) -> Sent:
        """Send it once. Raises NotSent, Refused or InDoubt."""
        if len(outgoing.text) > LONGEST:
            raise Refused(f"The text has more than {LONGEST} characters. Shorten it, then send it again.")
        try:
            name = await self._api.send(outgoing.thread, outgoing.text, outgoing.id)
        except ChannelError as error:
            self._host.report("degraded", str(error), part="send")
            raise
        self._host.report("ok", part="send")
        return Sent(message_id=parse.name(name))

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Ask the provider what was sent under the outgoing's id. Raises NotSent when nothing was."""
        name = await self._api.find(outgoing.id)
        if name is None:
            raise NotSent("the provider has not got it")
        return Sent(message_id=parse.name(name))

    async def _poll(self, cursor: Cursor) -> bool:
        """Take one page of events; tell whether there are more. The first time it only notes where now is."""
        try:
            page = await self._api.events(cursor.value)
        except (ClientError, TimeoutError, ValueError) as error:
            told = str(error) if isinstance(error, ValueError) else type(error).__name__
            self._host.report("degraded", f"Events cannot be asked for: {told}"[:300], part="receive")
            await self._host.clock.sleep(PAUSE_S)
            return False
        newest = str(page.last)
        if cursor.value:
            await self._take(page.events)
        if newest != cursor.value:
            await cursor.save(newest)
        self._host.report("ok", part="receive")
        return bool(page.events)

    async def _take(self, found: Sequence[msgspec.Raw]) -> None:
        """Deliver every event; what cannot be read is delivered as such. Raises Unavailable."""
        for raw in found:
            await self._deliver(bytes(raw))

    async def _deliver(self, raw: bytes) -> None:
        arrival = parse.Arrival(account=self._host.account, at=self._host.clock.now())
        try:
            message = parse.message(parse.event(raw), arrival)
        except ValueError as error:
            message = parse.unreadable(raw, await self._host.blobs.put(raw), str(error), arrival)
        if message is None:
            return
        if message.kind is Kind.AGENT and await self._host.ours(
            message.message_id, thread=message.thread, text=message.text
        ):
            return
        await self._host.deliver(message)


class AccountAdapter:
    """Opens accounts; they share no pages."""

    def open(self, host: Host) -> Account:
        """Build the account's channel. Raises Misconfigured, naming the setting."""
        return Account(host)

    def pages(self, channels: Mapping[str, Channel]) -> Sequence[Route]:  # noqa: ARG002  # the port's name
        """Return none."""
        return ()

    def try_out(self, host: Host) -> AsyncIterator[Finding]:
        """Yield what a real account shows: token, clock."""
        return tryout.try_out(host)


adapter: Adapter = AccountAdapter()
