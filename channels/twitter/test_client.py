import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from channels.twitter import settings as accounts
from channels.twitter.client import Client
from channels.twitter.limiter import Limiter
from channels.twitter.trouble import Broken, Denied, Penniless, Revoked, Throttled, Trouble, Why
from router.clock import SystemClock
from router.testing.channel import RecordingHost
from sandbox.stand import Site

TYPES = "https://api.twitter.com/2/problems/"


class Says:
    """A server that answers everything with the same, as X might on a bad day."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, b"{}", {"Content-Type": "application/json"}
        self.asked: list[web.Request] = []
        self.site = Site([web.route("*", "/{path:.*}", self._answer)])

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        return web.Response(status=self.status, body=self.body, headers=self.headers)

    def says(self, status: int, body: object, **headers: str) -> None:
        """Answer with this from now on."""
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {"Content-Type": headers.pop("kind", "application/json"), **headers}


@pytest.fixture
async def x() -> AsyncIterator[tuple[Says, Client]]:
    """Return the server and a client for it."""
    server = Says()
    await server.site.start()
    given: dict[str, Any] = {
        "api": server.site.url,
        "api_key": "k",
        "api_secret": "s",
        "access_token": "12-t",
        "access_token_secret": "ts",
        "bearer_token": "b",
    }
    client = Client(accounts.read(RecordingHost("twitter", given)), Limiter(SystemClock().now), 2.0)
    yield server, client
    await client.close()
    await server.site.stop()


@pytest.mark.parametrize(
    ("status", "body", "kind", "trouble"),
    [
        (503, b"<html>", "text/html", Broken),
        (503, b"<html>", "application/json", Broken),
        (500, {"errors": [{"code": 131}]}, "application/json", Broken),
        (502, b"", "text/plain", Broken),
        (200, b"<html>", "text/html", Broken),
        (200, b"[1]", "application/json", Broken),
        (200, b"{", "application/json", Broken),
        (201, {}, "application/json", Broken),
        (201, {"data": {"id": 5}}, "application/json", Broken),
        (200, {"errors": [{"detail": "no"}]}, "application/json", Denied),
        (400, {"detail": "no", "errors": ["plain", {"message": "words"}]}, "application/json", Denied),
        (400, b"[]", "application/json", Denied),
        (400, b"null", "application/json", Denied),
        (403, b"<html>", "text/html", Denied),
        (404, {"detail": "no"}, "application/problem+json", Denied),
        (401, {"title": "Unauthorized"}, "application/problem+json", Revoked),
        (401, b"", "text/plain", Revoked),
        (402, {"title": "CreditsDepleted"}, "application/problem+json", Penniless),
        (403, {"type": f"{TYPES}usage-capped"}, "application/problem+json", Penniless),
        (429, {"title": "UsageCapExceeded"}, "application/problem+json", Penniless),
        (429, {"type": f"{TYPES}rate-limit-exceeded"}, "application/problem+json", Throttled),
        (429, b"<html>", "text/html", Throttled),
        (418, {}, "application/json", Denied),
    ],
)
async def test_every_answer_is_one_kind_of_trouble(
    x: tuple[Says, Client], status: int, body: object, kind: str, trouble: type[Trouble]
) -> None:
    """Whatever the client library stumbles over, the status and X's words decide; a post is asked for once."""
    server, client = x
    server.says(status, body, kind=kind)
    with pytest.raises(trouble):
        await client.post("hello", answers="1")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("You are not allowed to create a Tweet with duplicate content.", Why.DUPLICATE),
        (
            "Reply to this conversation is not allowed because you have not been mentioned or otherwise …",
            Why.UNSUMMONED,
        ),
        ("You attempted to reply to a Tweet that is deleted or not visible to you.", Why.GONE),
        ("Your client app is not configured with the appropriate oauth1 app permissions", Why.ACCESS),
        ("Something new", Why.OTHER),
    ],
)
async def test_a_refusal_says_why(x: tuple[Says, Client], words: str, why: Why) -> None:
    """X's words are understood, and passed on."""
    server, client = x
    server.says(403, {"title": "Forbidden", "detail": words, "type": "about:blank"})
    with pytest.raises(Denied) as caught:
        await client.post("hello", answers="1")
    assert caught.value.why is why
    assert words[:40] in str(caught.value)


@pytest.mark.parametrize("reset", ["", "soon", "-5", "99999999999999999999"])
async def test_a_reset_that_makes_no_sense_is_not_believed(x: tuple[Says, Client], reset: str) -> None:
    """The library would stumble over it; we wait by ourselves."""
    server, client = x
    server.says(429, {"title": "Too Many Requests"}, **{"x-rate-limit-reset": reset})
    with pytest.raises(Throttled) as caught:
        await client.post("hello", answers="1")
    assert 1 < caught.value.after_s < 5
    with pytest.raises(Throttled):
        await client.post("hello", answers="1")
    assert len(server.asked) == 1


async def test_reading_is_tried_again_once(x: tuple[Says, Client]) -> None:
    """A read that fails by X's fault is asked once more; a read that is refused is not."""
    server, client = x
    server.says(503, b"<html>", kind="text/html")
    with pytest.raises(Broken):
        await client.mentions(max_results=5)
    assert len(server.asked) == 2
    server.says(403, {"detail": "no"})
    with pytest.raises(Denied):
        await client.mentions(max_results=5)
    assert len(server.asked) == 3


async def test_the_signature_stays_over_xs_own_address(x: tuple[Says, Client]) -> None:
    """The request goes to `api`; the name it is for, and what is signed, is X's."""
    server, client = x
    await client.mentions(max_results=5)
    (request,) = server.asked
    assert request.headers["Host"] == "api.twitter.com"
    assert request.headers["Authorization"].startswith("OAuth ")
    assert request.path == "/2/users/12/mentions"


async def test_a_stream_that_is_refused_says_why(x: tuple[Says, Client]) -> None:
    """The activity stream has the same kinds of trouble."""
    server, client = x
    for status, trouble in ((503, Broken), (401, Revoked), (429, Throttled)):
        server.says(status, {"detail": "no"})
        with pytest.raises(trouble):
            async with client.stream():
                pass


async def test_a_closed_client_opens_again(x: tuple[Says, Client]) -> None:
    """Closing only hangs up."""
    server, client = x
    await client.mentions(max_results=5)
    await client.close()
    await client.mentions(max_results=5)
    assert len(server.asked) == 2
