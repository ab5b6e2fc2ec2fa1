import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.webchat.errors import Crowded
from channels.webchat.limits import Rate, Seats, network


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    """So many at once, then one a step; a long pause earns no more than a burst."""
    rate = Rate(per_minute=60, burst=3)
    assert [rate.wait_s("ana", 0.0) for _ in range(4)] == [0, 0, 0, 1.0]
    assert rate.wait_s("ana", 1.0) == 0
    assert rate.wait_s("ana", 1.0) == 1.0
    assert [rate.wait_s("ana", 3600.0) for _ in range(4)] == [0, 0, 0, 1.0]


def test_one_visitor_does_not_spend_what_is_anothers() -> None:
    """Each key has its own allowance."""
    rate = Rate(per_minute=1, burst=1)
    assert rate.wait_s("ana", 0.0) == 0
    assert rate.wait_s("bob", 0.0) == 0
    with pytest.raises(Crowded) as caught:
        rate.take("ana", 0.0)
    assert caught.value.after_s == 60.0


@given(st.lists(st.floats(0, 100), max_size=60), st.integers(1, 10))
def test_no_window_lets_more_through_than_burst_and_rate(gaps: list[float], burst: int) -> None:
    """Over any stretch of time at most burst + rate × time pass, and who waits as told gets through."""
    rate = Rate(per_minute=30, burst=burst)
    now, passed = 0.0, []
    for gap in gaps:
        now += gap
        wait = rate.wait_s("", now)
        if wait == 0:
            passed.append(now)
        else:
            assert Rate(per_minute=30, burst=burst).wait_s("", now + wait) == 0
    for first, start in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            assert last - first + 1 <= burst + (end - start) / 2 + 1e-6


def test_keys_without_debt_are_forgotten() -> None:
    """A million addresses, each seen once, do not fill the memory."""
    rate = Rate(per_minute=60, burst=1)
    for number in range(20_000):
        rate.wait_s(str(number), float(number))
    assert len(rate._due) <= 1100


def test_seats_are_given_back() -> None:
    """Seats are limited for each address and in all, and free again after use."""
    seats = Seats(total=3, per_address=2)
    with seats.take("a"), seats.take("a"):
        with pytest.raises(Crowded, match="network address"), seats.take("a"):
            pass
        with seats.take("b"), pytest.raises(Crowded, match="All seats"), seats.take("c"):
            pass
    with seats.take("a"):
        pass
    assert not seats._taken


@pytest.mark.parametrize(
    ("remote", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        (None, ""),
        ("unix:", "unix:"),
    ],
)
def test_an_address_is_what_one_subscriber_has(remote: str | None, counted: str) -> None:
    """IPv6 subscribers own a /64, so that is what counts."""
    assert network(remote) == counted
