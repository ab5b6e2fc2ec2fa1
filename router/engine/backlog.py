"""The work that waits, counted: how much of it is served before a message, in the order in which people work.

Counts are taken over from the store at each look; what was decided since stands beside them (`router.engine.since`).
Asking costs a binary search in each group, however much waits.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TypeAlias

from msgspec import Struct

from router.conversation import Conversation
from router.conversation.load import Load

#: Seconds of urgency that count as one: work due within the same five minutes is served in any order.
BUCKET_S = 300


class Group(Struct, frozen=True, kw_only=True):
    """Work that needs the same of the same person."""

    queue: str
    channel: str
    language: str
    skills: tuple[str, ...]
    #: Agent id; "" = nobody yet.
    owner: str


#: Buckets of urgency, and how many items there are before each and in all: one number more.
Row: TypeAlias = tuple[list[int], list[int]]
Rows: TypeAlias = Mapping[Group, Row]
#: A group, a bucket, and how many items more or less.
Line: TypeAlias = tuple[Group, int, float]


class Ahead(Struct, frozen=True, kw_only=True):
    """What is served first."""

    items: float = 0.0
    work_s: float = 0.0


def group_of(conversation: Conversation) -> Group:
    """Return what the conversation needs, and of whom."""
    return Group(
        queue=conversation.queue,
        channel=conversation.channel,
        language=conversation.language,
        skills=tuple(sorted(conversation.skills)),
        owner=conversation.owner,
    )


def bucket_of(urgency: float) -> int:
    """Return the bucket of an urgency (see `router.conversation.urgency`)."""
    return int(urgency // BUCKET_S)


def grouped(loads: Iterable[Load]) -> dict[Group, Row]:
    """Sort what the store counted, once for all who ask; some 20 ms for 50,000 counts."""
    found: dict[tuple[str, str, str, tuple[str, ...], str], dict[int, int]] = {}
    for one in loads:
        buckets = found.setdefault((one.queue, one.channel, one.language, one.skills, one.owner), {})
        buckets[one.bucket] = buckets.get(one.bucket, 0) + one.count
    rows = {}
    for (queue, channel, language, skills, owner), buckets in found.items():
        group = Group(queue=queue, channel=channel, language=language, skills=skills, owner=owner)
        order = sorted(buckets)
        rows[group] = (order, list(accumulate((buckets[one] for one in order), initial=0)))
    return rows


class View:
    """The backlog as one team sees it: each group with the share of it that is the team's."""

    def __init__(
        self, rows: Rows, since: Sequence[Line], weigh: Callable[[Group], tuple[float, float]]
    ) -> None:
        """Take the groups of which a share is the team's; `weigh` gives that share, and the seconds an item takes.

        `since` are lines that are added while the view is asked.
        """
        self._since, self._taken, self._weigh = since, 0, weigh
        self._weights: dict[Group, tuple[float, float]] = {}
        #: Of what came since: bucket → items and work.
        self._late: dict[int, tuple[float, float]] = {}
        #: Items at the look that nobody had yet.
        self.loose = 0.0
        #: Buckets, counts, share, and the share's seconds an item.
        self._rows: list[tuple[list[int], list[int], float, float]] = []
        for group, (buckets, counts) in rows.items():
            share, seconds = self._weight(group)
            if share:
                self._rows.append((buckets, counts, share, share * seconds))
                self.loose += 0.0 if group.owner else counts[-1] * share

    def ahead(self, urgency: float) -> Ahead:
        """Return what is as urgent or more, the team's share of it."""
        self._catch_up()
        bucket, items, work = bucket_of(urgency), 0.0, 0.0
        for buckets, counts, share, seconds in self._rows:
            count = counts[bisect_right(buckets, bucket)]
            items, work = items + count * share, work + count * seconds
        for late, (more, seconds) in self._late.items():
            if late <= bucket:
                items, work = items + more, work + seconds
        return Ahead(items=max(items, 0.0), work_s=max(work, 0.0))

    def total(self) -> float:
        """Return how many items are the team's, however urgent."""
        return max(sum(counts[-1] * share for _, counts, share, _ in self._rows) + self._more(), 0.0)

    def late(self) -> float:
        """Return how many of the team's items came since the look."""
        return max(self._more(), 0.0)

    def _more(self) -> float:
        self._catch_up()
        return sum(items for items, _ in self._late.values())

    def _catch_up(self) -> None:
        if self._taken == len(self._since):
            return
        for group, bucket, count in self._since[self._taken :]:
            share, seconds = self._weight(group)
            if share:
                items, work = self._late.get(bucket, (0.0, 0.0))
                self._late[bucket] = (items + count * share, work + count * share * seconds)
        self._taken = len(self._since)

    def _weight(self, group: Group) -> tuple[float, float]:
        found = self._weights.get(group)
        if found is None:
            found = self._weights[group] = self._weigh(group)
        return found
