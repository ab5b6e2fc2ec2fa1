"""Times that customers can choose: room from the roster, bookings by compare-and-set, so that none is oversold."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from channels.phone import memos
from channels.phone.errors import Trouble
from channels.phone.quiet import Hours
from channels.phone.settings import PhoneSettings
from channels.port import Host, Slot

#: Threads by the beginning of their slot, of one day (UTC).
Bookings: TypeAlias = dict[str, list[str]]

#: Nobody can choose a time nearer than this.
LEAD = timedelta(minutes=15)
_DAY_S = 86400.0


class Slots:
    """The times of one account."""

    def __init__(self, host: Host, settings: PhoneSettings) -> None:
        """Take the host and the account's settings."""
        self._host, self._settings = host, settings

    async def free(self, hours: Hours) -> list[Slot]:
        """Return the slots that have room and lie in the hours, in order, with the room that is left."""
        now = self._host.clock.now()
        end = now + timedelta(days=self._settings.slot_days)
        found = await self._host.slots(now + LEAD, end, self._settings.slot_length_s)
        open_ = [slot for slot in found if slot.free > 0 and hours.allow(slot.start)]
        taken = {day: await self._booked(day) for day in {_day(slot.start) for slot in open_}}
        return [slot for slot in open_ if slot.free > _count(taken[_day(slot.start)], slot.start)]

    async def book(self, start: datetime, thread: str, hours: Hours) -> Slot:
        """Reserve a place in the slot that begins then. Raises Trouble: slot (no room), quiet."""
        if not hours.allow(start):
            raise Trouble("quiet")
        length_s = self._settings.slot_length_s
        now = self._host.clock.now()
        near = now + LEAD / 3 <= start <= now + timedelta(days=self._settings.slot_days + 1)
        found = await self._host.slots(start, start + timedelta(seconds=length_s), length_s) if near else ()
        slot = next((one for one in found if one.start == start), None)
        if slot is None:
            raise Trouble("slot")
        room = slot.free

        def step(known: Bookings | None) -> Bookings | None:
            booked = dict(known or {})
            threads = booked.get(start.isoformat(), [])
            if thread in threads:
                return booked
            if len(threads) >= room:
                return None
            return booked | {start.isoformat(): [*threads, thread]}

        kept = await memos.change(self._host, _name(_day(start)), Bookings, step, keep_s=self._keep_s(start))
        if kept is None:
            raise Trouble("slot")
        return slot

    async def give_back(self, start: datetime, thread: str) -> None:
        """Let somebody else have the place."""

        def step(known: Bookings | None) -> Bookings | None:
            if known is None:
                return None
            left = [one for one in known.get(start.isoformat(), []) if one != thread]
            return known | {start.isoformat(): left}

        await memos.change(self._host, _name(_day(start)), Bookings, step, keep_s=self._keep_s(start))

    async def _booked(self, day: str) -> Mapping[str, Sequence[str]]:
        known, _ = await memos.read(self._host, _name(day), Bookings)
        return known or {}

    def _keep_s(self, start: datetime) -> float:
        return max(0.0, (start - self._host.clock.now()).total_seconds()) + 2 * _DAY_S


def _count(booked: Mapping[str, Sequence[str]], start: datetime) -> int:
    return len(booked.get(start.isoformat(), ()))


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()


def _name(day: str) -> str:
    return f"slots:{day}"
