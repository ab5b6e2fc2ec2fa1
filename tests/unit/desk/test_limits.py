from datetime import UTC, datetime, timedelta

from router.desk import limits
from router.desk.limits import Rate

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_burst_is_allowed_and_then_one_every_interval() -> None:
    """Three tries pass at once, the fourth waits, and one more passes each ten seconds."""
    rate = Rate(burst=3, every_s=10)
    assert [rate.wait_s("a", NOON) for _ in range(3)] == [0, 0, 0]
    assert rate.wait_s("a", NOON) == 10
    later = NOON + timedelta(seconds=10)
    assert rate.wait_s("a", later) == 0
    assert rate.wait_s("a", later) == 10


def test_each_key_has_its_own_allowance() -> None:
    """One address that tries too often does not hold up another."""
    rate = Rate(burst=1, every_s=60)
    assert rate.wait_s("a", NOON) == 0
    assert rate.wait_s("a", NOON) > 0
    assert rate.wait_s("b", NOON) == 0


def test_memory_is_bounded() -> None:
    """Many addresses are remembered only up to a limit."""
    rate = Rate(burst=1, every_s=60)
    for number in range(limits.KEPT + 50):
        rate.wait_s(str(number), NOON)
    assert len(rate._paid) == limits.KEPT
