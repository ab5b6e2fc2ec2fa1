"""X's API, typed: the only place that imports tweepy.

tweepy's address is a literal, so a middleware of the session sends requests elsewhere where `api` says so;
the signature stays over tweepy's address. The same middleware reads errors before tweepy does, which parses
the body before it looks at the status, and stumbles over pages of HTML, headers without sense and `null`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from tweepy.asynchronous import AsyncClient
from yarl import URL

from channels.twitter.answer import Answer, judged
from channels.twitter.limiter import Limiter
from channels.twitter.settings import Settings
from channels.twitter.trouble import Broken, Silent, Trouble, Unreached

Page: TypeAlias = Mapping[str, Any]

#: Seconds for connecting.
CONNECT_S = 8.0
#: An unused connection is closed early, so that a post seldom goes into one that X has closed.
IDLE_S = 12.0
#: The activity stream sends something at least every 20 seconds.
STREAM_SILENCE_S = 45.0
_LONGEST_LINE = 1024 * 1024

POST_FIELDS = ["author_id", "conversation_id", "created_at", "in_reply_to_user_id", "lang", "entities",
               "referenced_tweets", "edit_history_tweet_ids", "note_tweet"]  # fmt: skip
USER_FIELDS = ["name", "username", "affiliation"]
DM_FIELDS = [
    "id",
    "text",
    "event_type",
    "created_at",
    "sender_id",
    "dm_conversation_id",
    "attachments",
    "entities",
]

_ANSWER: ContextVar[Answer | None] = ContextVar("_ANSWER", default=None)


class _Answered(Exception):
    """X answered with an error; what it says stands in the Answer."""


class Client:
    """One account's way to X."""

    def __init__(self, settings: Settings, limiter: Limiter, timeout_s: float) -> None:
        """Take the account's keys, and what knows how often may be asked, and the seconds for a request."""
        self._settings, self._limiter, self._timeout_s = settings, limiter, timeout_s
        self._session: aiohttp.ClientSession | None = None
        #: Those of the last answer.
        self.headers: Mapping[str, str] = {}
        self._tweepy = AsyncClient(
            bearer_token=settings.bearer_token or None,
            consumer_key=settings.api_key,
            consumer_secret=settings.api_secret,
            access_token=settings.access_token,
            access_token_secret=settings.access_token_secret,
            return_type=dict,
            wait_on_rate_limit=False,
        )

    async def close(self) -> None:
        """Hang up; the next call opens a new session."""
        session, self._session, self._tweepy.session = self._session, None, None
        if session is not None:
            await session.close()

    # reading; tried again where that may help, as it changes nothing

    async def me(self) -> Page:
        """Return who we are."""
        return await self._read("the account", self._tweepy.get_me)

    async def mentions(self, **params: Any) -> Page:
        """Return a page of posts that mention the account, newest first."""
        return await self._timeline("mentions", self._tweepy.get_users_mentions, params)

    async def own_posts(self, **params: Any) -> Page:
        """Return a page of the account's own posts, newest first."""
        return await self._timeline("own posts", self._tweepy.get_users_tweets, params)

    async def direct(self, *, person: str = "", **params: Any) -> Page:
        """Return a page of direct messages, newest first: of all people or of one."""
        wanted = {
            "event_types": "MessageCreate",
            "dm_event_fields": DM_FIELDS,
            "expansions": ["sender_id"],
            "user_fields": USER_FIELDS,
            **params,
        }
        if person:
            wanted["participant_id"] = person
        endpoint = "direct messages with one person" if person else "direct messages"
        return await self._read(endpoint, lambda: self._tweepy.get_direct_message_events(**wanted))

    async def _timeline(
        self, endpoint: str, call: Callable[..., Awaitable[Any]], params: Mapping[str, Any]
    ) -> Page:
        wanted = {
            "tweet_fields": POST_FIELDS,
            "user_fields": USER_FIELDS,
            "expansions": ["author_id", "in_reply_to_user_id"],
            "user_auth": True,
            **params,
        }
        return await self._read(endpoint, lambda: call(self._settings.me, **wanted))

    async def managed(self, method: str, route: str, body: Mapping[str, Any] | None = None) -> Page:
        """Call one of the endpoints for webhooks and subscriptions, which tweepy does not name."""

        async def call() -> Any:
            response = await self._tweepy.request(method, route, params={}, json=body, user_auth=False)
            return await response.json()

        return await self._call(f"{method} {route.rpartition('/')[0] or route}", call)

    # writing; tried again only where no connection was made

    async def post(self, text: str, *, answers: str) -> str:
        """Post an answer to a post; returns its id. Raises Trouble."""
        page = await self._write(
            "posts",
            lambda: self._tweepy.create_tweet(text=text, in_reply_to_tweet_id=answers, user_auth=True),
        )
        return _name(page, "id")

    async def message(self, text: str, *, person: str = "", group: str = "") -> str:
        """Send a direct message to a person or into a group; returns its id. Raises Trouble."""
        where = {"dm_conversation_id": group} if group else {"participant_id": person}
        page = await self._write(
            "sending direct messages",
            lambda: self._tweepy.create_direct_message(text=text, user_auth=True, **where),
        )
        return _name(page, "dm_event_id")

    # the stream

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Connect to the activity stream; yields its lines, empty ones being signs of life. Raises Trouble."""
        self._limiter.check("activity stream")
        answer = Answer()
        token = _ANSWER.set(answer)
        try:
            async with self._opened().get(
                f"{self._settings.api}/2/activity/stream",
                headers={"Authorization": f"Bearer {self._settings.bearer_token}"},
                timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_S, sock_read=STREAM_SILENCE_S),
                read_bufsize=_LONGEST_LINE,
            ) as response:
                yield _lines(response)
        except _Answered as error:
            raise judged(answer, self._limiter, "activity stream") from error
        except aiohttp.ClientConnectorError as error:
            raise Unreached(f"X's activity stream cannot be reached ({type(error).__name__})") from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Silent(f"X's activity stream broke off ({type(error).__name__})") from error
        finally:
            _ANSWER.reset(token)

    # one call

    async def _read(self, endpoint: str, call: Callable[[], Awaitable[Any]]) -> Page:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((Unreached, Broken, Silent)),
            stop=stop_after_attempt(2),
            wait=wait_random_exponential(multiplier=0.2, max=2.0),
            reraise=True,
        ):
            with attempt:
                return await self._call(endpoint, call)
        raise AssertionError("tenacity returns or raises")

    async def _write(self, endpoint: str, call: Callable[[], Awaitable[Any]]) -> Page:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Unreached),
            stop=stop_after_attempt(2),
            wait=wait_random_exponential(multiplier=0.2, max=1.0),
            reraise=True,
        ):
            with attempt:
                return await self._call(endpoint, call)
        raise AssertionError("tenacity returns or raises")

    async def _call(self, endpoint: str, call: Callable[[], Awaitable[Any]]) -> Page:
        """Make one request. Raises Trouble, whatever tweepy and aiohttp made of it."""
        self._limiter.check(endpoint)
        self._opened()
        answer = Answer()
        token = _ANSWER.set(answer)
        try:
            async with asyncio.timeout(self._timeout_s):
                page = await call()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreached(f"X cannot be reached ({type(error).__name__})") from error
        except _Answered as error:
            raise judged(answer, self._limiter, endpoint) from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError, AttributeError) as error:
            raise _stumbled(answer, error) from error
        finally:
            _ANSWER.reset(token)
        self.headers = answer.headers
        self._limiter.saw(endpoint, answer.headers)
        if not isinstance(page, dict):
            raise Broken("X answered with something that is no object")
        return page

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=CONNECT_S),
                connector=aiohttp.TCPConnector(limit=20, keepalive_timeout=IDLE_S),
                middlewares=(self._rewrite,),
            )
            self._tweepy.session = self._session
        return self._session

    async def _rewrite(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if not self._settings.real:
            other = URL(self._settings.api)
            request.url = (
                request.url.with_scheme(other.scheme).with_host(other.host or "").with_port(other.port)
            )
        response = await handler(request)
        answer = _ANSWER.get()
        if answer is not None:
            answer.status, answer.headers = response.status, response.headers
            if response.status >= 400:
                answer.take(await _json(response))
                raise _Answered
        return response


def _stumbled(answer: Answer, error: Exception) -> Trouble:
    """Return what it was that tweepy or aiohttp stumbled over: something unreadable, or no answer at all."""
    if answer.status:
        return Broken(f"X answered {answer.status} with something unreadable ({type(error).__name__})")
    return Silent(f"X did not answer ({type(error).__name__})")


def _name(page: Page, key: str) -> str:
    """Return the id of what was made. Raises Denied or Broken when X says 200 and made nothing."""
    data = page.get("data")
    name = data.get(key) if isinstance(data, dict) else None
    if isinstance(name, str) and name:
        return name
    answer = Answer(status=200)
    answer.take(page)
    raise answer.partial()


async def _json(response: aiohttp.ClientResponse) -> object:
    """Return the body of an error; None when it is no JSON, as HTML pages are."""
    try:
        return json.loads(await response.text())
    except (ValueError, aiohttp.ClientError, TimeoutError):
        return None


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async for line in response.content:
        yield line.strip()


def items(page: Page) -> Sequence[Mapping[str, Any]]:
    """Return what the page lists; nothing where it lists nothing, or nonsense."""
    data = page.get("data")
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def next_token(page: Page) -> str:
    """Return the token of the next page; "" when this is the last."""
    meta = page.get("meta")
    token = meta.get("next_token") if isinstance(meta, dict) else ""
    return token if isinstance(token, str) else ""
