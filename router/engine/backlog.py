"""The work that waits, counted: how much of it is served before a message, in the order in which people work.

Counts are taken over from the store at each refresh; what was decided since is added to them, so that a
burst sees itself. Asking costs a binary search, however much waits.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from msgspec import Struct

from router.conversation import Conversation
from router.conversation.load import Load

#: Seconds of urgency in one bucket, as in `Load.bucket`.
BUCKET_S = 300


class Group(Struct, frozen=True, kw_only=True):
    """Work that needs the same of the same person."""

    queue: str
    channel: str
    language: str
    skills: tuple[str, ...]
    #: Agent id; "" = nobody yet.
    owner: str


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


class Backlog:
    """Counts of waiting work by group and urgency."""

    def __init__(self, loads: Sequence[Load] = ()) -> None:
        """Take over what the store counted."""
        self._groups: dict[Group, dict[int, float]] = {}
        for load in loads:
            group = Group(
                queue=load.queue,
                channel=load.channel,
                language=load.language,
                skills=load.skills,
                owner=load.owner,
            )
            found = self._groups.setdefault(group, {})
            found[load.bucket] = found.get(load.bucket, 0.0) + load.count
        #: What was decided since, in order: views take it up as they are asked.
        self.since: list[tuple[Group, int, float]] = []

    def add(self, conversation: Conversation) -> None:
        """Count a conversation that waits since the refresh."""
        self.since.append((group_of(conversation), bucket_of(conversation.urgency), 1.0))

    def drop(self, conversation: Conversation) -> None:
        """Count a conversation no more that was answered, or has changed its group, since the refresh."""
        self.since.append((group_of(conversation), bucket_of(conversation.urgency), -1.0))

    def view(self, weigh: Callable[[Group], tuple[float, float]]) -> "View":
        """Return the backlog as one team sees it; `weigh` gives of a group the share theirs and s an item."""
        return View(self._groups, self.since, weigh)


class View:
    """The backlog as one team sees it: prefix sums over urgency."""

    def __init__(
        self,
        groups: dict[Group, dict[int, float]],
        since: list[tuple[Group, int, float]],
        weigh: Callable[[Group], tuple[float, float]],
    ) -> None:
        """Add up the groups of which a share is the team's."""
        self._since, self._taken, self._weigh = since, 0, weigh
        #: Of what came since: bucket → items and work.
        self._late: dict[int, tuple[float, float]] = {}
        self._weights: dict[Group, tuple[float, float]] = {}
        found: dict[int, tuple[float, float]] = {}
        for group, buckets in groups.items():
            share, seconds = self._weight(group)
            if share:
                for bucket, count in buckets.items():
                    _add(found, bucket, count * share, seconds)
        self._buckets = sorted(found)
        self._items = list(accumulate((found[one][0] for one in self._buckets), initial=0.0))
        self._work = list(accumulate((found[one][1] for one in self._buckets), initial=0.0))

    def ahead(self, urgency: float) -> Ahead:
        """Return what is as urgent or more, the team's share of it."""
        self._catch_up()
        bucket = bucket_of(urgency)
        place = bisect_right(self._buckets, bucket)
        items, work = self._items[place], self._work[place]
        for late, (more, seconds) in self._late.items():
            if late <= bucket:
                items, work = items + more, work + seconds
        return Ahead(items=max(items, 0.0), work_s=max(work, 0.0))

    def total(self) -> float:
        """Return how many items are the team's, however urgent."""
        self._catch_up()
        return max(self._items[-1] + sum(items for items, _ in self._late.values()), 0.0)

    def late(self) -> float:
        """Return how many of the team's items came since the refresh."""
        self._catch_up()
        return max(sum(items for items, _ in self._late.values()), 0.0)

    def _catch_up(self) -> None:
        for group, bucket, count in self._since[self._taken :]:
            share, seconds = self._weight(group)
            if share:
                _add(self._late, bucket, count * share, seconds)
        self._taken = len(self._since)

    def _weight(self, group: Group) -> tuple[float, float]:
        found = self._weights.get(group)
        if found is None:
            found = self._weights[group] = self._weigh(group)
        return found


def _add(found: dict[int, tuple[float, float]], bucket: int, items: float, seconds: float) -> None:
    before = found.get(bucket, (0.0, 0.0))
    found[bucket] = (before[0] + items, before[1] + items * seconds)
