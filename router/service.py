"""Running the parts: start by role, keep each loop going, stop in the order that loses nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

from channels import registry
from channels.errors import LeaseLost, Misconfigured
from channels.port import Channel
from router import log
from router.accept import queue_of
from router.accounts.board import Board
from router.accounts.host import AccountHost
from router.accounts.reports import RECEIVE, RUN
from router.bootstrap import Parts
from router.consume import drain_parked
from router.errors import BrokerDown, StoreError
from router.health import Health
from router.server import Server

logger = log.get(__name__)

ROLES = ("channels", "router", "desk")
#: Pause before a loop that failed is started again; doubled up to the longest.
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
#: How long a stop waits for work in hand, altogether less than 20 s.
INTAKE_S = 3.0
WORK_S = 8.0


class Service:
    """The service in one process, in one or several roles."""

    def __init__(
        self, parts: Parts, server: Server, watch: tuple[Health, Board], roles: Sequence[str]
    ) -> None:
        """Take the parts, the web server, what watches over them, and which roles to play."""
        self._parts, self._server, self._roles = parts, server, frozenset(roles)
        self._health, self._board = watch
        self._stopping = asyncio.Event()

    async def run(self, stop: asyncio.Event, started: Callable[[], Awaitable[None]]) -> None:
        """Start everything, call `started`, and run until `stop` is set; then stop within 20 s."""
        parts = self._parts
        await parts.store.open()
        await parts.blobs.open()
        await parts.events.open()
        await self._agreed()
        async with asyncio.TaskGroup() as group:
            keep = [group.create_task(self._keep("switches", parts.keeper.run))]
            keep += [group.create_task(self._keep("health", self._health.run))]
            keep += [group.create_task(self._keep("reports", self._board.run))]
            intake = [group.create_task(self._keep("accept", parts.acceptor.run))]
            work_tasks: list[asyncio.Task[None]] = []
            aside: list[asyncio.Task[None]] = []
            work = [group.create_task(self._broker(group, work_tasks, aside))]
            if "router" in self._roles:
                keep += [group.create_task(self._keep("timers", parts.timers.run))]
                keep += [group.create_task(self._keep("outbox", parts.notifier.run))]
                keep += [group.create_task(self._keep("figures", parts.tally.run))]
                keep += [group.create_task(self._keep("letter", parts.post.run))]
            if "desk" in self._roles and parts.slack is not None:
                slack = parts.slack.loops()
                keep += [group.create_task(self._keep(name, loop)) for name, loop in slack.items()]
            receivers = self._receivers(group) if "channels" in self._roles else []
            await self._server.start()
            await started()
            await stop.wait()
            logger.info("stopping")
            await _end(receivers, INTAKE_S)
            await self._server.stop()
            await _end(intake, INTAKE_S)
            self._stopping.set()
            parts.consumer.stop()
            await _end(aside, WORK_S)
            await _finish(work_tasks, WORK_S)
            await _end([*work, *work_tasks], 1.0)
            await _end(keep, WORK_S)
        await self._close()

    async def _agreed(self) -> None:
        """Learn who agreed to notes before the first is worded; without a store none is, and it is read later."""
        with suppress(StoreError):
            await self._parts.keeper.refresh()

    async def _close(self) -> None:
        parts = self._parts
        with suppress(TimeoutError):
            async with asyncio.timeout(WORK_S):
                await parts.broker.close()
        await parts.events.close()
        await parts.blobs.close()
        await parts.store.close()

    async def _broker(
        self, group: asyncio.TaskGroup, tasks: list[asyncio.Task[None]], aside: list[asyncio.Task[None]]
    ) -> None:
        """Open the broker, however long it takes; then let the router work on its queues.

        `tasks` end once the consumer stops, those `aside` when they are cancelled.
        Until then messages are taken in all the same: the store has them.
        """
        parts = self._parts
        queues = [queue_of(name) for name in registry.names()]
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await parts.broker.open(queues)
                break
            except BrokerDown as error:
                logger.warning("broker not reached; trying again", error=str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
        if "router" not in self._roles:
            return
        loops = {queue: partial(parts.consumer.run, queue) for queue in queues}
        tasks.extend(group.create_task(self._keep(name, loop)) for name, loop in loops.items())
        parked = partial(drain_parked, parts.consumer, parts.broker, parts.store, parts.clock)
        aside.append(group.create_task(self._keep("parked", parked)))

    def _receivers(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        return [
            group.create_task(receive(channel, self._parts.hosts[key]))
            for key, channel in self._parts.channels.items()
        ]

    async def _keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop that must not end; an error is logged, and it is started again after a pause."""
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                await loop()
            except Exception:
                logger.exception("loop failed; starting again", loop=name)
            else:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)


async def receive(channel: Channel, host: AccountHost) -> None:
    """Let an account receive; its failure is shown, and it is started again after a pause.

    That it works is the channel's to say; one that returns has nothing to wait for.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            await channel.receive()
        except Exception as error:  # noqa: BLE001  # whatever it was, the account is started again
            ours = isinstance(error, Misconfigured)
            if not isinstance(error, LeaseLost):
                told = str(error) if ours else f"{type(error).__name__}: {error}"
                host.report("down", told[:300], part=RUN)
            reason = str(error) if ours else type(error).__name__
            logger.warning(
                "account failed; starting again",
                channel=host.channel,
                account=host.account,
                reason=reason,
            )
        else:
            host.report("ok", part=RECEIVE)
            return
        await asyncio.sleep(pause_s)
        pause_s = min(LONGEST_PAUSE_S, pause_s * 2)


async def _end(tasks: Sequence[asyncio.Task[None]], seconds: float) -> None:
    """Cancel tasks and wait until they have cleaned up, at most so long."""
    for task in tasks:
        task.cancel()
    await _finish(tasks, seconds)


async def _finish(tasks: Sequence[asyncio.Task[None]], seconds: float) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
