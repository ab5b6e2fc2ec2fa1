from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web

from channels.port import Host, Route
from channels.tryout import Finding, asked, clock, hook_reachable
from router.channelkit.trial import trial
from router.prove import prover
from router.testing.channel import RecordingChannel, RecordingHost
from sandbox.stand import Site

PATH = "/hooks/fax/test"


@asynccontextmanager
async def served(*hosts: Host, status: int = 405) -> AsyncIterator[str]:
    """Serve what answers the hook with a status, as the service with these accounts; yields its URL."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.on_response_prepare.append(prover({(one.channel, one.account): one for one in hosts}))
    app.router.add_route("*", PATH, answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def found(url: str) -> Finding:
    """Ask for the hook at the URL."""
    host = RecordingHost("fax", {})
    host.public_url = url
    return await hook_reachable(host, PATH, "POST")


async def test_the_hook_of_this_very_service_is_recognised() -> None:
    """It proves that it knows the account's secret, whatever the hook itself says; a loopback address is advice."""
    async with served(RecordingHost("fax", {})) as url:
        one = await found(url)
    assert one.ok
    assert "reaches this service" in one.what
    assert "set public_url" in one.mend


async def test_another_service_is_not_taken_for_ours() -> None:
    """What answers without the proof is something else: no account, another account, or no Handleby at all."""
    for hosts in ((), (RecordingHost("fax", {}, account="other"),)):
        async with served(*hosts, status=200) as url:
            one = await found(url)
        assert not one.ok
        assert "it is not this service" in one.what
        assert "proxy" in one.mend


async def test_a_service_that_does_not_know_the_account_is_told_apart() -> None:
    """It runs, but was started before the account was there."""
    async with served(RecordingHost("fax", {}), status=404) as url:
        one = await found(url)
    assert not one.ok
    assert "Restart the service" in one.mend


async def test_a_service_that_cannot_be_reached_is_named() -> None:
    """Nobody is there, or the name does not lead anywhere."""
    site = Site([])
    await site.start()
    gone = site.url
    await site.stop()
    for url in (gone, "http://nowhere.invalid"):
        one = await found(url)
        assert not one.ok
        assert "handleby run" in one.mend


@pytest.mark.parametrize(
    ("date", "ok", "said"),
    [
        ("Mon, 23 Nov 2026 11:00:10 GMT", True, "agrees"),
        ("Mon, 23 Nov 2026 10:58:00 GMT", False, "120 s ahead of"),
        ("Mon, 23 Nov 2026 11:02:00 GMT", False, "120 s behind"),
        ("", True, "does not say"),
        ("yesterday", True, "does not say"),
    ],
)
def test_clocks_are_compared(date: str, said: str, *, ok: bool) -> None:
    """A clock that is off by more than signatures bear is a fault."""
    one = clock(date, datetime(2026, 11, 23, 11, 0, tzinfo=UTC))
    assert one.ok is ok
    assert said in one.what


@pytest.mark.parametrize(
    "question", ["", "fax", "fax/test", "fax/test:", "fax:abc", "/:x-y", "fax/test:" + "a" * 300]
)
def test_what_is_no_question_is_not_answered(question: str) -> None:
    """Only a short, plain question is signed."""
    assert asked(question) is None


class Hooked(RecordingChannel):
    """A channel with a hook, and paths that cannot be asked for as they are."""

    def routes(self) -> list[Route]:
        """Return them."""

        async def handler(_: web.Request) -> web.StreamResponse:
            return web.Response()

        ways = (("GET", PATH), ("POST", PATH), ("POST", PATH + "/{id}"))
        return [Route(method=method, path=path, handler=handler) for method, path in ways]


class Trying:
    """An adapter whose try-out finds one thing, then breaks."""

    def open(self, host: Host) -> Hooked:
        """Return the channel."""
        return Hooked()

    def pages(self, channels: object) -> list[Route]:
        """Return none."""
        return []

    async def try_out(self, host: Host) -> AsyncIterator[Finding]:
        """Find that the token is good; then something nobody thought of happens."""
        yield Finding(ok=True, what="The token is good.")
        raise RuntimeError("surprise")


async def test_a_trial_shows_everything_and_survives_its_channel() -> None:
    """The hook is asked for once, the channel's findings follow, and an error is one of them."""
    shown: list[Finding] = []
    host = RecordingHost("fax", {})
    async with served(host) as url:
        host.public_url = url
        good = await trial(host, Hooked(), Trying(), shown.append)
    assert not good
    assert [one.ok for one in shown] == [True, True, False]
    assert shown[-1].what == "RuntimeError: surprise"


class Plain:
    """An adapter that tries nothing of its own."""

    def open(self, host: Host) -> RecordingChannel:
        """Return the channel."""
        return RecordingChannel()

    def pages(self, channels: object) -> list[Route]:
        """Return none."""
        return []


async def test_an_account_with_nothing_outside_is_well() -> None:
    """There is nothing to try, and that is said."""
    shown: list[Finding] = []
    assert await trial(RecordingHost("fax", {}), RecordingChannel(), Plain(), shown.append)
    assert ["nothing outside" in one.what for one in shown] == [True]
