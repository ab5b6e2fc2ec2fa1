"""Counts the log into one record a day, in order, so that a report over months reads a few dozen small records.

One process of the fleet holds the lease `figures` and counts. Each record says up to which line it counts, so
lines that are read again after a crash change nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from channels.port import Clock
from router import expected, figures, log, metrics
from router.conversation import Event
from router.errors import StoreError
from router.faults import reach
from router.figures import Day, Group, Missed
from router.house import House
from router.ports import Ids, Lease, Record, Store
from router.reasons import why

logger = log.get(__name__)

KIND = "figures"
TICK_S = 5.0
LEASE_S = 30.0
#: Log lines read at a time, and most pages in one tick.
PAGE = 500
PAGES = 40
#: Older lines are counted but no longer shown to Prometheus, which would take them for news.
NEWS = timedelta(hours=1)


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
        after = int(lease.value or 0)
        for _ in range(PAGES):
            lines = await self._store.log(after=after, limit=PAGE)
            if not lines or not await self._take(lines):
                return
            reach("fg.counted")
            after = lines[-1][0]
            if not await self._store.save_lease(lease, str(after), LEASE_S):
                return
            if len(lines) < PAGE:
                return

    async def _take(self, lines: Sequence[tuple[int, Event]]) -> bool:
        """Count a page of lines; False when somebody else does so too, and was faster."""
        by_day: dict[str, list[tuple[int, Event]]] = {}
        for number, line in lines:
            if line.kind in figures.COUNTED:
                by_day.setdefault(figures.day_of(line.at, self._zone), []).append((number, line))
        for name, mine in sorted(by_day.items()):
            record = await self._store.record(KIND, name)
            known = day_from(record) if record is not None else Day(day=name)
            fresh = [(number, line) for number, line in mine if number > known.upto]
            if not fresh:
                continue
            after = figures.counted(known, fresh, self._zone, await self._reasons(known, fresh))
            if not await self._store.put_record(_record(after, record)):
                return False
            _show(fresh, self._clock.now())
        return True

    async def _reasons(self, day: Day, lines: Sequence[tuple[int, Event]]) -> Mapping[int, str]:
        """Return why those promises broke whose lines do not say so, by the lines' numbers."""
        wanted = {
            number: figures.missed_of(line, "")
            for number, line in lines
            if line.kind == "broken" and not line.data.get("reason")
        }
        if not wanted:
            return {}
        ids = list({one.conversation for one in wanted.values()})
        found = {one.id: one for one in await self._store.conversations(ids)}
        book = self._house().book
        return {
            number: why(book, found[one.conversation], one, await self._surge(day, one))
            for number, one in wanted.items()
            if one.conversation in found
        }

    async def _surge(self, day: Day, one: Missed) -> float:
        last = date.fromisoformat(day.day)
        begun = one.made or one.promised
        first = max(date.fromisoformat(figures.day_of(begun, self._zone)), last - timedelta(days=6))
        span = [last - timedelta(days=n) for n in range((last - first).days + 1)]
        now = await read(self._store, [each.isoformat() for each in span[1:]])
        before = await read(self._store, [name for each in span for name in expected.weeks_before(each)])
        return expected.surge([day, *now], before, one.queue, (begun, one.promised), self._zone)


async def read(store: Store, days: Sequence[str]) -> list[Day]:
    """Return the days of which something is counted, in the order asked for."""
    records = await asyncio.gather(*(store.record(KIND, day) for day in days))
    return [day_from(record) for record in records if record is not None]


async def read_weeks(store: Store, today: date, weeks: int) -> list[Day]:
    """Return the days of so many whole weeks, the running one included as far as it goes."""
    monday = today - timedelta(days=today.weekday() + 7 * (weeks - 1))
    return await read(store, figures.days_from(monday, (today - monday).days + 1))


def day_from(record: Record) -> Day:
    """Return the day that a record keeps."""
    return msgspec.convert(record.value, Day, str_keys=True)


def _record(day: Day, before: Record | None) -> Record:
    value = msgspec.to_builtins(day, str_keys=True)
    return Record(kind=KIND, id=day.day, value=value, version=before.version + 1 if before else 1)


def _show(lines: Sequence[tuple[int, Event]], now: datetime) -> None:
    for _, line in lines:
        if now - line.at > NEWS:
            continue
        if line.kind in figures.PROMISES:
            metrics.promise(line.channel, line.queue, figures.PROMISES[line.kind])
        last = figures.moment(line, "last")
        if line.kind == "waited" and last is not None and line.data.get("how") in figures.ANSWERED:
            metrics.slack(line.channel, (last - line.at).total_seconds())


def commonest(groups: Iterable[Group], most: int = 3) -> list[tuple[str, int]]:
    """Return the reasons why promises broke, the commonest first; those unknown are left out."""
    total = figures.Group()
    for one in groups:
        total = figures.plus(total, one)
    ranked = sorted(total.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return [pair for pair in ranked if pair[0]][:most]
