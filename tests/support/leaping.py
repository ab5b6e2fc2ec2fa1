"""`handleby run` with a clock that can be moved on: each SIGUSR1 takes it half a minute ahead.

Providers ask for pauses of minutes; a test in real time would wait for them.
"""

import asyncio
import signal
import sys
from pathlib import Path

from router.accounts.board import Board
from router.bootstrap import build
from router.config import load_settings
from router.health import Health
from router.server import Server
from router.service import ROLES, Service
from tests.support.alive import LeapingClock

LEAP_S = 30.0


async def serve(config: Path) -> None:
    """Run until SIGTERM."""
    clock, stop, loop = LeapingClock(), asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, clock.leap, LEAP_S)
    parts = build(load_settings(config, environ={}), clock)
    own = {key: host.reports for key, host in parts.hosts.items()}
    board = Board(parts.store, parts.clock, own, name=parts.ids.new("process"), roles=ROLES)
    health = Health.of(parts, ROLES, board.reports)
    service = Service(parts, Server(parts, health, ROLES, ""), (health, board), ROLES)
    await service.run(stop, started)


async def started() -> None:
    """Say nothing: the test asks."""


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
