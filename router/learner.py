"""Learns from the log: the holder of the timer lease folds its lines into one document for each channel.

Each document says up to which line it has learnt, and is written by compare-and-set. So after a crash, or
beside another process that still thinks it holds the lease, every line counts once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from router.conversation import Event
from router.engine.learnt import WAITED, WAITING, Learnt, fold
from router.engine.worked import remembered, timed
from router.house import House
from router.ports import Record, Store

#: Kind of the records; the id is the channel.
KIND = "learnt"
#: Id of the record that says when each person answered last. It is written last, so its version tells of any change.
HANDS = "*"
#: Lines read in one trip, and trips in one round.
LINES, PAGES = 1000, 10
#: A document that nothing changes is written all the same once it is so many lines behind.
LAG = 5000
#: Most records of the kind.
MOST = 200


class _Page(Struct, frozen=True, kw_only=True):
    """A learnt document as it is stored."""

    #: The last line that it has learnt.
    after: int
    #: The record's version.
    version: int
    value: Any


class Learner:
    """Keeps the learnt state up with the log."""

    def __init__(self, store: Store, house: Callable[[], House]) -> None:
        """Take the parts; what was learnt before is read when first needed."""
        self._store, self._house = store, house
        self._pages: dict[str, _Page] | None = None
        #: The last line that was read.
        self._after = 0

    async def run(self) -> None:
        """Fold what the log has since the last time; at most some thousand lines."""
        if self._pages is None:
            self._pages = _pages(await self._store.records(KIND, MOST))
            # Without the page that is written last, the first round of all was cut short.
            known = self._pages.values() if HANDS in self._pages else ()
            self._after = min((page.after for page in known), default=0)
        for _ in range(PAGES):
            lines = await self._store.log(after=self._after, limit=LINES)
            if lines:
                self._after = lines[-1][0]
                await self._keep(self._learnt(lines, self._pages))
            if len(lines) < LINES or self._pages is None:
                return

    def _learnt(self, lines: Sequence[tuple[int, Event]], pages: Mapping[str, _Page]) -> dict[str, Any]:
        """Return the new values of the documents that change, by channel."""
        book = self._house().book
        hands: Mapping[str, str] = pages[HANDS].value if HANDS in pages else {}
        answered = pages[HANDS].after if HANDS in pages else 0
        states: dict[str, Learnt] = {}
        for number, line in lines:
            if line.kind not in {WAITING, WAITED} or not line.channel:
                continue
            known = pages.get(line.channel)
            if known is None or number > known.after:
                before = states.get(line.channel) or _state(line.channel, known)
                states[line.channel] = fold(before, timed(line, book, hands))
            if number > answered:
                hands = remembered(line, hands)
        values: dict[str, Any] = {name: msgspec.to_builtins(state) for name, state in states.items()}
        lagging = (name for name, page in pages.items() if self._after - page.after > LAG)
        values = {name: pages[name].value for name in lagging if name != HANDS} | values
        return values | ({HANDS: hands} if values or hands != _value(pages, HANDS) else {})

    async def _keep(self, values: Mapping[str, Any]) -> None:
        pages = dict(self._pages or {})
        self._pages = None  # until all are written: after a failure the next round begins with what is stored
        for name, value in values.items():
            version = pages[name].version + 1 if name in pages else 1
            stored = {"after": self._after, "state": value}
            if not await self._store.put_record(Record(kind=KIND, id=name, value=stored, version=version)):
                return  # somebody else learns too: begin again with what they wrote
            pages[name] = _Page(after=self._after, version=version, value=value)
        self._pages = pages


async def learnt_of(store: Store) -> dict[str, tuple[int, Learnt]]:
    """Return what the store has learnt of each channel, with the version of its document."""
    pages = _pages(await store.records(KIND, MOST))
    return {name: (page.version, _state(name, page)) for name, page in pages.items() if name != HANDS}


def _value(pages: Mapping[str, _Page], name: str) -> Any:
    return pages[name].value if name in pages else None


def _pages(records: Sequence[Record]) -> dict[str, _Page]:
    return {
        one.id: _Page(after=int(one.value["after"]), version=one.version, value=one.value["state"])
        for one in records
    }


def _state(channel: str, page: _Page | None) -> Learnt:
    """Return a state; one that an older version wrote otherwise is begun anew rather than trusted."""
    if page is None:
        return Learnt.start(channel)
    try:
        return msgspec.convert(page.value, Learnt)
    except msgspec.ValidationError:
        return Learnt.start(channel)
