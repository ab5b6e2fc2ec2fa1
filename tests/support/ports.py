"""Ports for the servers that tests start, and start again on the same port after killing them.

They lie below those that the system gives to outgoing connections (32768 and above on Linux): one of
those could take the port of a server that is down for a moment, and it would never come up again.
"""

import random
import socket

LOWEST, HIGHEST = 15000, 32000
TRIES = 1000

_given: set[int] = set()


def free_port() -> int:
    """Return a TCP port of the loopback that nobody uses now, and none that was given out before."""
    for _ in range(TRIES):
        port = random.SystemRandom().randint(LOWEST, HIGHEST)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST}")
