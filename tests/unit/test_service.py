"""How the service lets an account receive, and what it says of it."""

import asyncio
from pathlib import Path

from channels.errors import LeaseLost
from router.accounts.host import AccountHost
from router.accounts.reports import Report, worst
from router.service import receive
from router.testing import RecordingChannel
from router.testing.time import settle
from tests.support.hosting import Hosting
from tests.support.world import World


class Poller(RecordingChannel):
    """A channel that connects when told, or fails."""

    def __init__(self, host: AccountHost, failure: Exception | None = None) -> None:
        super().__init__()
        self.connected = asyncio.Event()
        self.began = asyncio.Event()
        self._host, self._failure = host, failure

    async def receive(self) -> None:
        """Fail the first time; then connect, say so, and wait."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        self.began.set()
        await self.connected.wait()
        self._host.report("ok", part="receive")
        await asyncio.Event().wait()


def shown(host: AccountHost) -> Report | None:
    """Return how the account is, as far as this process knows."""
    return worst([host.reports.parts()])


async def test_ok_is_said_once_it_works(tmp_path: Path) -> None:
    """An account that is still connecting is not called ok."""
    host = Hosting(World(tmp_path)).host("email", "support")
    channel = Poller(host)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(receive(channel, host))
        await channel.began.wait()
        assert shown(host) is None
        channel.connected.set()
        await settle()
        found = shown(host)
        assert found is not None
        assert found.state == "ok"
        task.cancel()


async def test_a_failure_lasts_until_it_works_again(tmp_path: Path) -> None:
    """An account that was started again stays down, with the reason, until it has connected."""
    host = Hosting(World(tmp_path)).host("email", "support")
    channel = Poller(host, OSError("the port is taken"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(receive(channel, host))
        await channel.began.wait()
        found = shown(host)
        assert found is not None
        assert (found.state, found.error) == ("down", "OSError: the port is taken")
        channel.connected.set()
        await settle()
        found = shown(host)
        assert found is not None
        assert found.state == "ok"
        task.cancel()


async def test_a_lost_lease_is_no_failure(tmp_path: Path) -> None:
    """When another process took over, this one has nothing to say."""
    host = Hosting(World(tmp_path)).host("email", "support")
    channel = Poller(host, LeaseLost("another process polls this account now"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(receive(channel, host))
        await channel.began.wait()
        assert shown(host) is None
        task.cancel()


async def test_what_comes_by_routes_is_well_at_once(tmp_path: Path) -> None:
    """A channel that has nothing to wait for is ok."""
    host = Hosting(World(tmp_path)).host("email", "support")
    await receive(RecordingChannel(), host)
    found = shown(host)
    assert found is not None
    assert found.state == "ok"
