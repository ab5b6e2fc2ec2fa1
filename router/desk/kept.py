"""What the report page and the API show of promises: sums over weeks, and single waits, within what one may see."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from router.conversation import Event
from router.desk.parts import Parts
from router.desk.sight import Sight
from router.kept import counting, figures, tally
from router.kept.figures import Day, Group

By = Literal["week", "day", "channel", "queue", "agent"]
#: Waits of one day that are read at most; the newest are. So many are looked at before others get a turn.
MOST_A_DAY, TURN = 50_000, 1000


class Filter(Struct, frozen=True, kw_only=True):
    """What is asked for; "" = any."""

    weeks: int = 12
    channel: str = ""
    queue: str = ""
    agent: str = ""


class FigureView(Struct, frozen=True, kw_only=True):
    """How promises turned out in one week or day, on one channel, in one queue, or of one person."""

    name: str
    made: int
    kept: int
    #: Told a new time before the old one passed; neither kept nor broken.
    renewed: int
    broken: int
    withdrawn: int
    #: kept / (kept + broken); null when none has ended so.
    kept_rate: float | None
    #: Of the waits with a time: the share answered by the time that was said first.
    first_rate: float | None
    #: Waits that ended, and those of them with a time.
    waits: int
    told: int
    #: Seconds promised minus actual; below zero an answer was late.
    slack_p10_s: float | None
    slack_p50_s: float | None
    slack_p90_s: float | None
    #: Seconds from the customer's message to the answer.
    took_p50_s: float | None
    took_p90_s: float | None
    #: Why promises broke, with how often, the commonest first.
    reasons: list[tuple[str, int]]


class Wait(Struct, frozen=True, kw_only=True):
    """One wait that ended in a person's answer, with the time that was promised."""

    conversation: str
    channel: str
    queue: str
    #: Whoever promised; "" for who may not see their figures.
    agent: str
    arrived: datetime
    promised_at: datetime
    #: X as first and as last said, and when the answer came.
    first: datetime
    last: datetime
    actual: datetime
    renewals: int
    reason: str

    @property
    def slack_s(self) -> float:
        """Return promised minus actual, in seconds."""
        return (self.last - self.actual).total_seconds()


def view(name: str, one: Group) -> FigureView:
    """Return a sum as it is shown."""
    return FigureView(
        name=name,
        made=one.made,
        kept=one.kept,
        renewed=one.renewed,
        broken=one.broken,
        withdrawn=one.withdrawn,
        kept_rate=one.kept_rate,
        first_rate=one.first_rate,
        waits=one.waits,
        told=one.told,
        slack_p10_s=one.slack_s(0.1),
        slack_p50_s=one.slack_s(0.5),
        slack_p90_s=one.slack_s(0.9),
        took_p50_s=one.took_s(0.5),
        took_p90_s=one.took_s(0.9),
        reasons=tally.commonest([one]),
    )


def today(parts: Parts) -> date:
    """Return the date in the organisation's zone."""
    return parts.clock.now().astimezone(ZoneInfo(parts.zone)).date()


async def counted(parts: Parts, weeks: int, *, by: str = "week") -> list[Day]:
    """Return what was counted of the last weeks, the running one included: a piece a week, or a day."""
    read = tally.read_days if by == "day" else tally.read_weeks
    return await read(parts.store, today(parts), weeks)


def admitted(seen: Sight, asked: Filter, by: str) -> Callable[[Group], bool]:
    """Return what of the counts is shown. Raises Forbidden for a colleague's own figures."""
    if asked.agent:
        seen.require(asked.agent)

    def admits(one: Group) -> bool:
        wanted = (
            asked.channel in {"", one.channel}
            and asked.queue in {"", one.queue}
            and asked.agent in {"", one.agent}
        )
        own = by == "agent" or bool(asked.agent)
        return wanted and (seen.admits_agent(one.agent) if own else seen.admits(one))

    return admits


def whole(found: list[Day], admits: Callable[[Group], bool]) -> FigureView:
    """Return the sum of all."""
    return view("", figures.summed(found, "", admits).get("", Group()))


def rows(found: list[Day], by: By, admits: Callable[[Group], bool]) -> list[FigureView]:
    """Return the sums by what is asked, by name; nobody's are left out of those by person."""
    sums = figures.summed(found, "day" if by == "week" else by, admits)
    return [view(name, one) for name, one in sums.items() if name or by != "agent"]


async def waits(
    parts: Parts, seen: Sight, asked: Filter, *, limit: int, read: int
) -> AsyncIterator[list[Wait]]:
    """Yield the promised and answered waits of the weeks in small lists, newest first, until enough were seen.

    `read`: so many are looked at, whoever's they are.
    """
    admits = admitted(seen, asked, "")
    zone = ZoneInfo(parts.zone)
    last = today(parts)
    for back in range(last.weekday() + 7 * (asked.weeks - 1) + 1):
        begin = datetime.combine(last - timedelta(days=back), datetime.min.time(), zone).astimezone(UTC)
        end = datetime.combine(last - timedelta(days=back - 1), datetime.min.time(), zone).astimezone(UTC)
        most = min(MOST_A_DAY, read)
        lines = await parts.store.happened("waited", since=begin, until=end, limit=most)
        read -= len(lines)
        for start in range(0, len(lines), TURN):
            mine = (line for line in lines[start : start + TURN] if admits(counting.group_of(line)))
            found = [wait for line in mine if (wait := wait_of(line, seen))][:limit]
            if found:
                yield found
            limit -= len(found)
            await asyncio.sleep(0)
        if limit <= 0 or read <= 0:
            return


def wait_of(line: Event, seen: Sight) -> Wait | None:
    """Return the wait that a line tells of; None when nothing was promised or nobody answered."""
    arrived, promised_at, first, last = (
        counting.moment(line, name) for name in ("arrived", "promised_at", "first", "last")
    )
    if arrived is None or promised_at is None or first is None or last is None:
        return None
    if line.data.get("how") not in counting.ANSWERED:
        return None
    renewals = line.data.get("renewals")
    agent = str(line.data.get("by", "")) or line.agent
    return Wait(
        conversation=line.conversation,
        channel=line.channel,
        queue=line.queue,
        agent=agent if seen.admits_agent(agent) else "",
        arrived=arrived,
        promised_at=promised_at,
        first=first,
        last=last,
        actual=line.at,
        renewals=renewals if isinstance(renewals, int) else 0,
        reason=str(line.data.get("reason", "")),
    )
