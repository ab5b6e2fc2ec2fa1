"""Tells agents in Slack of their work: hints wake it, the log tells what they missed, one process of a fleet does it.

Nothing waits for it: what it cannot say now it says when Slack is back, if it still holds then.
"""

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec
from msgspec import Struct
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

LEASE, LEASE_S, EXTEND_S = "slack", 10.0, 3.0
#: How often somebody who stands by looks whether the lease is free.
STAND_BY_S = 3.0
#: How often the log is read, and how many lines at a time.
FOLLOW_S, LINES = 1.0, 1000
#: How often everything is looked at without having been told, and the token is tried.
SWEEP_S = 60.0
#: Open work of one agent, and sheets, that a sweep looks at.
WORK, SHEETS = 200, 5000
KINDS = frozenset({"conversation", "outbox"})


class Lost(Exception):  # it is no error: it ends the work here
    """Another process does it now."""


class Place(Struct, frozen=True, kw_only=True):
    """What is kept with the lease: when Slack was first connected, and how far the log was read."""

    since: datetime
    line: int


class Courier:
    """Holds the lease, listens and sweeps."""

    def __init__(self, office: Office, client: Client, condition: Condition) -> None:
        """Take the parts; nothing is started yet."""
        self._office, self._client, self._condition = office, client, condition
        self._clock, self._store = office.clock, office.store
        self._holder = office.ids.new("slack")
        #: What is looked at.
        self.rounds = Rounds(office, client, condition)
        self._place = Place(since=office.clock.now(), line=0)

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
            await self._began(lease)
            async with (
                self._office.events.subscribe() as hints,
                beside(self._extend(lease), self._sweeps(), self._follow(), self._listen(hints)),
            ):
                await self.rounds.run()
        except Lost:
            logger.info("another process speaks to Slack now")
        finally:
            await self._condition.leave()
            await self._store.release(lease)

    async def _began(self, lease: Lease) -> None:
        """Go on where the last holder was; at the very first, what happened before is no news."""
        if lease.value:
            self._place = msgspec.json.decode(lease.value, type=Place)
        else:
            self._place = Place(since=self._clock.now(), line=0)
            while await self._read():
                await self._store.save_lease(lease, self._value(), LEASE_S)
            await self._store.save_lease(lease, self._value(), LEASE_S)
        self.rounds.since = self._place.since

    def _value(self) -> str:
        return msgspec.json.encode(self._place).decode()

    async def _read(self) -> list[str]:
        """Return the conversations of the next lines of the log."""
        lines = await self._store.log(after=self._place.line, limit=LINES)
        if lines:
            self._place = replace(self._place, line=lines[-1][0])
        return [line.conversation for _, line in lines]

    async def _follow(self) -> None:
        """Read what happened, whichever process did it and whether or not its hint came."""
        while True:
            try:
                found = await self._read()
            except StoreError:
                found = []
            if known := {one for one in found if one}:
                self.rounds.notice(known)
            if len(found) < LINES:
                await self._clock.sleep(FOLLOW_S)

    async def _extend(self, lease: Lease) -> None:
        while True:
            await self._clock.sleep(EXTEND_S)
            try:
                if not await self._store.save_lease(lease, self._value(), LEASE_S):
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
        found.update(await self._led())
        self.rounds.notice(found)
        if not self.rounds.paused:
            try:
                await self._client.check()
                self.rounds.well()
            except SlackError as error:
                self.rounds.failed(error)

    async def _led(self) -> set[str]:
        """Return the open work of the queues whose leads can be told: who has it may not be in Slack."""
        leads = {person.id for person in self._office.people()}
        queues = [queue.id for queue in self._office.book().queues.values() if queue.lead in leads]
        return {
            one.id
            for queue in queues
            for one in await self._store.listed(status="open", queue=queue, limit=WORK, after="")
        }
