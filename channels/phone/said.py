"""What is told to somebody who waits to be called: the note as it was worded, the place in line, the times."""

import asyncio

from msgspec import Struct

from channels.phone import memos
from channels.phone.account import Account
from channels.phone.intake import Taken
from channels.phone.settings import clock
from channels.port import Standing

#: A caller waits so long on the line for the note; the provider gives up after 15 s.
WAIT_S = 6.0
_LOOK_S = 0.2
_KEEP_S = 7 * 86400.0
_KEPT = 20


class Note(Struct, frozen=True, kw_only=True):
    """The newest note of a thread, laid out to be read; and the ids of those before it, newest last."""

    text: str
    ids: tuple[str, ...]


class Said:
    """Words for one thread."""

    def __init__(self, account: Account) -> None:
        """Take the account's parts."""
        self._account, self._host, self._words = account, account.host, account.words

    async def lay_out(self, thread: str, id: str, text: str) -> None:
        """Keep a note so that it is read out or shown. Raises Unavailable."""

        def step(known: Note | None) -> Note | None:
            before = known.ids if known is not None else ()
            if id in before:
                return known
            return Note(text=text, ids=(*before, id)[-_KEPT:])

        await memos.change(self._host, _name(thread), Note, step, keep_s=_KEEP_S)

    async def laid_out(self, thread: str, id: str) -> bool:
        """Tell whether the note was laid out."""
        note, _ = await memos.read(self._host, _name(thread), Note)
        return note is not None and id in note.ids

    async def told(self, taken: Taken) -> list[str]:
        """Return what somebody hears whose wish was taken."""
        words = self._words
        if taken.already:
            return [words("already"), *await self.standing(taken.thread, taken.number)]
        return [words("taken"), *self._quiet(taken), *await self._note(taken.thread, taken.number)]

    def _quiet(self, taken: Taken) -> list[str]:
        if taken.quiet_until is None:
            return []
        settings, zone = self._account.settings, self._account.zone_of(taken.number)
        at = self._words.at(taken.quiet_until, self._host.clock.now(), zone)
        first, last = clock(settings.call_from), clock(settings.call_until)
        told = self._words("quiet", first=first, last=last, time=at)
        return [told, self._account.zone_said(self._words, taken.number)]

    async def _note(self, thread: str, number: str) -> list[str]:
        """Wait a moment for the note; without one, say what is known."""
        loop = asyncio.get_running_loop()
        until = loop.time() + WAIT_S
        while True:
            note, _ = await memos.read(self._host, _name(thread), Note)
            if note is not None:
                return [note.text, *await self._place(thread)]
            if loop.time() >= until:
                return await self.standing(thread, number)
            await asyncio.sleep(_LOOK_S)

    async def _place(self, thread: str) -> list[str]:
        found = await self._host.standing(thread)
        return [] if found is None else self._position(found)

    def _position(self, found: Standing) -> list[str]:
        if found.position <= 0:
            return []
        if found.position == 1:
            return [self._words("position_next")]
        return [self._words("position", place=found.position)]

    async def standing(self, thread: str, number: str) -> list[str]:
        """Return who stands for the call and by when, by the number's clock, and the place in line, if known."""
        found = await self._host.standing(thread)
        if found is None or not found.person or found.by is None:
            return []
        at = self._words.at(found.by, self._host.clock.now(), self._account.zone_of(number))
        name = "stands_owner" if found.assigned else "stands_duty"
        told = self._words(name, person=found.person, time=at)
        return [told, self._account.zone_said(self._words, number), *self._position(found)]


def _name(thread: str) -> str:
    return f"note:{thread}"
