import pytest

from channels.twitter.conftest import Account, opened
from channels.twitter.hints import WANTED
from sandbox.faults import Fault
from sandbox.x.stand import XStand

#: Polling so slow that what comes quickly came another way.
SLOW = {"poll_every": 3000.0, "dm_poll_every": 3000.0}


async def streaming(account: Account) -> None:
    """Wait until the stream is open and polling has looked once more."""
    await account.host.wait_for(lambda: account.host.parts.get("push") == ("ok", ""))


async def test_the_stream_brings_things_at_once(stand: XStand) -> None:
    """Subscriptions are made, and what is written comes by the stream, public and private."""
    account = opened(stand, push="stream", **SLOW)
    async with account.receiving():
        await streaming(account)
        assert {one.event_type for one in stand.events.subscriptions.values()} == set(WANTED)
        await account.asked("Hello")
        await account.asked("psst", public=False)
    assert [one.text for one in account.host.delivered] == ["Hello", "psst"]


async def test_a_stream_that_breaks_is_joined_again(stand: XStand) -> None:
    """After a break the account connects anew, looks for what it missed, and makes no second subscription."""
    account = opened(stand, push="stream", **SLOW)
    async with account.receiving():
        await streaming(account)
        before = len(stand.events.subscriptions)
        await account.asked("one")
        stand.events.cut()
        await stand.write("Ana", "two")
        await account.got(lambda one: one.text == "two")
        await account.asked("three")
        assert len(stand.events.subscriptions) == before


async def test_a_strange_line_does_not_end_the_stream(stand: XStand) -> None:
    """Nonsense in between is passed over."""
    account = opened(stand, push="stream", **SLOW)
    async with account.receiving():
        await streaming(account)
        for stream in stand.events.streams:
            stream.put_nowait(b"{nonsense")
            stream.put_nowait(b'{"data": {"event_type": "like.create", "payload": {}}}')
        await account.asked("Hello")


async def test_without_push_polling_goes_on(stand: XStand) -> None:
    """X refuses the app's token: admins read why and what to do, and nothing is lost."""
    account = opened(stand, push="stream", bearer_token="wrong")
    async with account.receiving():
        await account.host.wait_for(lambda: account.host.parts.get("push", ("", ""))[0] == "degraded")
        await account.asked("Hello")
    assert "only by polling" in account.host.parts["push"][1]
    assert "bearer_token" in account.host.parts["push"][1]


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.THROTTLED_BARE])
async def test_push_is_tried_again(stand: XStand, fault: Fault) -> None:
    """A fault of X at the start does not switch the stream off."""
    stand.faults.set(fault, times=2)
    account = opened(stand, push="stream", **SLOW)
    async with account.receiving():
        await streaming(account)
        await account.asked("Hello")


async def test_the_webhook_is_registered_and_woken(stand: XStand) -> None:
    """The service registers its own address, subscribes, and wakes a webhook that X has switched off."""
    account = opened(stand, push="webhook", **SLOW)
    async with account.served() as url:
        account.host.public_url = url.partition("/hooks")[0]
        async with account.receiving():
            await streaming(account)
            await account.asked("Hello")
            await account.asked("psst", public=False)
        (webhook,) = stand.events.webhooks.values()
        assert webhook.url == url
        webhook.valid = False
        account.host.parts.clear()
        async with account.receiving():
            await streaming(account)
            assert webhook.valid
            await account.asked("Again")
    assert len(stand.events.webhooks) == 1


async def test_a_webhook_that_x_cannot_reach_is_told(stand: XStand) -> None:
    """Admins read X's reason; polling goes on."""
    account = opened(stand, push="webhook")
    account.host.public_url = "http://127.0.0.1:9"
    async with account.receiving():
        await account.host.wait_for(lambda: account.host.parts.get("push", ("", ""))[0] == "degraded")
        await account.asked("Hello")
    assert "challenge" in account.host.parts["push"][1]


async def test_events_that_x_refuses_are_named(stand: XStand) -> None:
    """Where the account has not authorised private events, the rest is heard and the gap is told."""
    stand.events.closed = {"dm.received", "chat.received"}
    account = opened(stand, push="stream")
    async with account.receiving():
        await account.host.wait_for(lambda: account.host.parts.get("push", ("", ""))[0] == "degraded")
        await account.asked("Hello")
    assert "dm.received, chat.received" in account.host.parts["push"][1]
    assert "OAuth 2.0" in account.host.parts["push"][1]
