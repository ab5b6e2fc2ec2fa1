"""How far a sending got, written down before and after each step, so that nothing goes twice."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from channels.errors import NotSent
from channels.message import Outgoing
from channels.port import Host

#: Longer than the router tries.
_KEEP_S = 3 * 86_400.0


class Way(Struct, frozen=True, kw_only=True):
    """Where it goes: in answer to a post, to a person, or into a group."""

    kind: str
    to: str


class Progress(Struct, frozen=True, kw_only=True):
    """What is known of one outgoing."""

    way: Way
    #: Names that X gave the parts that certainly went.
    done: tuple[str, ...] = ()
    #: When the next part was tried; None = it was not, or certainly did not go.
    tried: datetime | None = None


class Log:
    """The progress of one outgoing, kept by the host."""

    def __init__(self, host: Host, outgoing: Outgoing) -> None:
        """Take what is sent."""
        self._host = host
        self._name = f"sending:{outgoing.id}"
        self._version = 0
        #: What is known; None before the first step.
        self.progress: Progress | None = None

    async def read(self) -> Progress | None:
        """Read what earlier tries wrote."""
        memo = await self._host.recall(self._name)
        self._version = memo.version
        self.progress = msgspec.json.decode(memo.value, type=Progress) if memo.version else None
        return self.progress

    @property
    def done(self) -> tuple[str, ...]:
        """Names of the parts that went."""
        return self.progress.done if self.progress is not None else ()

    async def trying(self, way: Way) -> None:
        """Write that the next part is about to go. Raises NotSent when another process is at it."""
        known = self.progress or Progress(way=way)
        await self._write(replace(known, way=way, tried=self._host.clock.now()))

    async def went(self, name: str) -> None:
        """Write the name of a part that went."""
        await self._write(self._with(done=(*self._known.done, name), tried=None))

    async def did_not(self) -> None:
        """Write that the part certainly did not go."""
        await self._write(self._with(tried=None))

    @property
    def _known(self) -> Progress:
        if self.progress is None:
            raise RuntimeError("a step ended that was not begun")
        return self.progress

    def _with(self, **changes: Any) -> Progress:
        return replace(self._known, **changes)

    async def _write(self, progress: Progress) -> None:
        value = msgspec.json.encode(progress).decode()
        if not await self._host.remember(self._name, value, self._version, keep_s=_KEEP_S):
            raise NotSent("another process is sending it right now")
        self._version += 1
        self.progress = progress
