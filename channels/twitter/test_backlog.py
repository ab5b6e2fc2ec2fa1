import time

from channels.twitter.conftest import Account, opened
from sandbox.x.limits import Limits
from sandbox.x.stand import XStand

#: Pages of 10, 100 and 100, and a last one.
MANY = 220


class Narrow(Limits):
    """Limits of two pages of direct messages in a second."""

    def take(self, endpoint: str) -> tuple[bool, dict[str, str]]:
        """Count a call; the window of direct messages is a short one."""
        allowed, headers = super().take(endpoint)
        window = self._windows[endpoint]
        if endpoint == "dm_events" and window.until > time.time() + 1.0:
            window.until, window.left = time.time() + 1.0, 1
            headers |= {"x-rate-limit-reset": str(int(window.until) + 1)}
        elif endpoint == "dm_events":
            headers |= {"x-rate-limit-remaining": str(window.left)}
        return allowed, headers


async def waiting(stand: XStand, **settings: object) -> Account:
    """Return an account that has read all there was, and for which much has come since."""
    before = opened(stand, **settings)
    async with before.receiving():
        await before.asked(public=False)
    for number in range(MANY):
        await stand.write(f"P{number % 5}", f"backlog {number}", public=False)
    return before.again()


async def test_a_backlog_longer_than_xs_limit_comes_in(stand: XStand) -> None:
    """Where X lets us read only a part at a time, reading goes on where it was: begun anew it would never end."""
    account = await waiting(stand)
    stand.limits = Narrow()
    async with account.receiving():
        await account.host.wait_for(lambda: len(account.host.delivered) == MANY + 1, 15.0)
    assert len({one.key for one in account.host.delivered}) == MANY + 1


async def test_a_backlog_stops_at_the_budget(stand: XStand) -> None:
    """What reading costs is looked at page by page: a long list takes at most a page beyond the day's money."""
    account = await waiting(stand, budget="0.50")
    async with account.receiving():
        await account.host.wait_for(lambda: account.host.parts.get("budget", ("",))[0] == "degraded", 15.0)
        await account.host.wait_for(lambda: len(account.host.delivered) > 100, 15.0)
    assert len(account.host.delivered) < MANY


async def test_what_a_budget_put_off_comes_in_once_it_is_raised(stand: XStand) -> None:
    """The position stays where it was, so that nothing between is passed over."""
    account = await waiting(stand, budget="0.50")
    async with account.receiving():
        await account.host.wait_for(lambda: len(account.host.delivered) > 100, 15.0)
    account.host.settings = {**account.host.settings, "budget": "0"}
    rich = account.again()
    async with rich.receiving():
        await rich.host.wait_for(lambda: len(rich.host.delivered) == MANY + 1, 15.0)
