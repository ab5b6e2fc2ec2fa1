import pytest

from channels import registry
from channels.errors import Misconfigured
from channels.forum import settings
from channels.forum.adapter import adapter
from channels.forum.conftest import Make
from router.testing.channel import RecordingHost
from sandbox.faults import Fault

GOOD = {"api": "https://forum.example.com/", "api_username": "Example_Support", "api_key": "k" * 64}


def test_the_manifest_fills_in_the_rest() -> None:
    """Address, user and key are enough."""
    given = registry.check("forum", GOOD, "handleby.toml: channels.forum.test")
    found = settings.read(RecordingHost("forum", given))
    assert (found.api, found.view.site, found.view.us) == (
        "https://forum.example.com",
        "forum.example.com",
        "example_support",
    )
    assert found.poll_s == 120.0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"webhook_secret": "short"}, "webhook_secret: Discourse wants 12"),
        ({"api": ""}, "api: is missing"),
        ({"api": "https://forum.example.com/?x=1"}, "api: write the plain address"),
        ({"api": "https://me:pass@forum.example.com"}, "api: write the plain address"),
        ({"api_key": "k\n"}, None),
        ({"api_key": "schlüssel"}, "api_key: .* copy it again"),
        ({"api_username": "@example support"}, "api_username: is not a username"),
        ({"staff": ("maria_j=maria",)}, "staff: entry 1 must be"),
        ({"staff": ("tom", "maria jensen=m@example.com")}, "staff: entry 2: is not a username"),
    ],
)
def test_what_cannot_work_is_named(changes: dict[str, object], says: str | None) -> None:
    """A wrong setting is told with its name and what to write instead."""
    host = RecordingHost("forum", {**GOOD, **changes})
    if says is None:
        settings.read(host)
        return
    with pytest.raises(Misconfigured, match=says):
        settings.read(host)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://Forum.Example.com", "forum.example.com"),
        ("http://forum.example.com:80/", "forum.example.com"),
        ("https://example.com/Forum/", "example.com/forum"),
        ("http://127.0.0.1:4200", "127.0.0.1:4200"),
    ],
)
def test_a_forum_has_one_name(url: str, site: str) -> None:
    """However its address is written, keys stay the same."""
    assert settings.site_of(url) == site


async def test_an_account_that_is_well_is_told_so(make: Make) -> None:
    """The try-out signs in, reads, and compares the clocks."""
    forum = await make()
    found = [one async for one in adapter.try_out(forum.host)]
    assert [one.ok for one in found] == [True, True, True]
    assert "three posts in a row" in found[0].mend
    forum.stand.api.us.moderator = True
    found = [one async for one in adapter.try_out(forum.host)]
    assert not found[0].mend


async def test_what_is_wrong_with_an_account_is_told(make: Make) -> None:
    """A refused key and a forum that is down are findings with what to do."""
    forum = await make(webhook_secret="")
    forum.stand.faults.set(Fault.REVOKED)
    forum.stand.api.reading.set(Fault.BROKEN)
    found = [one async for one in adapter.try_out(forum.host)]
    assert [one.ok for one in found] == [False, False, True, True]
    assert "api_key" in found[0].mend
    assert "webhook_secret" in found[3].mend


async def test_of_a_forum_that_does_not_answer_no_clock_is_judged(make: Make) -> None:
    """What was not seen is not called well."""
    forum = await make(api="http://127.0.0.1:9")
    found = [one async for one in adapter.try_out(forum.host)]
    assert [one.ok for one in found] == [False, False]
    assert all(one.mend for one in found)
