"""Whose address counts where proxies stand before the service."""

import pytest
from aiohttp import ClientSession, web

from router.proxies import networks, remote, seen_by

TRUSTED = networks("127.0.0.1, 10.0.0.0/8, ::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "wanted"),
    [
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["1.2.3.4, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        ("127.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        ("::ffff:127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        (None, ["1.2.3.4"], None),
    ],
)
def test_only_what_a_trusted_proxy_saw_counts(
    peer: str | None, forwarded: list[str], wanted: str | None
) -> None:
    """The last address before our own proxies; what strangers write before it is nobody's."""
    assert remote(peer, forwarded, TRUSTED) == wanted


async def test_handlers_see_the_address() -> None:
    """With a trusted proxy the customer's, without one the peer's own."""

    async def who(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.remote} {await request.text()} {request.match_info['name']}")

    for trusted, wanted in ((TRUSTED, "203.0.113.9"), ((), "127.0.0.1")):
        app = web.Application(middlewares=[seen_by(trusted)])
        app.router.add_post("/{name}", who)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/ana"
        async with (
            ClientSession() as session,
            session.post(url, data="hello", headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.9"}) as answer,
        ):
            assert await answer.text() == f"{wanted} hello ana"
        await runner.cleanup()


def test_what_is_no_network_is_refused() -> None:
    """It is named when the settings are read."""
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        networks("10.0.0.0/99")
