"""Counts the log into one record a day and one a week, in order, so that a report over months reads a few records.

One process of the fleet holds the lease `figures` and counts. Each record says up to which line it counts, so
lines that are read again after a crash change nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from channels.port import Clock
from router import log, metrics
from router.conversation import Event, Why
from router.errors import StoreError
from router.faults import reach
from router.house import House
from router.kept import counting, expected, figures
from router.kept.figures import Day, Group, Missed
from router.kept.reasons import why
from router.ports import Ids, Lease, Record, Store

logger = log.get(__name__)

#: A line of the log with its number.
Numbered: TypeAlias = tuple[int, Event]

KIND = "figures"
TICK_S = 5.0
LEASE_S = 30.0
#: Log lines read at a time, and most pages counted in one step.
PAGE = 1000
PAGES = 4
#: What a line may say of a broken promise that is looked into once more.
UNSURE = frozenset({"", Why.HELD_LONG.value})
#: Id of the record that says how far the log is counted, and how long a line may wait for it.
PLACE = "place"
LATE = timedelta(seconds=60)
#: Older lines are counted but no longer shown to Prometheus, which would take them for news.
NEWS = timedelta(hours=1)

_decode = msgspec.json.Decoder(Day).decode


class Tally:
    """Counts what happened, day by day."""

    def __init__(
        self, store: Store, ids: Ids, clock: Clock, house: Callable[[], House], zone: ZoneInfo
    ) -> None:
        """Take the parts, and the zone in which days begin."""
        self._store, self._clock, self._house, self._zone = store, clock, house, zone
        self._holder = ids.new("tally")

    async def run(self) -> None:
        """Count until cancelled; then give the lease back at once."""
        lease: Lease | None = None
        try:
            while True:
                try:
                    lease = await self._store.lease(KIND, self._holder, LEASE_S)
                    if lease is not None:
                        await self.count(lease)
                except StoreError as error:
                    logger.warning("figures not counted", error=type(error).__name__)
                await self._clock.sleep(TICK_S)
        finally:
            if lease is not None:
                await self._store.release(lease)

    async def count(self, lease: Lease) -> None:
        """Count what the log has beyond the lease's value, in order."""
        more = True
        while more:
            after = int(lease.value or 0)
            lines, more = await self._lines(after)
            if not lines or not await self._take(
                [pair for pair in lines if pair[1].kind in counting.COUNTED]
            ):
                return
            reach("fg.counted")
            lease = replace(lease, value=str(lines[-1][0]))
            if not await self._store.save_lease(lease, lease.value, LEASE_S):
                return
            await self._mark(lease.value)

    async def _mark(self, place: str) -> None:
        """Say how far the log is counted, for whoever needs all of it; losing a race is no harm."""
        known = await self._store.record(KIND, PLACE)
        version = known.version + 1 if known is not None else 1
        await self._store.put_record(Record(kind=KIND, id=PLACE, value={"after": place}, version=version))

    async def _lines(self, after: int) -> tuple[list[Numbered], bool]:
        """Return the next lines of the log, and whether there may be more."""
        found: list[Numbered] = []
        for _ in range(PAGES):
            page = await self._store.log(after=after, limit=PAGE)
            found += page
            if len(page) < PAGE:
                return found, False
            after = page[-1][0]
        return found, True

    async def _take(self, lines: Sequence[Numbered]) -> bool:
        """Count lines in; False when somebody else does so too, and was faster."""
        by_day: dict[str, list[Numbered]] = {}
        by_week: dict[str, list[Numbered]] = {}
        for number, line in lines:
            day = figures.day_of(line.at, self._zone)
            by_day.setdefault(day, []).append((number, line))
            if line.kind != "waiting":
                week = figures.week_of(date.fromisoformat(day))
                by_week.setdefault(week, []).append((number, line))
        reasons: dict[int, str] = {}
        for name, mine in sorted(by_day.items()):
            reasons |= await self._reasons(name, mine)
            if not await self._count(name, mine, reasons):
                return False
        return all([await self._count(name, mine, reasons) for name, mine in sorted(by_week.items())])

    async def _count(self, name: str, mine: Sequence[Numbered], reasons: Mapping[int, str]) -> bool:
        """Count lines into the record of their day or week; False when somebody was faster."""
        record = await self._store.record(KIND, name)
        known = day_from(record) if record is not None else Day(day=name)
        fresh = [(number, line) for number, line in mine if number > known.upto]
        if not fresh:
            return True
        after = counting.counted(known, fresh, self._zone, reasons)
        if is_week(name):
            after = replace(after, missed=())
        if not await self._store.put_record(_record(after, record)):
            return False
        if not is_week(name):
            _show(fresh, self._clock.now())
        return True

    async def _reasons(self, day: str, lines: Sequence[Numbered]) -> Mapping[int, str]:
        """Return why those promises broke of which more can be told than their lines say, by the lines' numbers."""
        wanted = {
            number: counting.missed_of(line, str(line.data.get("reason", "")))
            for number, line in lines
            if line.kind == "broken" and line.data.get("reason", "") in UNSURE
        }
        if not wanted:
            return {}
        ids = list({one.conversation for one in wanted.values()})
        found = {one.id: one for one in await self._store.conversations(ids)}
        book, known = self._house().book, await self._around(date.fromisoformat(day))
        return {
            number: why(book, found[one.conversation], one, self._surge(date.fromisoformat(day), one, known))
            for number, one in wanted.items()
            if one.conversation in found
        }

    async def _around(self, last: date) -> Mapping[str, Day]:
        """Return what was counted of the week up to this day, and of the weeks before."""
        back = 7 * (expected.WEEKS + 1)
        names = figures.days_from(last - timedelta(days=back - 1), back)
        return {one.day: one for one in await read(self._store, names)}

    def _surge(self, last: date, one: Missed, known: Mapping[str, Day]) -> float:
        begun = one.made or one.promised
        first = max(date.fromisoformat(figures.day_of(begun, self._zone)), last - timedelta(days=6))
        span = [last - timedelta(days=n) for n in range((last - first).days + 1)]
        now = [known[each.isoformat()] for each in span if each.isoformat() in known]
        names = [name for each in span for name in expected.weeks_before(each)]
        before = [known[name] for name in names if name in known]
        return expected.surge(now, before, one.queue, (begun, one.promised), self._zone)


async def is_behind(store: Store, now: datetime) -> bool:
    """Tell whether the log has lines that should have been counted by now, as after a long stop."""
    known = await store.record(KIND, PLACE)
    lines = await store.log(after=int(known.value["after"]) if known is not None else 0, limit=1)
    return any(now - line.at > LATE for _, line in lines)


async def read(store: Store, days: Sequence[str]) -> list[Day]:
    """Return the days of which something is counted, in the order asked for."""
    records = await asyncio.gather(*(store.record(KIND, day) for day in days))
    return [day_from(record) for record in records if record is not None]


async def read_weeks(store: Store, today: date, weeks: int) -> list[Day]:
    """Return so many weeks, the running one included as far as it goes."""
    monday = today - timedelta(days=today.weekday())
    return await read(store, [figures.week_of(monday - timedelta(weeks=n)) for n in reversed(range(weeks))])


async def read_days(store: Store, today: date, weeks: int) -> list[Day]:
    """Return the days of so many weeks, the running one included as far as it goes."""
    monday = today - timedelta(days=today.weekday() + 7 * (weeks - 1))
    return await read(store, figures.days_from(monday, (today - monday).days + 1))


def is_week(name: str) -> bool:
    """Tell whether a record counts a week, not a day."""
    return "W" in name


def day_from(record: Record) -> Day:
    """Return the day that a record keeps."""
    return _decode(record.value["day"])


def _record(day: Day, before: Record | None) -> Record:
    # as one text, which is read ten times as fast as a tree of values
    value = {"day": msgspec.json.encode(day).decode()}
    return Record(kind=KIND, id=day.day, value=value, version=before.version + 1 if before else 1)


def _show(lines: Sequence[tuple[int, Event]], now: datetime) -> None:
    for _, line in lines:
        if now - line.at > NEWS:
            continue
        if line.kind in counting.PROMISES:
            metrics.promise(line.channel, line.queue, counting.PROMISES[line.kind])
        last = counting.moment(line, "last")
        if line.kind == "waited" and last is not None and line.data.get("how") in counting.ANSWERED:
            metrics.slack(line.channel, (last - line.at).total_seconds())


def commonest(groups: Iterable[Group], most: int = 3) -> list[tuple[str, int]]:
    """Return the reasons why promises broke, the commonest first; those unknown are left out."""
    total = figures.Sum(*groups).group()
    ranked = sorted(total.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return [pair for pair in ranked if pair[0]][:most]
