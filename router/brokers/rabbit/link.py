"""One connection to RabbitMQ that is opened again whenever it is lost."""

import asyncio
import random

from router import log
from router.brokers.rabbit.values import Gone, WireError
from router.brokers.rabbit.wire import Wire

#: Seconds between two attempts; short, because a broker that comes back should be used at once.
PAUSE_S = 0.5

logger = log.get(__name__)


class Link:
    """Keeps a connection; `wire` is the present one, or None while there is none."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._up = asyncio.Event()
        self.wire: Wire | None = None
        #: How many connections there have been.
        self.count = 0
        #: Why there is no connection; "" while there is one.
        self.error = "not connected yet"

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        try:
            while True:
                await self._connect()
                if self.wire is not None:
                    await self.wire.lost.wait()
                    self._down("the connection was lost")
                await asyncio.sleep(PAUSE_S * random.uniform(0.8, 1.2))
        finally:
            wire, self.wire = self.wire, None
            self._up.clear()
            if wire is not None:
                await wire.close()

    async def ready(self) -> Wire:
        """Wait until there is a connection; bound it."""
        while self.wire is None:
            await self._up.wait()
        return self.wire

    def now(self) -> Wire:
        """Return the connection; raises Gone at once while there is none."""
        if self.wire is None:
            raise Gone(self.error)
        return self.wire

    async def _connect(self) -> None:
        try:
            self.wire = await Wire.connect(self._url, self._name)
        except WireError as failure:
            if self.error != str(failure):
                logger.warning("broker not reached", link=self._name, error=str(failure))
            self.error = str(failure)
            return
        if self.error:
            logger.info("broker connected", link=self._name)
        self.error = ""
        self.count += 1
        self._up.set()

    def _down(self, error: str) -> None:
        self.wire = None
        self._up.clear()
        self.error = error
        logger.warning("broker connection lost", link=self._name)
