"""How late the event loop is: the one thing that slows everything in a process at once."""

import asyncio
from collections import deque

#: Seconds between two measurements, and how many are remembered (ten seconds).
EVERY_S = 0.25
KEPT = 40


class Lag:
    """Measures by sleeping a little and looking how much longer it took."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=KEPT)

    @property
    def worst_s(self) -> float:
        """Return the worst of the last ten seconds."""
        return max(self._seen, default=0.0)

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(EVERY_S)
            self._seen.append(max(0.0, loop.time() - before - EVERY_S))
