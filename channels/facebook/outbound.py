"""Sending, for both ways: the gate that Facebook's limits close, and what becomes of an error."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from channels.errors import ChannelError, InDoubt, NotSent, Refused
from channels.facebook.graph import Graph
from channels.facebook.memory import Memory
from channels.facebook.settings import PageSettings, Timing
from channels.facebook.trouble import Said, Unanswered, Unreached, verdict
from channels.message import Attachment
from channels.port import Host

#: Seconds for reading an attachment from our own keeping.
_FILE_S = 4.0
#: Bytes that Facebook takes as one file.
LARGEST = 25 * 1024 * 1024
#: Sends in doubt remembered by the time they were tried.
_REMEMBERED = 1000


class File(Struct, frozen=True, kw_only=True):
    """An attachment with its bytes."""

    name: str
    content_type: str
    data: bytes


class Outbound:
    """What Messenger and comments need of an account in order to send."""

    def __init__(
        self, host: Host, settings: PageSettings, graph: Graph, memory: Memory, timing: Timing
    ) -> None:
        """Take the account's parts."""
        self.host, self.settings, self.graph, self.memory, self.timing = host, settings, graph, memory, timing
        self._opened = host.clock.now()
        self._doubted: dict[str, datetime] = {}

    async def call(
        self, outgoing: str, work: Callable[[], Awaitable[Mapping[str, Any]]]
    ) -> Mapping[str, Any]:
        """Do it once, no faster than Facebook wants. Raises Said for refusals, NotSent and InDoubt."""
        wait_s = self.graph.usage.wait_s(self.host.clock.now())
        if wait_s:
            raise NotSent("Facebook asks us to wait", after_s=wait_s)
        await asyncio.sleep(self.graph.usage.pause_s)
        try:
            answer = await work()
        except (Unreached, Unanswered, Said) as error:
            raised = self.judged(error)
            if isinstance(raised, InDoubt):
                self._doubt(outgoing)
            if isinstance(error, Said) and isinstance(raised, Refused):
                raise
            raise raised from error
        self.host.report("ok", part="send")
        self._doubted.pop(outgoing, None)
        return answer

    def _doubt(self, outgoing: str) -> None:
        self._doubted[outgoing] = self.host.clock.now()
        while len(self._doubted) > _REMEMBERED:
            self._doubted.pop(next(iter(self._doubted)))

    def judged(self, error: Exception) -> ChannelError:
        """Return what to raise, and tell admins what they have to know."""
        throttled_s = 0.0
        if isinstance(error, Said) and error.throttled:
            throttled_s = self.graph.usage.throttled(self.host.clock.now())
        found = verdict(error, self.timing.locked_s, throttled_s)
        if found.state:
            self.host.report(found.state, found.text, part="send")
        return found.error

    def settled(self, outgoing: str) -> bool:
        """Tell whether a send in doubt lies back so long that its not being there proves something."""
        since = self._doubted.get(outgoing, self._opened)
        return (self.host.clock.now() - since).total_seconds() >= self.timing.settle_s

    async def file(self, attachment: Attachment) -> File:
        """Return an attachment. Raises NotSent or Refused: nothing was sent yet."""
        if attachment.size > LARGEST:
            raise Refused(
                f"Facebook takes files up to 25 MB; {attachment.name} is larger. Send a smaller one."
            )
        try:
            async with asyncio.timeout(_FILE_S):
                data = await self.host.blobs.get(attachment.blob)
        except Exception as error:
            raise NotSent(f"an attachment cannot be read ({type(error).__name__})") from error
        return File(name=attachment.name, content_type=attachment.content_type, data=data)
