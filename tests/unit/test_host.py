"""What an account's channel asks of its host: leases, health, the thread's lines and its news."""

import asyncio
from pathlib import Path

import pytest

from channels.errors import LeaseLost
from router.host import LEASE_POLL_S, LEASE_S, AccountHost
from router.reports import Report, worst
from router.testing.time import settle
from tests.support.hosting import Hosting
from tests.support.world import World


def shown(host: AccountHost) -> Report | None:
    """Return how the account is, as far as this process knows."""
    return worst([host.reports.parts()])


def state(host: AccountHost) -> str:
    """Return the state alone; "" while nothing is known."""
    found = shown(host)
    return found.state if found is not None else ""


async def lose(world: World, host: AccountHost) -> None:
    """Report trouble under the account's lease, and lose it to another process."""
    async with host.cursor() as cursor:
        await settle()
        host.report("down", "receive: no route", part="receive")
        assert state(host) == "down"
        world.clock.move(LEASE_S + 1)
        assert await world.store.lease("cursor:email:support:", "other", LEASE_S) is not None
        await cursor.save("7")


async def test_who_waits_for_a_lease_knows_nothing(tmp_path: Path) -> None:
    """A poller that lost its lease, and then waits for it, leaves the telling to its successor."""
    world = World(tmp_path)
    ours, theirs = (Hosting(world).host("email", "support") for _ in range(2))
    ours.report("ok", part="send")
    with pytest.raises(LeaseLost):
        await lose(world, ours)
    assert state(ours) == "ok"

    world.clock.move(LEASE_S + 1)
    released = asyncio.Event()

    async def hold(host: AccountHost) -> None:
        async with host.cursor():
            host.report("ok", part="receive")
            await settle()
            await released.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(hold(theirs))
        await settle()
        ours.report("down", "RuntimeError", part="run")
        group.create_task(hold(ours))
        await settle()
        assert list(ours.reports.parts().parts) == ["send"]
        assert list(theirs.reports.parts().parts) == ["receive"]
        released.set()
        await settle()
        await world.clock.advance(LEASE_POLL_S)
    assert state(ours) == "ok"


async def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    """A new account is neither well nor ill until its channel says so."""
    host = Hosting(World(tmp_path)).host("email", "support")
    assert shown(host) is None
    host.report("ok")
    assert state(host) == "ok"
