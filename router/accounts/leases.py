"""A channel's position in a provider's stream, under a fenced lease in the store."""

from channels.errors import LeaseLost
from channels.port import Clock
from router.ports import Lease, Store

#: A poller's lease, and how often it looks whether the lease is free.
LEASE_S = 60.0
LEASE_POLL_S = 5.0


class StoreCursor:
    """A cursor under a fenced lease in the store."""

    def __init__(self, store: Store, lease: Lease) -> None:
        """Take the lease that was won."""
        self._store = store
        self.lease = lease
        self.value = lease.value

    async def save(self, value: str) -> None:
        """Keep the position durably; raises LeaseLost when another poller took over."""
        if not await self._store.save_lease(self.lease, value, LEASE_S):
            raise LeaseLost("another process polls this account now")
        self.value = value

    async def keep(self, clock: Clock) -> None:
        """Extend the lease while the block runs; raises LeaseLost once another poller has it."""
        while True:
            await clock.sleep(LEASE_S / 3)
            if not await self._store.save_lease(self.lease, self.value, LEASE_S):
                raise LeaseLost("another process polls this account now")
