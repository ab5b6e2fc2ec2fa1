from typing import Any

import pytest

from channels.tryout import Finding, all_well
from channels.twitter.adapter import adapter
from channels.twitter.conftest import opened
from sandbox.x.stand import XStand


async def tried(stand: XStand, **settings: Any) -> list[Finding]:
    """Return what is found with these settings."""
    account = opened(stand, **settings)
    return [one async for one in adapter.try_out(account.host)]


async def test_an_account_in_order_is_found_so(stand: XStand) -> None:
    """Signed in, with all rights, the clock right, all readable; and nothing was written."""
    found = await tried(stand, push="stream")
    assert all_well(found)
    assert "@example_help" in found[0].what
    assert len(found) == 6
    assert {method for method, _ in stand.requests} == {"GET"}


@pytest.mark.parametrize(
    ("change", "said", "mend"),
    [
        ({"access_token_secret": "wrong"}, "tokens", "access_token"),
        ({"bearer_token": "wrong", "push": "stream"}, "subscriptions", "bearer_token"),
        ({"api": "http://127.0.0.1:9"}, "reached", "api"),
    ],
)
async def test_what_is_wrong_is_named_with_what_to_do(
    stand: XStand, change: dict[str, str], said: str, mend: str
) -> None:
    """Wrong keys and addresses each give one finding that says how to mend it."""
    (wrong,) = [one for one in await tried(stand, **change) if not one.ok]
    assert said in wrong.what
    assert mend in wrong.mend
    assert "wrong" not in f"{wrong.what} {wrong.mend}"


async def test_tokens_with_too_few_rights_are_noticed(stand: XStand) -> None:
    """Tokens made before the app got its rights keep the old ones."""
    stand.rights = "read"
    (wrong,) = [one for one in await tried(stand) if not one.ok]
    assert "create new tokens" in wrong.mend


async def test_an_empty_purse_is_noticed(stand: XStand) -> None:
    """Without credits the first look says so."""
    stand.broke = True
    (wrong,) = await tried(stand)
    assert "credits" in wrong.mend
