"""Tells agents in Slack of their work: hints wake it, a sweep finds what no hint told, one process of a fleet does it.

Nothing waits for it: what it cannot say now it says when Slack is back, if it still holds then.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from msgspec.structs import replace

from router import log
from router.desk.slack.client import Client
from router.desk.slack.condition import Condition
from router.desk.slack.errors import SlackError
from router.desk.slack.office import Office
from router.desk.slack.rounds import Rounds
from router.desk.slack.sheet import Sheets
from router.errors import StoreError
from router.ports import Hint, Lease
from router.tasks import beside

logger = log.get(__name__)

LEASE, LEASE_S, EXTEND_S = "slack", 15.0, 5.0
#: How often somebody who stands by looks whether the lease is free.
STAND_BY_S = 5.0
#: How often everything is looked at without having been told, and the token is tried.
SWEEP_S = 60.0
#: Open work of one agent, and sheets, that a sweep looks at.
WORK, SHEETS = 200, 5000
KINDS = frozenset({"conversation", "outbox"})


class Lost(Exception):  # it is no error: it ends the work here
    """Another process does it now."""


class Courier:
    """Holds the lease, listens and sweeps."""

    def __init__(self, office: Office, client: Client, condition: Condition) -> None:
        """Take the parts; nothing is started yet."""
        self._office, self._client, self._condition = office, client, condition
        self._clock, self._store = office.clock, office.store
        self._holder = office.ids.new("slack")
        #: What is looked at.
        self.rounds = Rounds(office, client, condition)

    async def run(self) -> None:
        """Work while this process holds the lease, stand by otherwise, until cancelled."""
        try:
            while True:
                lease = await self._store.lease(LEASE, self._holder, LEASE_S)
                if lease is None:
                    await self._clock.sleep(STAND_BY_S)
                else:
                    await self._hold(lease)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the connections to Slack."""
        await self._client.close()

    async def _hold(self, lease: Lease) -> None:
        try:
            lease = await self.began(lease)
            async with (
                self._office.events.subscribe() as hints,
                beside(self._extend(lease), self._sweeps(), self._listen(hints)),
            ):
                await self.rounds.run()
        except Lost:
            logger.info("another process speaks to Slack now")
        finally:
            await self._condition.leave()
            await self._store.release(lease)

    async def began(self, lease: Lease) -> Lease:
        """Remember when Slack was first connected: what was assigned before is no news."""
        if not lease.value:
            lease = replace(lease, value=self._clock.now().isoformat())
            await self._store.save_lease(lease, lease.value, LEASE_S)
        self.rounds.since = datetime.fromisoformat(lease.value)
        return lease

    async def _extend(self, lease: Lease) -> None:
        while True:
            await self._clock.sleep(EXTEND_S)
            try:
                if not await self._store.save_lease(lease, lease.value, LEASE_S):
                    raise Lost
            except StoreError as error:
                logger.warning("lease not extended", error=type(error).__name__)
            await self._condition.tell()

    async def _listen(self, hints: AsyncIterator[Hint]) -> None:
        async for hint in hints:
            if hint.kind in KINDS:
                self.rounds.notice([hint.id])

    async def _sweeps(self) -> None:
        while True:
            try:
                await self.sweep()
            except StoreError as error:
                logger.warning("sweep failed", error=type(error).__name__)
            await self._clock.sleep(SWEEP_S)

    async def sweep(self) -> None:
        """Look at all open work of people in Slack and at all that Slack shows, and try the token."""
        found = set(await Sheets(self._office).all(SHEETS))
        self.rounds.live |= found
        for person in self._office.people():
            found.update(one.id for one in await self._store.mine(person.id, WORK))
            found.update(one.id for one in await self._store.watched(person.id, WORK))
        self.rounds.notice(found)
        if not self.rounds.paused:
            try:
                await self._client.check()
                self.rounds.well()
            except SlackError as error:
                self.rounds.failed(error)
