"""A log of answers lived through again: what would have been promised for each message, and whether it was kept.

Nothing is known of shifts and people, so the engine has only the rate of answers to go by.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from benchmarks.promise.judge import Judged, Said, Simple
from benchmarks.promise.trace import Row
from channels.message import Identity
from router.conversation import Conversation, Event, QuoteParts, indexed, lane_name
from router.conversation.load import Load
from router.engine.backlog import bucket_of, grouped
from router.engine.forecast import Forecast
from router.engine.learnt import Learnt, fold
from router.promise import Snapshot, promise
from rules.evaluate import Rulebook
from rules.hours import ALWAYS
from rules.model import ChannelPolicy, Person, Queue

QUEUE = "all"
UTC = ZoneInfo("UTC")


class Replay:
    """The state of a log while it is lived through."""

    def __init__(
        self, rows: Sequence[Row], *, target: timedelta = timedelta(days=1), level: float = 0.95
    ) -> None:
        """Take the log, in order of arrival."""
        self._rows, self._target, self._level = rows, target, level
        people = {one.agent: Person(id=one.agent, name=one.agent, queues=(QUEUE,)) for one in rows}
        channels = {one.channel for one in rows}
        self._book = Rulebook(
            version="trace",
            people=people,
            queues={name: Queue(id=name, duty=tuple(people)[:1]) for name in (QUEUE, "triage")},
            channels={
                name: ChannelPolicy(channel=name, target_s=target.total_seconds(), queue=QUEUE)
                for name in channels
            },
            calendars={},
        )
        self._forecast = Forecast(self._book)
        self._learnt = {name: Learnt.start(name) for name in channels}
        self._waiting: Counter[tuple[str, int]] = Counter()
        self._simple = Simple()
        self._ends: list[tuple[datetime, int, Judged, QuoteParts | None, Row, int]] = []

    def go(self) -> list[Judged]:
        """Return what was promised for each message that was answered, and what came true."""
        found: list[Judged] = []
        for number, row in enumerate(self._rows):
            while self._ends and self._ends[0][0] <= row.arrived:
                found.append(self._ended())
            self._arrived(number, row)
        while self._ends:
            found.append(self._ended())
        return sorted(found, key=lambda one: one.number)

    def _arrived(self, number: int, row: Row) -> None:
        now, due = row.arrived, row.arrived + self._target
        one = self._conversation(number, row, due)
        lane = lane_name(QUEUE, row.channel, "", ())
        data = {"rank": 2, "target_s": self._target.total_seconds(), "lane": lane}
        begun = Event(at=now, kind="waiting", channel=row.channel, queue=QUEUE, data=data)
        self._learnt = {**self._learnt, row.channel: fold(self._learnt[row.channel], begun)}
        self._forecast = self._forecast.refreshed({}, grouped(self._loads()), self._learnt, now)
        outlook = self._forecast.outlook(one, now)
        asked = Snapshot(
            now=now, arrived_at=now, due_at=due, target_s=self._target.total_seconds(), calendar=ALWAYS,
            zone=UTC, outlook=outlook, level=self._level,
        )  # fmt: skip
        quote = promise(asked)
        said = self._simple.said(row.channel, now, due, outlook, [ALWAYS])
        said["engine"] = Said(quote.at, (quote.at - now).total_seconds())
        judged = Judged(number, row.channel, now, due, spike=False, said=said)
        self._waiting[row.channel, bucket_of(one.urgency)] += 1
        if row.answered is not None:
            end = (row.answered, number, judged, quote.parts, row, bucket_of(one.urgency))
            heapq.heappush(self._ends, end)

    def _ended(self) -> Judged:
        at, _, judged, parts, row, bucket = heapq.heappop(self._ends)
        self._waiting[row.channel, bucket] -= 1
        data: dict[str, object] = {
            "how": "answered",
            "first": judged.said["engine"].at.isoformat(),
            "open_s": (at - row.arrived).total_seconds(),
        }
        if parts is not None:
            data |= {"mean_s": parts.mean_s, "spread_s": parts.spread_s, "drain_s": parts.drain_s}
            data |= {"correction": parts.correction, "level": parts.level, "closed": parts.closed}
        line = Event(at=at, kind="waited", channel=row.channel, queue=QUEUE, agent=row.agent, data=data)
        self._learnt = {**self._learnt, row.channel: fold(self._learnt[row.channel], line)}
        self._simple.ended(judged, at, [ALWAYS])
        return judged

    def _loads(self) -> list[Load]:
        return [
            Load(queue=QUEUE, channel=channel, language="", skills=(), owner="", bucket=bucket, count=count)
            for (channel, bucket), count in self._waiting.items()
            if count
        ]

    def _conversation(self, number: int, row: Row, due: datetime) -> Conversation:
        return indexed(
            Conversation(
                id=f"cv_{number}", reference=f"HB-{number}", channel=row.channel, account="trace",
                opened_at=row.arrived, updated_at=row.arrived, customer=f"c_{number}",
                contact=Identity(kind="trace", address=str(number)), queue=QUEUE, accountable=row.agent,
                waiting_since=row.arrived, waiting_on=f"m{number}", due_at=due,
            )
        )  # fmt: skip
