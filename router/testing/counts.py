"""What health and audit count in the memory store."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from router.conversation import Conversation, Event, Status, is_owed
from router.kept.counting import PROMISES
from router.ports import Load, PromiseFigure, QueueStat, Stored
from router.stores.backlog import bucket, load, needs
from router.stores.stats import Line, Standing, promise_figures, queue_stats
from router.testing.memory import MemoryBase


class MemoryHealth(MemoryBase):
    """The verbs that count and walk."""

    async def queue_stats(self, *, now: datetime, since: datetime, risk_s: float) -> list[QueueStat]:
        """Return the standing of every queue and channel that has work, arrivals or parked messages."""
        horizon = now + timedelta(seconds=risk_s)
        work: dict[Line, list[tuple[bool, datetime, datetime | None]]] = {}
        late: Counter[Line] = Counter()
        for each in self._live.values():
            if each.status not in {Status.OPEN, Status.HELD}:
                late[each.queue, each.channel] += (
                    is_owed(each) and each.due_at is not None and each.due_at < now
                )
            else:
                one = (not each.owner, each.waiting_since or each.opened_at, each.due_at)
                work.setdefault((each.queue, each.channel), []).append(one)
        for stored in self._messages.values():
            if stored.state == "new":
                fresh = (True, stored.message.received_at, stored.due_at)
                work.setdefault(("triage", stored.message.channel), []).append(fresh)
        messages = self._messages.values()
        answers = [event for event in self._log if event.kind == "answered" and event.at >= since]
        return queue_stats(
            [
                *((line, _standing(found, now, horizon)) for line, found in work.items()),
                *((line, Standing(overdue=count)) for line, count in late.items() if count),
            ],
            arrived=Counter(_line(one) for one in messages if one.message.received_at >= since),
            handled=Counter((event.queue, event.channel) for event in answers),
            parked=Counter(_line(one) for one in messages if one.state == "parked"),
        )

    async def promise_figures(self, since: datetime, until: datetime) -> list[PromiseFigure]:
        """Return how promises were made and ended in the span, by queue and channel."""
        found = [one for one in self._log if one.kind in PROMISES and since <= one.at < until]
        counts = Counter(((one.queue, one.channel), one.kind) for one in found)
        return promise_figures((line, kind, count) for (line, kind), count in counts.items())

    async def happened(self, kind: str, *, since: datetime, until: datetime, limit: int) -> list[Event]:
        """Return the log lines of a counted kind in the span, newest first."""
        found = [one for one in self._log if one.kind == kind and since <= one.at < until]
        return sorted(found, key=lambda one: one.at, reverse=True)[:limit]

    async def backlog(self) -> list[Load]:
        """Return the work to be done now, counted by what it needs, who has it and how urgent it is."""
        counts: Counter[tuple[str, str, str, str, int]] = Counter()
        for one in self._live.values():
            words = needs(one)
            if words is not None:
                counts[words, one.queue, one.channel, one.owner, bucket(one)] += 1
        return [
            load(words, queue=queue, channel=channel, owner=owner, bucket=due, count=count)
            for (words, queue, channel, owner, due), count in sorted(counts.items())
        ]

    async def audit_messages(self, after: str, limit: int) -> list[Stored]:
        """Return accepted messages by key, for a full walk."""
        keys = sorted(key for key in self._messages if key > after)[:limit]
        return [self._messages[key] for key in keys]

    async def audit_conversations(self, after: str, limit: int) -> list[Conversation]:
        """Return conversations by id, for a full walk."""
        ids = sorted(one for one in self._conversations if one > after)[:limit]
        return [self._conversations[one] for one in ids]


def _line(stored: Stored) -> Line:
    return stored.queue, stored.message.channel


def _standing(
    work: Iterable[tuple[bool, datetime, datetime | None]], now: datetime, horizon: datetime
) -> Standing:
    found = list(work)
    dues = [due for _, _, due in found if due is not None]
    waiting = [since for waits, since, _ in found if waits]
    return Standing(
        waiting=len(waiting),
        assigned=len(found) - len(waiting),
        oldest_at=min(waiting, default=None),
        next_due_at=min(dues, default=None),
        overdue=sum(due < now for due in dues),
        at_risk=sum(now <= due < horizon for due in dues),
    )
