"""How often one network address and one number may ask."""

import ipaddress

#: Keys kept before those without debt are forgotten.
_SWEEP = 1024


class Rate:
    """A limit by the generic cell rate algorithm (ITU-T I.371): one time for each key and no timers."""

    def __init__(self, *, per_hour: float, burst: int) -> None:
        """Allow so many an hour in the long run, and `burst` at once."""
        self._step = 3600.0 / per_hour
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
            self._due = {key: due for key, due in self._due.items() if due > now}
            self._sweep_at = max(_SWEEP, 2 * len(self._due))
        return 0.0


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
