"""How much one visitor and one network address may ask for."""

import ipaddress
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from channels.webchat.errors import Crowded

#: Keys kept before those without debt are forgotten.
_SWEEP = 1024


class Rate:
    """A limit by the generic cell rate algorithm (ITU-T I.371): one time for each key and no timers."""

    def __init__(self, *, per_minute: float, burst: int) -> None:
        """Allow so many a minute in the long run, and `burst` at once."""
        self._step = 60.0 / per_minute
        self._slack = self._step * (burst - 1)
        self._due: dict[str, float] = {}
        self._sweep_at = _SWEEP

    def wait_s(self, key: str, now: float) -> float:
        """Count one more and return 0; or count nothing and return the seconds until it is allowed."""
        due = max(self._due.get(key, now), now)
        early = due - self._slack - now
        if early > 0:
            return early
        self._due[key] = due + self._step
        if len(self._due) > self._sweep_at:
            self._sweep(now)
        return 0.0

    def take(self, key: str, now: float) -> None:
        """Count one more; raises Crowded when it is too many."""
        wait = self.wait_s(key, now)
        if wait > 0:
            raise Crowded("rate", "Too many at once; wait a moment.", after_s=wait)

    def _sweep(self, now: float) -> None:
        """Forget keys without debt; doubling the mark keeps the cost of it constant on average."""
        self._due = {key: due for key, due in self._due.items() if due > now}
        self._sweep_at = max(_SWEEP, 2 * len(self._due))


class Seats:
    """How many connections may be open at a time."""

    def __init__(self, *, total: int, per_address: int) -> None:
        """Take the limits for all and for one address."""
        self._total = total
        self._per_address = per_address
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, address: str) -> Iterator[None]:
        """Hold a seat inside the block. Raises Crowded when there is none."""
        if self._taken.total() >= self._total:
            raise Crowded("crowded", "All seats of the chat are taken.", after_s=10.0)
        if self._taken[address] >= self._per_address:
            raise Crowded("crowded", "Too many chats are open from this network address.", after_s=30.0)
        self._taken[address] += 1
        try:
            yield
        finally:
            self._taken[address] -= 1
            if not self._taken[address]:
                del self._taken[address]


def network(remote: str | None) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 that an IPv6 subscriber owns."""
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return remote or ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
