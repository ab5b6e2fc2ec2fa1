"""The made-up customers at work: they write, wait, write again and say thanks."""

import asyncio
import random
from collections.abc import Callable, Mapping

from sandbox.cast import Cast, Step, Story, stories
from sandbox.ledger import Seen
from sandbox.script import Line, Script, carries
from sandbox.stand import Stand, reason

#: Real seconds between two customers who begin to write.
BETWEEN_S = (4.0, 14.0)
#: How long a customer waits for us before going on, real seconds.
PATIENCE_S = 420.0
#: What writing may take; it is not scaled, as the network is not.
WRITE_S = 60.0
#: Stories under way at a time.
MOST = 40


class Customers:
    """Plays the stories on the stands."""

    def __init__(
        self,
        stands: Mapping[str, Stand],
        cast: Cast,
        script: Script,
        *,
        speed: float = 1.0,
        seed: int = 1,
        tell: Callable[[str], None] = print,
    ) -> None:
        """Take the providers, the cast, where to note what is said, and how much faster than life to be."""
        self._stands, self._cast, self._script = stands, cast, script
        self._speed, self._seed, self._tell = speed, seed, tell
        self._chance = random.Random(seed + 1)
        #: While it is not set, nobody begins a new story.
        self.lively = asyncio.Event()
        self.lively.set()
        #: Customers in the middle of a story.
        self._busy: set[str] = set()

    async def run(self) -> None:
        """Play until cancelled."""
        room = asyncio.Semaphore(MOST)
        async with asyncio.TaskGroup() as group:
            for story in stories(self._cast, frozenset(self._stands), self._seed):
                await self.lively.wait()
                await room.acquire()
                task = group.create_task(self.play(story))
                task.add_done_callback(lambda _: room.release())
                await self._pause(self._chance.uniform(*BETWEEN_S))

    async def play(self, story: Story) -> None:
        """Play one story; a provider that does not take what is written ends it."""
        who = f"{story.channel}/{story.customer}"
        if who in self._busy:
            return
        self._busy.add(who)
        try:
            await self._steps(story)
        except Exception as error:  # noqa: BLE001  # a fault that is switched on; the show goes on
            self._tell(f"{story.customer} could not write ({story.channel}): {reason(error)}")
        finally:
            self._busy.discard(who)

    async def _steps(self, story: Story) -> None:
        stand, thread = self._stands[story.channel], ""
        for step in story.steps:
            await self._pause(step.pause_s)
            self._script.said(Line(channel=story.channel, customer=story.customer, step=step))
            before = len(stand.ledger)
            async with asyncio.timeout(WRITE_S):
                written = await stand.write(story.customer, step.say, thread=thread, public=story.public)
            thread = thread or written
            await self._wait(stand, story, step, before)

    async def _wait(self, stand: Stand, story: Story, step: Step, before: int) -> None:
        """Wait for what the step waits for, or until patience ends."""
        what = step.wait or ("answer" if step.answer else "none")
        if what == "none":
            return

        def heard(row: Seen) -> bool:
            mine = row.ours and row.customer == story.customer
            return mine and (what == "note" or carries(row.text, step.answer))

        for _ in range(int(PATIENCE_S)):
            if any(heard(row) for row in stand.ledger.since(before)):
                return
            await self._pause(1.0)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)
