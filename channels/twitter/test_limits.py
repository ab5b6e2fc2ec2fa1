from datetime import UTC, datetime

import pytest

from channels.errors import Misconfigured
from channels.twitter import settings
from channels.twitter.limiter import Limiter
from channels.twitter.money import DM, SUMMONED, Meter
from channels.twitter.trouble import Throttled
from router.testing.channel import RecordingHost
from router.testing.time import ManualClock

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
GIVEN = {
    "api_key": "k",
    "api_secret": "s",
    "access_token": "12-t",
    "access_token_secret": "ts",
    "budget": "0.05",
    "budget_reserve": "0.03",
}


def spent(reset_s: float = 60.0, window: str = "x-rate-limit") -> dict[str, str]:
    """Return headers of a window that is used up."""
    return {f"{window}-remaining": "0", f"{window}-reset": str(int(NOON.timestamp() + reset_s))}


def test_a_window_that_is_used_up_opens_at_its_time() -> None:
    """After the last call nothing is asked until the time that X named; other endpoints go on."""
    clock = ManualClock(NOON)
    limiter = Limiter(clock.now)
    limiter.saw("mentions", spent(60))
    with pytest.raises(Throttled) as caught:
        limiter.check("mentions")
    assert caught.value.after_s == 60
    limiter.check("posts")
    clock.move(60)
    limiter.check("mentions")


def test_the_windows_of_a_day_count_too() -> None:
    """The longest of the windows that are used up decides."""
    limiter = Limiter(ManualClock(NOON).now)
    assert limiter.refused("posts", spent(60) | spent(3600, "x-user-limit-24hour")) == 3600


def test_without_a_time_we_wait_longer_each_time() -> None:
    """A refusal without headers, with one that is past or with nonsense is followed by our own pauses."""
    limiter = Limiter(ManualClock(NOON).now)
    bare: list[dict[str, str]] = [
        {},
        {"x-rate-limit-reset": "soon"},
        spent(-5),
        {"x-rate-limit-reset": "9" * 40},
    ]
    waits = [limiter.refused("mentions", headers) for headers in bare]
    assert waits == sorted(waits)
    assert 1 < waits[0] < 3
    assert waits[-1] > 10
    for _ in range(30):
        last = limiter.refused("mentions", {})
    assert last <= 900 * 1.2


def test_a_success_ends_the_growing() -> None:
    """After X has answered again the pauses begin small."""
    limiter = Limiter(ManualClock(NOON).now)
    for _ in range(6):
        limiter.refused("mentions", {})
    limiter.saw("mentions", {"x-rate-limit-remaining": "5"})
    assert limiter.refused("mentions", {}) < 3


async def test_the_meter_counts_a_day_for_all_processes() -> None:
    """Two processes add to one sum; what is read twice on a day counts once; a new day begins at nothing."""
    clock = ManualClock(NOON)
    host = RecordingHost("twitter", GIVEN, clock=clock)
    one, other = (Meter(host, 50_000, 30_000) for _ in range(2))
    await one.reads([("post:1", 1000), ("post:1", 1000), ("user:2", 10_000)])
    await one.reads([("post:1", 1000)])
    await other.spend(SUMMONED)
    assert host.memos["spent:2026-11-02"].value == "21000"
    assert await one.left() == 29_000
    assert await one.left(person=True) == 59_000
    clock.move(12 * 3600)
    assert await one.left() == 50_000
    await one.reads([("post:1", 1000)])
    assert host.memos["spent:2026-11-03"].value == "1000"


async def test_a_spent_budget_is_shown_once_with_what_to_do() -> None:
    """Admins see the budget, until when, and the setting; a new day clears it."""
    clock = ManualClock(NOON)
    host = RecordingHost("twitter", GIVEN, clock=clock)
    meter = Meter(host, 50_000, 30_000)
    for _ in range(4):
        await meter.spend(DM)
    state, words = host.parts["budget"]
    assert state == "degraded"
    assert "00:00 UTC" in words
    assert "channels.twitter.test.budget" in words
    assert len(host.reports) == 1
    assert meter.until_midnight_s() == 12 * 3600
    clock.move(12 * 3600)
    await meter.left()
    assert host.parts["budget"] == ("ok", "")


async def test_no_budget_is_no_limit() -> None:
    """With a budget of 0 the meter counts and never says stop."""
    host = RecordingHost("twitter", GIVEN)
    meter = Meter(host, 0, 0)
    await meter.spend(10**9)
    assert await meter.left() is None
    assert host.reports == []


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"access_token": "AAAAbearer"}, "access_token"),
        ({"api_secret": ""}, "api_secret"),
        ({"push": "stream"}, "bearer_token"),
        ({"poll_every": 1.0}, "poll_every"),
        ({"dm_poll_every": 30.0}, "dm_poll_every"),
        ({"budget": "five"}, "budget"),
        ({"budget": "-1"}, "budget"),
        ({"budget_reserve": "nan"}, "budget_reserve"),
        ({"api": "http://example.com"}, "api"),
    ],
)
def test_settings_that_cannot_work_are_named(wrong: dict[str, object], named: str) -> None:
    """Each fault names account and setting, and gives no secret away."""
    host = RecordingHost("twitter", {**GIVEN, **wrong}, account="support")
    with pytest.raises(Misconfigured, match=rf"channels\.twitter\.support\.{named}: ") as caught:
        settings.read(host)
    assert "AAAA" not in str(caught.value)


def test_the_real_x_is_known_by_both_its_names() -> None:
    """The address of today and the one in the client library are the same service; nothing is rewritten there."""
    for api in ("https://api.x.com", "https://api.twitter.com/"):
        assert settings.read(RecordingHost("twitter", {**GIVEN, "api": api})).real
    assert not settings.read(RecordingHost("twitter", {**GIVEN, "api": "http://127.0.0.1:9"})).real
    assert settings.read(RecordingHost("twitter", GIVEN)).me == "12"
