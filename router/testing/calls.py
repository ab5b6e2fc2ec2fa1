"""The part of the recording host that speaks of calls, and keeps what a channel remembers."""

from collections.abc import Sequence
from datetime import datetime

from channels.message import Identity
from channels.port import Case, Memo, Slot, Work


class RecordingCalls:
    """Says what it was told to say, and remembers what was passed on."""

    def __init__(self) -> None:
        #: What `work`, `lookup` (by the words asked for) and `slots` say.
        self.at_work: list[Work] = []
        self.cases: dict[str, Case] = {}
        self.free: list[Slot] = []
        #: Identity keys that `welcome` turns away.
        self.unwelcome: set[str] = set()
        #: (thread, agent, why) of each case passed on.
        self.passed: list[tuple[str, str, str]] = []
        #: What the channel keeps, and for how many seconds.
        self.memos: dict[str, Memo] = {}
        self.kept_s: dict[str, float | None] = {}

    async def work(self, limit: int = 50) -> Sequence[Work]:
        """Return what stands in `at_work`."""
        return self.at_work[:limit]

    async def lookup(self, words: str) -> Case | None:
        """Return what stands in `cases` under the words."""
        return self.cases.get(words)

    async def slots(self, start: datetime, end: datetime, length_s: float) -> Sequence[Slot]:
        """Return what stands in `free`, as far as it lies between the two; the length is taken as it is."""
        del length_s
        return [slot for slot in self.free if start <= slot.start and slot.end <= end]

    async def welcome(self, sender: Identity) -> bool:
        """Tell whether the identity is not in `unwelcome`."""
        return sender.key not in self.unwelcome

    async def pass_on(self, thread: str, agent: str, why: str) -> bool:
        """Remember it in `passed`, and take the thread's work away."""
        before = len(self.at_work)
        self.at_work = [one for one in self.at_work if (one.thread, one.agent) != (thread, agent)]
        self.passed.append((thread, agent, why))
        return len(self.at_work) < before

    async def recall(self, name: str) -> Memo:
        """Return what was kept under the name."""
        return self.memos.get(name, Memo())

    async def remember(self, name: str, value: str, version: int, *, keep_s: float | None = None) -> bool:
        """Keep it if nobody was faster; `keep_s` is remembered in `kept_s`."""
        if self.memos.get(name, Memo()).version != version:
            return False
        self.memos[name] = Memo(value=value, version=version + 1)
        self.kept_s[name] = keep_s
        return True

    async def forget(self, name: str) -> None:
        """Keep it no longer."""
        self.memos.pop(name, None)
