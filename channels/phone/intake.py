"""Takes somebody's wish to be called, whichever way it came: number, tier, limits, one at a time, a time, stored."""

import hashlib
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from channels.errors import Unavailable
from channels.message import Identity
from channels.phone import attempt, memos, numbers, parse
from channels.phone.errors import Trouble
from channels.phone.limits import Rate
from channels.phone.parse import Wish
from channels.phone.quiet import Hours, hours_of
from channels.phone.settings import PhoneSettings
from channels.phone.slots import Slots
from channels.port import Host, Slot

#: How long a wish that was stored may take to be decided, before its place is given to another.
_DECIDED_WITHIN = timedelta(minutes=10)
_KEEP_S = 60 * 86400.0
_ROUNDS = 5
_OPEN = frozenset({"open", "held", "snoozed"})


class Open(Struct, frozen=True, kw_only=True):
    """The one callback that a number may have open."""

    thread: str
    at: datetime
    #: When they want to be called, not earlier.
    not_before: datetime | None = None
    #: What they said so far, by its hash: who repeats themselves adds nothing.
    said: tuple[str, ...] = ()


class Taken(Struct, frozen=True, kw_only=True):
    """What became of a wish."""

    #: The thread in which the customer is called: an earlier one where they wait already.
    thread: str
    number: str
    #: True when an earlier wish of the number is still open, and nothing new was stored.
    already: bool = False
    slot: Slot | None = None
    #: Set when it was too early or too late to call now: the earliest time for it.
    quiet_until: datetime | None = None
    #: The earliest time for the call; None = at once.
    not_before: datetime | None = None


class Asking(Struct, frozen=True, kw_only=True):
    """A wish as the customer gave it."""

    #: Unique for one sending of the form, or one call: the same twice is one wish.
    nonce: str
    #: Namespace of the nonce: `cb` for forms, `tw` for calls.
    way: str
    number: str
    name: str = ""
    about: str = ""
    #: What the customer wrote; "" = nothing, and then `said` tells what they chose.
    text: str = ""
    said: str = ""
    slot: datetime | None = None
    language: str = ""
    proved: bool = False
    #: True for programs that know our key.
    trusted: bool = False


class Intake:
    """One account's way in."""

    def __init__(self, host: Host, settings: PhoneSettings) -> None:
        """Take the host and the account's settings."""
        self._host, self._settings = host, settings
        self.slots = Slots(host, settings)
        per_hour = max(1, settings.requests_per_hour)
        self.addresses = Rate(per_hour=per_hour, burst=max(3, per_hour // 2))
        self._numbers = Rate(per_hour=max(1, per_hour // 2), burst=max(2, per_hour // 4))

    def checked(self, number: str) -> str:
        """Return the number in international form. Raises Trouble: number, premium, short or withheld."""
        try:
            found = numbers.checked(number, self._settings.country)
        except numbers.NotCallable as error:
            raise Trouble({"wrong": "number"}.get(error.why, error.why)) from None
        if found == self._settings.number:
            raise Trouble("number")
        return found

    def hours(self, number: str) -> Hours:
        """Return when the number may be called."""
        return hours_of(number, self._settings, self._host.zone)

    async def welcome(self, number: str) -> bool:
        """Tell whether the rules let this customer be called back."""
        return await self._host.welcome(Identity(kind="phone", address=number))

    async def waiting(self, number: str) -> str:
        """Return the thread in which the number waits to be called; "" when it does not."""
        known, _ = await memos.read(self._host, _name(number), Open)
        return known.thread if known is not None and await self._alive(known) else ""

    async def take(self, asking: Asking) -> Taken:
        """Store the wish once. Raises Trouble, Unavailable."""
        number = self.checked(asking.number)
        if not await self.welcome(number):
            raise Trouble("tier")
        thread = thread_of(asking)
        for _ in range(_ROUNDS):
            known, version = await memos.read(self._host, _name(number), Open)
            if known is not None and (known.thread == thread or await self._alive(known)):
                return await self._again(asking, known, number)
            mine = self._open(asking, thread, number)
            self._limit(asking, number)
            if await memos.write(self._host, _name(number), mine, version, keep_s=_KEEP_S):
                return await self._first(asking, mine, number)
        raise Unavailable("the same number asks many times at once")

    def _open(self, asking: Asking, thread: str, number: str) -> Open:
        now = self._host.clock.now()
        earliest = asking.slot or self.hours(number).earliest(now)
        not_before = earliest if earliest > now else None
        return Open(thread=thread, at=now, not_before=not_before, said=(_hash(asking.text),))

    def _limit(self, asking: Asking, number: str) -> None:
        """Raise Trouble when the number asks too often."""
        now = self._host.clock.now().timestamp()
        wait_s = 0.0 if asking.trusted else self._numbers.wait_s(number, now)
        if wait_s > 0:
            raise Trouble("rate", after_s=wait_s)

    async def _again(self, asking: Asking, known: Open, number: str) -> Taken:
        """Return the wish that is there already, the same or an earlier one that is still open."""
        already = known.thread != thread_of(asking)
        if already:
            await self._add(asking, known, number)
        elif await self._host.standing(known.thread) is None:
            # whoever stored it may have been stopped before it was: the same key is never stored twice
            return await self._store(asking, known, number)
        return Taken(thread=known.thread, number=number, already=already, not_before=known.not_before)

    async def _first(self, asking: Asking, mine: Open, number: str) -> Taken:
        """Store the wish, now that the number's place is ours."""
        try:
            return await self._store(asking, mine, number)
        except BaseException:
            await self._host.forget(_name(number))
            raise

    async def _add(self, asking: Asking, known: Open, number: str) -> None:
        """Put what a customer writes who waits already to their request; it changes nothing of their place."""
        said = _hash(asking.text)
        if not asking.text or said in known.said:
            return
        wish = self._wish(asking, known.thread, number)
        await self._host.deliver(
            parse.message(replace(wish, not_before=known.not_before), self._host.account)
        )

        def step(now: Open | None) -> Open | None:
            return None if now is None else replace(now, said=tuple(dict.fromkeys((*now.said, said)))[-20:])

        await memos.change(self._host, _name(number), Open, step, keep_s=_KEEP_S)

    async def _store(self, asking: Asking, mine: Open, number: str) -> Taken:
        hours = self.hours(number)
        slot = None if asking.slot is None else await self.slots.book(asking.slot, mine.thread, hours)
        wish = self._wish(asking, mine.thread, number)
        try:
            await self._host.deliver(
                parse.message(replace(wish, not_before=mine.not_before), self._host.account)
            )
        except BaseException:
            if slot is not None:
                await self.slots.give_back(slot.start, mine.thread)
            raise
        quiet_until = mine.not_before if slot is None else None
        return Taken(
            thread=mine.thread,
            number=number,
            slot=slot,
            quiet_until=quiet_until,
            not_before=mine.not_before,
        )

    def _wish(self, asking: Asking, thread: str, number: str) -> Wish:
        return Wish(
            thread=thread,
            key=f"{asking.way}:{asking.nonce}:asked",
            number=number,
            name=asking.name,
            about=asking.about,
            text=asking.text or asking.said,
            at=self._host.clock.now(),
            language=asking.language,
            zone=self.hours(number).zone,
            proved=asking.proved,
        )

    async def _alive(self, known: Open) -> bool:
        """Tell whether somebody still waits there, and is still being called."""
        standing = await self._host.standing(known.thread)
        if standing is None:
            return self._host.clock.now() - known.at < _DECIDED_WITHIN
        if standing.status not in _OPEN:
            return False
        last, _ = await attempt.read(self._host, known.thread)
        return last is None or not last.given_up

    async def hold(self, thread: str, *, seconds: float) -> None:
        """Let nobody be called for the thread for a while: its customer is on the line."""
        until = (self._host.clock.now() + timedelta(seconds=seconds)).isoformat()
        await memos.change(self._host, _held(thread), str, lambda _: until, keep_s=seconds)

    async def let_go(self, thread: str) -> None:
        """Let the thread's customer be called again."""
        await self._host.forget(_held(thread))

    async def held(self, thread: str) -> bool:
        """Tell whether the thread's customer is on the line."""
        return bool((await self._host.recall(_held(thread))).value)


def thread_of(asking: Asking) -> str:
    """Return the thread of a wish: the same for the same wish sent twice, and no secret."""
    digest = hashlib.sha256(f"{asking.way}\n{asking.nonce}".encode()).hexdigest()[:24]
    return f"{asking.way}-{digest}"


def _hash(text: str) -> str:
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def _name(number: str) -> str:
    return f"open:{number}"


def _held(thread: str) -> str:
    return f"held:{thread}"
