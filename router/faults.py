"""Named steps of the path at which a test can kill the process: `handleby run --crash rt.decided:3`."""

import os
import signal

from router.errors import ConfigError

#: Every step, in the order of the path.
POINTS = (
    "in.read",
    "in.stored",
    "in.published",
    "in.accepted",
    "rt.got",
    "rt.loaded",
    "rt.decided",
    "rt.committed",
    "rt.acked",
    "ob.got",
    "ob.sending",
    "ob.sent",
    "ob.recorded",
    "tm.woke",
    "tm.committed",
)

_armed: dict[str, int] = {}


def arm(where: str) -> None:
    """Let the process die by SIGKILL at the step, on its n-th pass: `rt.decided` or `rt.decided:3`."""
    point, _, passes = where.partition(":")
    if point not in POINTS or not (passes or "1").isdigit():
        raise ConfigError(
            f"--crash: {where!r} is no step. Steps: {', '.join(POINTS)}, with :N for the N-th pass."
        )
    _armed[point] = int(passes or "1")


def reach(point: str) -> None:
    """Die here if a test asked for it; else do nothing."""
    if point not in _armed:
        return
    _armed[point] -= 1
    if _armed[point] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
