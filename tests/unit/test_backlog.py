"""The work that waits, counted: what is served before a message, and what was decided since the last look."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.message import Identity
from router.conversation import Conversation, Status, indexed
from router.conversation.load import Load
from router.engine.backlog import Ahead, Group, Line, View, grouped
from router.engine.since import Since

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def load_of(
    bucket: int, count: int = 1, *, owner: str = "", channel: str = "email", queue: str = "general"
) -> Load:
    """Return waiting work."""
    return Load(queue=queue, channel=channel, language="", skills=(), owner=owner, bucket=bucket, count=count)


def everything(_: Group) -> tuple[float, float]:
    """Weigh every group as the team's own, at a minute an item."""
    return 1.0, 60.0


def view(*loads: Load, since: Sequence[Line] = ()) -> View:
    """Return all of it, as the team's own."""
    return View(grouped(loads), since, everything)


def waiting(name: str = "cv_1", **fields: object) -> Conversation:
    """Return a mail that waits."""
    given: dict[str, object] = {
        "id": name, "reference": "HB-22223", "channel": "email", "account": "support", "opened_at": MONDAY,
        "updated_at": MONDAY, "customer": "c_1", "contact": Identity(kind="email", address="ana@example.org"),
        "queue": "general", "accountable": "maria", "waiting_since": MONDAY, "waiting_on": "m1",
        "due_at": MONDAY + timedelta(hours=4),
    }  # fmt: skip
    return indexed(Conversation(**(given | fields)))  # type: ignore[arg-type]


def test_ahead_is_what_is_as_urgent_or_more() -> None:
    """Work of the same five minutes and of earlier ones is served first."""
    seen = view(load_of(9, 4), load_of(1, 2), load_of(5, 3))
    assert seen.ahead(5 * 300 + 17.0) == Ahead(items=5.0, work_s=300.0)
    assert seen.ahead(0.0) == Ahead()
    assert seen.total() == 9.0


def test_only_the_teams_share_counts() -> None:
    """Of a group that others share, only the team's share counts."""

    def weigh(group: Group) -> tuple[float, float]:
        return (0.25, 100.0) if group.channel == "forum" else (0.0, 60.0)

    seen = View(grouped([load_of(1, 8), load_of(1, 8, channel="forum")]), (), weigh)
    assert seen.ahead(600.0) == Ahead(items=2.0, work_s=200.0)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 3), st.sampled_from(["email", "forum"]))),
    st.lists(st.integers(0, 20)),
    st.integers(0, 21),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_counts_are_sums(known: list[tuple[int, int, str]], late: list[int], asked: int) -> None:
    """Counts read off by binary search in each group are what plain counting gives."""
    group = Group(queue="general", channel="email", language="", skills=(), owner="")
    seen = view(
        *(load_of(bucket, count, channel=channel) for bucket, count, channel in known),
        since=[(group, bucket, 1.0) for bucket in late],
    )
    expected = sum(count for bucket, count, _ in known if bucket <= asked) + sum(one <= asked for one in late)
    assert seen.ahead(asked * 300.0).items == expected


# --- what was decided since -------------------------------------------------------------------


def counted(since: Since) -> float:
    """Return how many are counted beside the look."""
    return view(since=since.lines).total()


def test_a_burst_sees_itself() -> None:
    """What was decided since the look counts at once, in views that were asked before too."""
    since, one = Since(), waiting()
    seen = view(load_of(1), since=since.lines)
    assert seen.ahead(1e12).items == 1.0
    since.add(one)
    assert seen.ahead(one.urgency).items == 2.0
    assert seen.ahead(one.urgency - 600).items == 1.0
    since.drop(one.id)
    assert seen.ahead(one.urgency).items == 1.0


def test_what_is_added_again_counts_once() -> None:
    """A batch that goes round again after a failure does not make more work of the same conversation."""
    since = Since()
    for _ in range(3):
        since.add(waiting())
    assert counted(since) == 1.0


def test_what_is_held_or_asks_for_later_is_no_work_yet() -> None:
    """Only what somebody could answer now counts, as in the store."""
    since = Since()
    since.add(waiting("cv_1", status=Status.HELD))
    since.add(waiting("cv_2", not_before=MONDAY + timedelta(hours=2)))
    since.add(waiting("cv_3", waiting_since=None))
    assert counted(since) == 0.0


def test_a_look_has_what_was_written_before_it_began() -> None:
    """What was written before the store was asked is the store's to count; the rest goes along, until the next look."""
    since = Since()
    for name in ("before", "during", "not yet"):
        since.add(waiting(name))
    since.settle("before")
    since.look()
    since.settle("during")
    since.add(waiting("new"))
    heir = since.inherited()
    assert counted(heir) == 3.0
    heir.settle("not yet")
    heir.settle("new")
    heir.look()
    assert counted(heir.inherited()) == 0.0


def test_a_batch_that_began_before_the_look_is_not_lost() -> None:
    """Whoever still holds the old view adds to the new one too, and what they cannot write is dropped from both."""
    since = Since()
    since.look()
    heir = since.inherited()
    since.add(waiting("cv_1"))
    since.add(waiting("cv_2"))
    assert (counted(since), counted(heir)) == (2.0, 2.0)
    since.drop("cv_1")
    since.settle("cv_2")
    since.drop("cv_2")
    assert (counted(since), counted(heir)) == (1.0, 1.0)
    heir.look()
    assert counted(heir.inherited()) == 0.0
