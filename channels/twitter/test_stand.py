from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import tweepy
from tweepy.asynchronous import AsyncClient
from yarl import URL

from sandbox.faults import Fault
from sandbox.x.count import length
from sandbox.x.stand import ME, XStand


class Asker:
    """The real client library, unchanged but for where it goes, and what it sent last."""

    def __init__(self, stand: XStand) -> None:
        self.stand = stand
        self.last: aiohttp.ClientRequest | None = None
        keys = stand.keys
        self.api = AsyncClient(
            bearer_token=keys.bearer_token,
            consumer_key=keys.api_key,
            consumer_secret=keys.api_secret,
            access_token=keys.access_token,
            access_token_secret=keys.access_token_secret,
            return_type=dict,
        )
        self.api.session = aiohttp.ClientSession(middlewares=(self._turn,))

    async def _turn(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        here = URL(str(self.stand.settings()["api"]))
        request.url = request.url.with_scheme(here.scheme).with_host(here.host or "").with_port(here.port)
        self.last = request
        return await handler(request)

    async def replay(self, authorization: str = "", url: URL | None = None, method: str = "") -> int:
        """Send the last request once more, changed or not; return the status."""
        assert self.last is not None
        headers = {"Authorization": authorization or self.last.headers["Authorization"]}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method or self.last.method, url or self.last.url, headers=headers) as answer,
        ):
            return answer.status


@pytest.fixture
async def asker(stand: XStand) -> AsyncIterator[Asker]:
    """Return somebody who asks X."""
    made = Asker(stand)
    yield made
    await made.api.session.close()


async def mentions(asker: Asker, **params: Any) -> dict[str, Any]:
    """Return a page of mentions."""
    page: dict[str, Any] = await asker.api.get_users_mentions(ME.id, user_auth=True, **params)
    return page


async def test_signatures_are_checked_strictly(asker: Asker) -> None:
    """The same request is taken once; changed in any part, or signed by the app, never."""
    await mentions(asker, max_results=5, tweet_fields=["author_id", "lang"])
    assert asker.last is not None
    signed, url = asker.last.headers["Authorization"], asker.last.url
    assert await asker.replay() == 401  # the nonce was used
    at = signed.index("oauth_signature=") + 20
    assert await asker.replay(signed[:at] + ("A" if signed[at] != "A" else "B") + signed[at + 1 :]) == 401
    assert await asker.replay(signed.replace("oauth_nonce=", "oauth_nonce=x")) == 401
    fresh = signed.replace('oauth_nonce="', 'oauth_nonce="1')
    assert await asker.replay(fresh) == 401
    assert await asker.replay(fresh, url=url.update_query(max_results=6)) == 401
    assert await asker.replay(fresh, method="POST") in {401, 405}
    assert await asker.replay(f"Bearer {asker.stand.keys.bearer_token}") == 401
    assert await asker.replay("Basic abc") == 401


async def test_what_the_app_asks_wants_its_own_token(asker: Asker) -> None:
    """Webhooks and subscriptions are the app's; the account's signature opens nothing there."""
    with pytest.raises(tweepy.Unauthorized):
        await asker.api.request("GET", "/2/webhooks", params={}, user_auth=True)
    assert (await asker.api.request("GET", "/2/webhooks", params={})).status == 200


async def test_pages_follow_each_other(asker: Asker) -> None:
    """Newest first, each once, until there is no token; `since_id` leaves out what is older."""
    stand = asker.stand
    numbers = [stand.post("Ana", f"question {number}", calling=True).id for number in range(12)]
    stand.post("Ana", "nobody is called")
    found, token = [], None
    while True:
        page = await mentions(asker, max_results=5, pagination_token=token)
        found += [one["id"] for one in page["data"]]
        token = page["meta"].get("next_token")
        if token is None:
            break
    assert found == numbers[::-1]
    newer = await mentions(asker, since_id=numbers[9])
    assert [one["id"] for one in newer["data"]] == numbers[:9:-1]
    assert "data" not in await mentions(asker, since_id=numbers[-1])
    with pytest.raises(tweepy.BadRequest):
        await mentions(asker, max_results=4)


async def test_limits_are_told_and_kept(asker: Asker) -> None:
    """Headers count down; the call after the last is refused, with the time of the next window."""
    asker.stand.limits.scale = 1
    left = []
    for _ in range(15):
        answer = await asker.api.request("GET", "/2/dm_events", params={}, user_auth=True)
        left.append(int(answer.headers["x-rate-limit-remaining"]))
    assert left == list(range(14, -1, -1))
    with pytest.raises(tweepy.TooManyRequests) as caught:
        await asker.api.get_direct_message_events()
    assert caught.value.reset_time > 0
    asker.stand.faults.set(Fault.THROTTLED_BARE)
    with pytest.raises(tweepy.TooManyRequests) as bare:
        await asker.api.get_me()
    assert bare.value.reset_time is None


async def test_only_who_called_us_is_answered(asker: Asker) -> None:
    """Who mentioned or quoted us may be answered, ourselves too; others not; nor is what is gone."""
    stand = asker.stand
    news = stand.api.publish("New opening hours!", None)
    called = stand.post("Ana", "hello", calling=True)
    quoted = stand.post("Bob", "look at this", quotes=news)
    other = stand.post("Eve", "they never answer")
    for number, post in enumerate((called, quoted, news)):
        await asker.api.create_tweet(text=f"answer {number}", in_reply_to_tweet_id=post.id)
    with pytest.raises(tweepy.Forbidden, match="not been mentioned"):
        await asker.api.create_tweet(text="answer", in_reply_to_tweet_id=other.id)
    called.deleted = True
    with pytest.raises(tweepy.Forbidden, match="deleted or not visible"):
        await asker.api.create_tweet(text="answer", in_reply_to_tweet_id=called.id)
    assert [one.text for one in stand.ledger.to("Ana")] == ["answer 0"]
    assert [one.text for one in stand.ledger.to("Bob")] == ["answer 1"]


async def test_long_and_repeated_posts_are_refused(asker: Asker) -> None:
    """More than 280 by X's count, and the same words again, are not posted."""
    post = asker.stand.post("Ana", "hello", calling=True)
    with pytest.raises(tweepy.BadRequest):
        await asker.api.create_tweet(text="犬" * 141, in_reply_to_tweet_id=post.id)
    await asker.api.create_tweet(text="犬" * 140, in_reply_to_tweet_id=post.id)
    with pytest.raises(tweepy.Forbidden, match="duplicate content"):
        await asker.api.create_tweet(text="犬" * 140, in_reply_to_tweet_id=post.id)


async def test_what_is_missing_comes_beside_the_rest(asker: Asker) -> None:
    """A look-up of several posts answers 200 with errors for those that are not there."""
    post = asker.stand.post("Ana", "hello", calling=True)
    mine = asker.stand.api.publish("away soon", None)
    await asker.api.delete_tweet(mine.id)
    page = await asker.api.get_tweets([post.id, mine.id, "77"], user_auth=True)
    assert [one["id"] for one in page["data"]] == [post.id]
    assert [one["resource_id"] for one in page["errors"]] == [mine.id, "77"]
    with pytest.raises(tweepy.Forbidden):
        await asker.api.delete_tweet(post.id)


async def test_webhooks_must_answer_the_challenge(asker: Asker) -> None:
    """An address that cannot prove the secret is not registered; nor is one without https elsewhere."""
    for url in ("http://127.0.0.1:9/hook", "http://example.com/hook", f"{asker.stand.settings()['api']}/2/x"):
        with pytest.raises(tweepy.BadRequest):
            await asker.api.request("POST", "/2/webhooks", params={}, json={"url": url})
    assert asker.stand.events.webhooks == {}


async def test_errors_are_problem_documents_and_sometimes_pages(asker: Asker) -> None:
    """A refusal has title, detail and type; an ill edge answers with HTML, over which the library stumbles."""
    with pytest.raises(tweepy.NotFound) as caught:
        await asker.api.get_users_mentions("77", user_auth=True)
    assert caught.value.response.content_type == "application/problem+json"
    asker.stand.faults.set(Fault.BROKEN)
    with pytest.raises(aiohttp.ContentTypeError):
        await asker.api.get_me()


async def test_the_rest_of_the_switches(asker: Asker) -> None:
    """Revoked tokens, empty purses and refusals for good look as X makes them look."""
    stand = asker.stand
    post = stand.post("Ana", "hello", calling=True)
    stand.broke = True
    with pytest.raises(tweepy.HTTPException, match="credits"):
        await asker.api.get_me()
    stand.broke, stand.revoked = False, True
    with pytest.raises(tweepy.Unauthorized):
        await asker.api.get_me()
    stand.revoked = False
    stand.faults.set(Fault.REFUSED)
    with pytest.raises(tweepy.Forbidden):
        await asker.api.create_tweet(text="answer", in_reply_to_tweet_id=post.id)
    assert (await asker.api.get_me())["data"]["username"] == ME.username
    assert stand.ledger.to("Ana") == []


def test_characters_are_counted_in_its_own_way() -> None:
    """The stand-in counts by code of its own, so that it can catch the channel's mistakes."""
    assert length("see https://example.com/" + "x" * 99) == 4 + 23
    assert length("👨‍👩‍👧‍👦 犬 é") == 2 + 1 + 2 + 1 + 1
