"""Polling: the truth about what came. Position by position, oldest first, nothing skipped."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from msgspec import Struct

from channels.errors import LeaseLost, Unavailable
from channels.port import Clock, Cursor, Host
from channels.twitter.client import Page, items, next_token
from channels.twitter.intake import Intake
from channels.twitter.money import USER_READ, Meter
from channels.twitter.read import Read, View
from channels.twitter.shape import NUMBER, People, Strange, list_, people
from channels.twitter.trouble import Denied, Penniless, Revoked, Throttled, Trouble

#: What becomes visible later than what was written after it is looked for this far back.
OVERLAP_MS = 10_000
#: Seconds until the next try when X is broken (doubled), or does not let us in, or wants money.
FIRST_S, LONGEST_S, LOCKED_OUT_S = 2.0, 120.0, 300.0
#: One refusal may be a slip of X; so the first pause is short, and each further one four times as long.
SLIP_S = 5.0
STORE_S = 2.0
#: While the budget is spent it is looked at again after so many seconds.
BUDGET_S = 60.0
#: That something could not be read is told for so long.
SHOWN_FOR = timedelta(hours=1)
_OLDEST = 1


class Listing(Protocol):
    """One list of X that is polled."""

    #: The cursor's name, and what the list is called in words.
    cursor: str
    title: str
    every_s: float
    #: What reading one entry costs.
    price: int

    async def newest(self) -> Page:
        """Return a short page with the newest entries."""
        ...

    async def since(self, number: int, token: str) -> Page:
        """Return a page of entries newer than the number, newest first."""
        ...

    def read(self, data: Mapping[str, Any], known: People, view: View) -> Read | None:
        """Return one entry. Raises Strange."""
        ...

    def lost(self, count: int) -> str:
        """Return that X shows no more than so many, where there may be more; "" when it does."""
        ...


class Position(Struct, frozen=True, kw_only=True):
    """How far a list was read."""

    #: The newest entry taken in, and what lay there when the account was first connected.
    newest: int
    floor: int

    @property
    def since(self) -> int:
        """The number after which is read: a little before the newest, never before the start."""
        return max(self.floor, self.newest - (OVERLAP_MS << 22))


class Poller:
    """Follows one list, one process of the fleet at a time."""

    def __init__(self, host: Host, listing: Listing, intake: Intake, meter: Meter) -> None:
        """Take the account, the list, where entries go, and who counts the money."""
        self._host, self._listing, self._intake, self._meter = host, listing, intake, meter
        self._failures = 0
        #: What X did not show any more, and until when that is told.
        self._lost, self._lost_until = "", host.clock.now()
        #: Set it to look at once.
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                async with self._host.cursor(self._listing.cursor) as cursor:
                    while True:
                        pause = await self._round(cursor)
                        await nap(self._host.clock, pause, self.wake)
            except LeaseLost:
                await self._host.clock.sleep(STORE_S)

    async def _round(self, cursor: Cursor) -> float:
        """Read what is new; return the seconds until the next round."""
        if await self._spent():
            return self._rest_s()
        try:
            words = await self._read(cursor)
        except Trouble as trouble:
            return self._troubled(trouble)
        except Unavailable:
            self._say("degraded", "what came cannot be stored; it stays on X until it can")
            return STORE_S
        self._failures = 0
        now = self._host.clock.now()
        if words:
            self._lost, self._lost_until = words, now + SHOWN_FOR
        elif now >= self._lost_until:
            self._lost = ""
        self._say("degraded" if self._lost else "ok", self._lost)
        return self._listing.every_s

    async def _spent(self) -> bool:
        """Tell whether nothing more may be spent today."""
        left = await self._meter.left()
        return left is not None and left <= 0

    def _rest_s(self) -> float:
        return float(min(BUDGET_S, self._meter.until_midnight_s()))

    async def _read(self, cursor: Cursor) -> str:
        """Take in everything newer than the cursor and save it; return what could not be read, in words."""
        if not cursor.value:
            start = _greatest(items(await self._paid(await self._listing.newest())), _OLDEST)
            await cursor.save(_written(Position(newest=start, floor=start)))
        position = _position(cursor.value)
        newest, words = await self._all(position)
        if newest > position.newest:
            await cursor.save(_written(Position(newest=newest, floor=position.floor)))
        return words

    async def _all(self, position: Position) -> tuple[int, str]:
        """Take in what the list has since the position, oldest first; return its newest and what X does not show.

        X lists the newest first. Where it lets us go on only later, what was read is taken in before that,
        and reading goes on at the same place: begun anew, a long list would never come to its end.
        """
        pages: list[Page] = []
        token, count, newest = "", 0, 0
        while True:
            page = await self._page(position, token)
            if isinstance(page, float):
                await self._take_in(pages, position)
                pages = []
                await self._host.clock.sleep(page)
                continue
            pages.append(page)
            numbers = _numbers(items(page))
            newest, count, token = max([newest, *numbers]), count + len(items(page)), next_token(page)
            known = bool(numbers) and min(numbers) <= position.since
            words = "" if known else self._listing.lost(count)
            if known or words or not token:
                await self._take_in(pages, position)
                return newest, words

    async def _page(self, position: Position, token: str) -> Page | float:
        """Return the page, or the seconds until a further page can be had. Raises Trouble for the first."""
        if token and await self._spent():
            return self._rest_s()
        try:
            return await self._paid(await self._listing.since(position.since, token))
        except Denied:
            raise  # the place in the list may be known no more
        except Trouble as trouble:
            if not token:
                raise
            return self._troubled(trouble)

    async def _take_in(self, pages: Sequence[Page], position: Position) -> None:
        for page in reversed(pages):
            for data in reversed(items(page)):
                await self._take(data, people(page), position)

    async def _take(self, data: Mapping[str, Any], known: People, position: Position) -> None:
        name = str(data.get("id") or "")
        if NUMBER.fullmatch(name) and int(name) <= position.since:
            return
        try:
            read = self._listing.read(data, known, self._intake.view())
        except Strange as error:
            raw = json.dumps(data).encode()  # also takes half an emoji, which others do not
            named = name if NUMBER.fullmatch(name) else f"odd:{hash_(raw)}"
            await self._intake.unreadable(raw, str(error), name=named)
            return
        if read is not None:
            await self._intake.take(read)

    async def _paid(self, page: Page) -> Page:
        """Count what the page cost. Raises Denied when it has errors and nothing else."""
        found = items(page)
        if not found and list_(page.get("errors")):
            first = page["errors"][0]
            words = first.get("detail") or first.get("message") if isinstance(first, Mapping) else first
            raise Denied(f"X does not show the {self._listing.title}: {str(words)[:200]}")
        named = [(f"post:{one.get('id')}", self._listing.price) for one in found]
        named += [(f"user:{number}", USER_READ) for number in people(page).known]
        await self._meter.reads(named)
        return page

    def _troubled(self, trouble: Trouble) -> float:
        """Tell what is wrong and what to do; return the seconds until the next try."""
        what = f"{self._listing.title}: {trouble}"
        self._failures += 1
        if isinstance(trouble, Throttled):
            if trouble.after_s > 2 * self._listing.every_s:
                self._say("degraded", f"{what}; reading goes on in {trouble.after_s / 60:.0f} min")
            return trouble.after_s + 0.5
        if isinstance(trouble, Revoked):
            self._say("down", f"{what}. {renewal(self._host)}")
            return self._locked_out_s()
        if isinstance(trouble, Penniless):
            self._say("down", f"{what}. {PAY}")
            return self._locked_out_s()
        if isinstance(trouble, Denied):
            self._say("degraded", f"{what}. Check the app's permissions in the developer console of X")
            return self._locked_out_s()
        self._say("degraded", what)
        return float(min(LONGEST_S, FIRST_S * 2 ** min(self._failures - 1, 10)))

    def _locked_out_s(self) -> float:
        return float(min(LOCKED_OUT_S, SLIP_S * 4 ** min(self._failures - 1, 10)))

    def _say(self, state: str, words: str = "") -> None:
        self._host.report(state, words, part=f"receive {self._listing.title}")


PAY = "Buy credits or raise the spending limit in the developer console of X; nothing is lost meanwhile"


def renewal(host: Host) -> str:
    """Say what to do about tokens that X does not accept."""
    where = f"channels.{host.channel}.{host.account}"
    return f"Create new tokens in the developer console of X and set {where}.access_token and its secret"


async def nap(clock: Clock, seconds: float, wake: asyncio.Event) -> None:
    """Wait so long, or until woken."""
    async with asyncio.TaskGroup() as group:
        waits = {group.create_task(clock.sleep(seconds)), group.create_task(wake.wait())}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
    wake.clear()


def hash_(raw: bytes) -> str:
    """Return a short name for bytes that have none."""
    return hashlib.sha256(raw).hexdigest()[:24]


def _greatest(found: Sequence[Mapping[str, Any]], least: int) -> int:
    return max([least, *_numbers(found)])


def _numbers(found: Sequence[Mapping[str, Any]]) -> list[int]:
    return [int(str(one["id"])) for one in found if NUMBER.fullmatch(str(one.get("id") or ""))]


def _written(position: Position) -> str:
    return f"{position.newest}:{position.floor}"


def _position(value: str) -> Position:
    newest, _, floor = value.partition(":")
    return Position(newest=int(newest), floor=int(floor or newest))
