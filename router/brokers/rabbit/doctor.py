"""Which queues cannot be trusted now, and making them well again.

A queue is doubted when it did not answer, or does not exist. Publishing there then fails at once, so
that nobody who waits for us waits five seconds each time, and a probe on a connection of its own
tries it until it is well. After each loss of the connection all queues are proven anew, because a
queue that was young when its broker was killed may have come back without a leader.

Such a queue never recovers by itself, and only the broker's operator can see why. It is deleted and
declared again after two probes to which it was mute while the broker answered everything else.
What was in it is rung again from the store within ten seconds, so that loses nothing.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence

from router import log
from router.brokers.rabbit.link import Link
from router.brokers.rabbit.setup import Setup
from router.brokers.rabbit.topology import everything
from router.brokers.rabbit.values import Mute, WireError

#: Seconds between probes of a doubted queue, growing while it stays ill.
EVERY_S, MOST_S = 1.0, 10.0
#: Mute probes in a row after which a queue is replaced.
MUTE = 2

logger = log.get(__name__)


class Doctor:
    """Keeps the list of doubted queues and works on it."""

    def __init__(self, setup: Setup, link: Link) -> None:
        self._setup, self._link = setup, link
        self._known: list[str] = []
        self._proven_on = 0
        self._mute: Counter[str] = Counter()
        self._change = asyncio.Event()
        self._round = asyncio.Lock()
        #: Why a queue cannot be trusted now.
        self.doubts: dict[str, str] = {}

    def know(self, queues: Sequence[str]) -> None:
        """Take charge of these queues and all that they need, from the next connection on."""
        self._known = everything(queues)

    async def admit(self, patience_s: float) -> dict[str, str]:
        """Declare and prove all queues now; returns what is wrong by queue. Raises WireError.

        Queues that are mute are given `patience_s` seconds to come to life, and replaced if they do not:
        one that was deleted a moment ago may be declared while the broker still clears its old self away.
        """
        self.doubts.update(dict.fromkeys(self._known, "not proven yet"))
        self._proven_on = self._link.count
        self.doubts = wrong = await self._setup.install(self._known)
        self._stir()
        if wrong:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    while await self._hopeful():  # noqa: ASYNC110  # each round asks the broker
                        await asyncio.sleep(EVERY_S)
        return dict(self.doubts)

    async def _hopeful(self) -> bool:
        """Probe all that is doubted; tell whether anything of it is mute, which passes or is mended here."""
        await self._visit(self.doubts)
        return any(self._mute[queue] for queue in self.doubts)

    def doubt(self, queue: str, reason: str) -> None:
        """Trust the queue no more until it was proven."""
        if queue not in self.doubts:
            logger.warning("queue doubted", queue=queue, error=reason)
        self.doubts[queue] = reason

    async def well(self, queue: str) -> None:
        """Wait until the queue is not doubted."""
        while queue in self.doubts:
            await self._change.wait()

    async def run(self) -> None:
        """Probe what is doubted, for ever."""
        pause = EVERY_S
        while True:
            await asyncio.sleep(pause)
            if self._link.wire is None:
                continue
            ill = set(self.doubts)
            if self._proven_on != self._link.count:
                self._proven_on = self._link.count
                ill.update(self._known)
            await self._visit(ill)
            pause = min(pause * 1.5, MOST_S) if self.doubts else EVERY_S

    async def _visit(self, queues: Iterable[str]) -> None:
        ill = set(queues)
        async with self._round:  # one probe's replacing of a queue would be another's failure
            await asyncio.gather(*(self._probe(queue) for queue in ill))

    async def _probe(self, queue: str) -> None:
        try:
            if self._mute[queue] >= MUTE:
                logger.warning("queue replaced; the store rings again for what was in it", queue=queue)
                await self._setup.replace(queue)
            await self._setup.mend(queue)
        except WireError as failure:
            self._mute[queue] = self._mute[queue] + 1 if isinstance(failure, Mute) else 0
            self.doubt(queue, str(failure))
            return
        self._mute[queue] = 0
        if self.doubts.pop(queue, None) is not None:
            logger.info("queue is well again", queue=queue)
            self._stir()

    def _stir(self) -> None:
        self._change.set()
        self._change = asyncio.Event()
