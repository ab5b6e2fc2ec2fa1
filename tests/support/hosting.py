"""The Host of an account on twins, in as many processes as a test wants."""

from channels.port import Blobs
from router.accept import Acceptor
from router.accounts.host import AccountHost, HostParts
from router.ports import Store
from router.testing import MemoryBlobs
from tests.support.world import World


class Hosting:
    """One process's hosts over the store, broker and events of a world."""

    def __init__(self, world: World, store: Store | None = None, blobs: Blobs | None = None) -> None:
        """Share the world's parts, but for a store and blobs of its own."""
        self.world = world
        house = world.house
        self.parts = HostParts(
            store=store or world.store,
            blobs=blobs or MemoryBlobs(),
            clock=world.clock,
            events=world.events,
            ids=world.ids,
            acceptor=Acceptor(world.store, world.broker, world.clock, lambda: house),
            house=lambda: house,
            secret=b"s" * 32,
            organisation="Example",
            public_url="http://localhost:8080",
        )

    def host(self, channel: str, account: str, **settings: object) -> AccountHost:
        """Return the host of the account."""
        return AccountHost(self.parts, self.world.house.accounts[channel, account], settings)
