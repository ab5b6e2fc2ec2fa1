"""Declaring queues and proving with a canary that they work, on connections of its own.

A quorum queue that was declared just before its broker was killed may come back without a leader:
it exists, and answers nothing. Only using it shows that. A canary is a message that readers
discard; it proves that the queue takes messages, and, where nobody else reads it, gives them out.
"""

import asyncio
from collections.abc import Sequence

from router.brokers.policy import PARKED
from router.brokers.rabbit.topology import RETRY_QUEUES, queue_arguments
from router.brokers.rabbit.values import Mute, NotTaken, Parcel, Refused, Silent, WireError
from router.brokers.rabbit.wire import Line, Wire

#: Seconds for a canary to be confirmed and come back.
CANARY_S = 3.0
#: Seconds for the broker to give up on the members of a queue that is deleted.
DELETE_S = 20.0
#: Header that marks a canary.
CANARY = "canary"


class Setup:
    """Makes sure of queues: declared as they should be, and alive."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def install(self, queues: Sequence[str]) -> dict[str, str]:
        """Declare and prove these queues, the first before the others; returns what is wrong by queue."""
        wire = await Wire.connect(self._url, "handleby setup")
        try:
            first, *rest = queues
            found = [await self._tried(wire, first)]
            found += await asyncio.gather(*(self._tried(wire, queue) for queue in rest))
            return {queue: error for queue, error in found if error}
        finally:
            await wire.close()

    async def replace(self, queue: str) -> None:
        """Delete a queue; one without a leader is gone some seconds after the broker fails to say so."""
        wire = await Wire.connect(self._url, "handleby probe")
        try:
            line = await wire.line()
            await line.delete(queue, within_s=DELETE_S)
        finally:
            await wire.close()

    async def mend(self, queue: str) -> None:
        """Declare one queue again if it is missing, and prove it; raises WireError while it is ill."""
        wire = await Wire.connect(self._url, "handleby probe")
        try:
            await self._install(wire, queue)
        finally:
            await wire.close()

    async def _tried(self, wire: Wire, queue: str) -> tuple[str, str]:
        try:
            await self._install(wire, queue)
        except WireError as failure:
            return queue, str(failure)
        return queue, ""

    async def _install(self, wire: Wire, queue: str) -> None:
        try:
            await self._prove(wire, queue)
        except Mute:
            raise
        except Silent as silence:
            if await wire.blocked():
                raise NotTaken("the broker is out of memory or disk and takes nothing") from silence
            await wire.line()  # raises unless the broker answers otherwise
            raise Mute(f"it does not answer: {silence}") from silence

    async def _prove(self, wire: Wire, queue: str) -> None:
        line = await wire.line()
        await line.declare(queue, queue_arguments(queue))
        if queue in RETRY_QUEUES:
            await line.declare_fanout(queue)
            await line.bind(queue, queue)
        try:
            async with asyncio.timeout(CANARY_S):
                await _fly(line, queue)
        except TimeoutError:
            raise Silent(f"its canary did not come back within {CANARY_S:g} s") from None
        await line.close()


async def _fly(line: Line, queue: str) -> None:
    # a queue without dead letters may let an unread canary expire; elsewhere it would become one
    expires = 30.0 if queue == PARKED else None
    [failure] = await line.publish([Parcel(queue=queue, headers={CANARY: 1}, expires_s=expires)], CANARY_S)
    ready, consumers = await line.count(queue)
    if isinstance(failure, Refused) and not ready:
        raise Mute("it refuses messages though it is empty: its process does not run")
    if failure is not None:
        raise failure
    if consumers or ready > 1:
        return  # others read it in turn; taking a message of theirs would count as a hand-out
    arrival = await line.get(queue)
    if arrival is not None and CANARY in arrival.headers:
        await line.ack(arrival.tag)
    elif arrival is not None:
        await line.give_back(arrival.tag)
