"""The Graph API for one page: one request, and an exact answer to what became of it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import ClientTimeout, FormData
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from channels.facebook import raw, signature
from channels.facebook.raw import Malformed
from channels.facebook.settings import PageSettings, Timing
from channels.facebook.trouble import Said, Unanswered, Unreached
from channels.facebook.usage import Usage
from channels.port import Clock

#: Tries of one request as long as none has arrived, or of one that only reads.
_TRIES = 3
#: Requests at a time, and the most bytes of an answer.
_CONNECTIONS = 20
_LARGEST = 8 * 1024 * 1024


class Graph:
    """Calls as the page, each signed with `appsecret_proof`; the token stands in a header, never in an address."""

    def __init__(self, settings: PageSettings, clock: Clock, timing: Timing) -> None:
        """Take the account's settings; nothing is connected yet."""
        self._settings, self._clock, self._timing = settings, clock, timing
        self._proof = signature.proof(settings.app_secret, settings.page_token)
        self._session: aiohttp.ClientSession | None = None
        self.usage = Usage(timing)
        #: What Facebook's clock showed in its first answer since this was last set to None.
        self.heard_at: datetime | None = None
        #: How far our clock is ahead of Facebook's; exact to some seconds.
        self.ahead = timedelta()

    async def get(self, path: str, **query: str) -> Mapping[str, Any]:
        """Read; tried again when nothing came back. Raises Unreached, Unanswered or Said."""
        kinds = (Unreached, Unanswered)
        return await self._tried(kinds, lambda: self._request("GET", path, query))

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do something once; tried again only while nothing arrived. Raises Unreached, Unanswered or Said."""
        return await self._tried((Unreached,), lambda: self._request("POST", path, {}, body))

    async def upload(self, path: str, form: Callable[[], FormData]) -> Mapping[str, Any]:
        """Do something with a file; the form is made anew for each try. Raises as `post`."""
        return await self._tried((Unreached,), lambda: self._request("POST", path, {}, form()))

    async def close(self) -> None:
        """Hang up; the next request connects again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _tried(
        self, kinds: tuple[type[Exception], ...], call: Callable[[], Awaitable[Mapping[str, Any]]]
    ) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = {}
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(_TRIES),
            wait=wait_random_exponential(multiplier=0.2, max=2),
            retry=retry_if_exception_type(kinds),
            reraise=True,
        ):
            with attempt:
                answer = await call()
        return answer

    async def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | FormData | None = None,
    ) -> Mapping[str, Any]:
        file = isinstance(body, FormData)
        sent = {"data": body} if file else {"json": body} if body is not None else {}
        timeout = ClientTimeout(
            total=self._timing.upload_s if file else self._timing.answer_s,
            connect=self._timing.connect_s,
            sock_connect=self._timing.connect_s,
        )
        url = f"{self._settings.api}/{self._settings.version}/{path}"
        params = {**query, "appsecret_proof": self._proof}
        try:
            async with self._opened().request(
                method, url, params=params, timeout=timeout, allow_redirects=False, **sent
            ) as answer:
                self._heard(answer.headers)
                data = await answer.content.read(_LARGEST + 1)
                while len(data) <= _LARGEST and not answer.content.at_eof():
                    data += await answer.content.read(_LARGEST)
                return self._understood(answer.status, data)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreached(f"{self._settings.api} cannot be reached ({type(error).__name__})") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unanswered(f"{self._settings.api} did not answer ({type(error).__name__})") from error

    def _heard(self, headers: Mapping[str, str]) -> None:
        now = self._clock.now()
        self.usage.saw(headers, now)
        there = raw.from_date(headers.get("Date", ""))
        if there is not None:
            self.heard_at = self.heard_at or there
            self.ahead = now - there

    def _understood(self, status: int, data: bytes) -> Mapping[str, Any]:
        try:
            answer = raw.table(raw.decode(data), "the answer")
        except Malformed as error:
            if status == 429:
                raise Said(status, {}) from error
            raise Unanswered(f"Facebook answered {status} with something that is not JSON") from error
        trouble = raw.part(answer, "error")
        if trouble or status >= 400:
            raise Said(status, trouble)
        self.usage.worked()
        return answer

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                headers={"Authorization": f"Bearer {self._settings.page_token}"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session
