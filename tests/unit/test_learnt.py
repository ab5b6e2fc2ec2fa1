from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.conversation import Event
from router.engine.correction import CAP, COLD, FLOOR, Correction, quantile, shift
from router.engine.known import HANDLE_S, KAPPA2, Drift, hour_of_week
from router.engine.learnt import Learnt, fold

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def waiting(at: datetime = MONDAY, **data: Any) -> Event:
    """Return the line of a wait that begins."""
    given = {"rank": 2, "target_s": 86400.0, "lane": "general|email||"} | data
    return Event(at=at, kind="waiting", channel="email", queue="general", data=given)


def waited(actual_s: float = 600.0, *, late: bool = False, at: datetime = MONDAY, **data: Any) -> Event:
    """Return the line of a wait that a promised answer has ended, with a mean of 1000 s and a spread of 500 s."""
    first = at - timedelta(seconds=1) if late else at
    given = {
        "how": "answered",
        "first": first.isoformat(),
        "mean_s": 1000.0,
        "spread_s": 500.0,
        "drain_s": 400.0,
        "level": 0.95,
        "open_s": actual_s,
        "worked_s": 600.0,
    }
    return Event(at=at, kind="waited", channel="email", queue="general", agent="maria", data=given | data)


def learnt(*lines: Event) -> Learnt:
    """Return the state after these lines."""
    state = Learnt.start("email")
    for line in lines:
        state = fold(state, line)
    return state


def test_nothing_is_known_at_first() -> None:
    """A new channel begins with ten minutes of handling time and the spread that service logs show."""
    state = Learnt.start("email")
    assert (state.handle_s, state.drift.kappa2, state.answers) == (600.0, 0.35**2, 0)


def test_other_lines_teach_nothing() -> None:
    """Lines of other channels and kinds, and waits that no person ended, leave the state as it is."""
    state = learnt(waiting())
    other = Event(at=MONDAY, kind="waiting", channel="forum", data={"rank": 2})
    closed = waited(how="closed")
    said = Event(at=MONDAY, kind="promised", channel="email")
    for line in (other, closed, said):
        assert fold(state, line) is state


def test_handling_time() -> None:
    """The first answer moves the handling time by a fifth, as the guess weighs four; outliers count as eight means."""
    assert learnt(waited(worked_s=1100.0)).handle_s == 600 + (1100 - 600) / 5
    assert learnt(waited(worked_s=1e6)).handle_s == 600 + (8 * 600 - 600) / 5
    assert learnt(waited(worked_s=0.0)).handle_s == HANDLE_S


def test_scores() -> None:
    """An answer after 1500 s where 1000 s were expected, give or take 500 s, scores one, for the queue too."""
    state = learnt(waited(1500.0), waited(500.0, closed=True))
    assert state.scores == (1.0, -1.0)
    assert state.closed == (-1.0,)
    assert state.queues == {"general": (1.0, -1.0)}


def test_a_wait_without_promise_teaches_no_score() -> None:
    """Without a promise there is nothing to be off from; how long it took is learnt all the same."""
    state = learnt(waited(700.0, first=""))
    assert (state.scores, state.actuals, state.answers) == ((), (700.0,), 1)


def test_misses_allowed() -> None:
    """A miss lowers the share of misses allowed by 0.005 × 0.95, a promise kept raises it by 0.005 × 0.05."""
    assert learnt(waited(late=True)).tilt * 0.05 == pytest.approx(0.05 + 0.005 * (0.05 - 1))
    assert learnt(waited()).tilt * 0.05 == pytest.approx(0.05 + 0.005 * 0.05)
    assert learnt(*[waited(late=True)] * 50).tilt == 0.04


def test_drift() -> None:
    """κ² moves by a hundredth of the squared error relative to the time to drain, where the backlog counts."""
    state = learnt(waited(2000.0, drain_s=2000.0))
    assert state.drift.kappa2 == pytest.approx(KAPPA2 + (0.25 - KAPPA2) / 100)
    assert learnt(waited(2000.0, drain_s=100.0)).drift.kappa2 == KAPPA2
    huge = learnt(waited(1e6, drain_s=2000.0))
    assert huge.drift.kappa2 == pytest.approx(KAPPA2 + (4.0 - KAPPA2) / 100)
    assert learnt(waited(2000.0, drain_s=2000.0, closed=True)).drift.kappa2 == KAPPA2


def test_real_against_reckoned() -> None:
    """The time to drain is corrected by what it really took, in sums over the last answers, a guess of 1 mixed in."""
    state = learnt(waited(1600.0, mean_s=2600.0, drain_s=2000.0, correction=1.0))
    assert (state.drift.real_s, state.drift.reckoned_s) == (1000.0, 2000.0)
    assert state.drift.ratio == pytest.approx(13000 / 14000)
    corrected = learnt(waited(1600.0, mean_s=2600.0, drain_s=2000.0, correction=0.5))
    assert corrected.drift.reckoned_s == 4000.0
    assert Drift(real_s=1e9, reckoned_s=1.0).ratio == 2.0


def test_profile() -> None:
    """Arrivals are counted by hour of the week; an hour is shrunk by two weeks of the same hour on alike days."""
    lines = [waiting(MONDAY + timedelta(minutes=minute)) for minute in range(12)]
    state = learnt(*lines, waiting(MONDAY + timedelta(weeks=1)))
    hour = hour_of_week(MONDAY.timestamp())
    assert (state.profile[hour], state.weeks[hour]) == (12.0, 1)
    # seen once with 12, and nothing at that hour on the other four weekdays: (12 + 2 × 12/5) ÷ 3
    assert state.hourly()[hour] == pytest.approx((12 + 2 * 12 / 5) / 3)
    assert state.hourly()[hour + 1] == 0.0


def test_arrivals_lately() -> None:
    """The fast count rises by 1 ÷ 45 min with each arrival and fades with the same constant."""
    state = learnt(waiting())
    assert state.lately(MONDAY.timestamp()) == pytest.approx(4 / 3)
    assert state.lately(MONDAY.timestamp() + 2700) == pytest.approx(4 / 3 / 2.718281828, rel=1e-6)


def test_needs() -> None:
    """What a channel's work needs is counted by lane and priority, with the mean target."""
    state = learnt(waiting(), waiting(), waiting(rank=1, target_s=3600.0, lane="billing|email||billing"))
    assert {(one.lane, one.rank, one.count, one.target_s) for one in state.needs} == {
        ("general|email||", 2, 2.0, 86400.0),
        ("billing|email||billing", 1, 1.0, 3600.0),
    }
    many = learnt(*[waiting(lane=f"q{n}|email||") for n in range(100)])
    assert len(many.needs) == 40


def test_state_survives_the_store() -> None:
    """The state goes into a document and comes back the same, so a restart changes nothing."""
    state = learnt(waiting(), *[waited(n * 7.3, late=n % 9 == 0) for n in range(700)])
    back = msgspec.convert(msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(state))), Learnt)
    assert back == state
    assert (len(state.scores), len(state.actuals), len(state.answered_at)) == (600, 500, 50)


lines = st.lists(
    st.one_of(
        st.builds(
            waiting,
            at=st.integers(0, 10**6).map(lambda s: MONDAY + timedelta(seconds=s)),
            rank=st.integers(0, 3),
            lane=st.sampled_from(["general|email||", "billing|email|da|billing", ""]),
        ),
        st.builds(
            waited,
            st.floats(0, 1e6),
            late=st.booleans(),
            at=st.integers(0, 10**6).map(lambda s: MONDAY + timedelta(seconds=s)),
            closed=st.booleans(),
            drain_s=st.floats(0, 1e5),
        ),
    ),
    max_size=40,
)


@given(lines, st.integers(0, 40))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_pieces_or_whole(found: list[Event], cut: int) -> None:
    """Folding a log in two sittings, the state kept in the store between them, is folding it at once."""
    state = learnt(*found[:cut])
    state = msgspec.convert(msgspec.json.decode(msgspec.json.encode(state)), Learnt)
    for line in found[cut:]:
        state = fold(state, line)
    assert state == learnt(*found)


# --- what the state says ----------------------------------------------------------------------


def test_conformal_quantile() -> None:
    """Of 99 scores the 95 % quantile is the ⌈100 × 0.95⌉-th; of few scores it is the largest."""
    assert quantile([float(n) for n in range(1, 100)], 0.05) == 95.0
    assert quantile([1.0, 2.0], 0.05) == 2.0


def test_level_moves_the_factors() -> None:
    """At 95 % the factors are the documented ones; each level moves them as an exponential tail does."""
    assert (FLOOR, COLD, CAP) == (1.3, 2.2, 4.0)
    cold = Correction(Learnt.start("email"))
    assert cold.z(0.95, closed=False, queue="") == pytest.approx(2.2)
    assert shift(0.995) == pytest.approx(2.302585)
    assert cold.z(0.995, closed=False, queue="") == pytest.approx(2.2 + 2.302585)
    assert cold.z(0.5, closed=False, queue="") == pytest.approx(2.2 - 2.302585)


def test_floor_and_cap() -> None:
    """However well or badly promises went, at 95 % between 1.3 and 4 spreads are added."""
    well = Correction(learnt(*[waited(0.0)] * 60))
    badly = Correction(learnt(*[waited(9000.0)] * 60))
    assert well.z(0.95, closed=False, queue="general") == pytest.approx(1.3)
    assert badly.z(0.95, closed=False, queue="general") == pytest.approx(4.0)


def test_finer_scores_are_blended_in() -> None:
    """The queue's own scores weigh n ÷ (n + 60): with 60 of them, as much as all others together."""
    general = [waited(1000.0 + 500 * 2.0)] * 60
    calm = [msgspec.structs.replace(one, queue="calm") for one in [waited(1000.0 + 500 * 1.0)] * 60]
    correction = Correction(learnt(*general, *calm))
    overall = correction.z(0.95, closed=False, queue="unknown")
    assert overall == 2.0
    assert correction.z(0.95, closed=False, queue="calm") == pytest.approx((2.0 + 1.0) / 2)


def test_longest_believed() -> None:
    """With a hundred answers, nothing beyond 1.25 times the longest is promised, unless mean and spread ask for it."""
    correction = Correction(learnt(*[waited(800.0)] * 100))
    assert correction.most_s(0.95, 100.0, 100.0) == 1000.0
    assert correction.most_s(0.95, 900.0, 100.0) == 1030.0
    assert Correction(learnt(*[waited(800.0)] * 99)).most_s(0.95, 100.0, 100.0) is None


@given(st.lists(st.floats(-5, 9), min_size=20, max_size=80), st.floats(0.5, 0.995), st.floats(0.5, 0.995))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_higher_level_never_adds_less(scores: list[float], one: float, other: float) -> None:
    """Whoever wants more promises kept gets no earlier times."""
    correction = Correction(learnt(*[waited(1000 + 500 * score) for score in scores]))
    low, high = sorted((one, other))
    kinds = {"closed": False, "queue": "general"}
    assert correction.z(low, **kinds) <= correction.z(high, **kinds)  # type: ignore[arg-type]
