"""The forum's API: one session for each account, a limit on every wait, exact about what was certainly not done."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from channels.forum.settings import Settings
from channels.forum.trouble import Answered, Unreached, Unsure
from channels.port import Clock

CONNECT_S = 10.0
#: Seconds for one request: looking up, posting, and finding out why not, are below what the router gives one try.
REQUEST_S = 15.0
#: Seconds to wait after a 429 that does not say how long.
PAUSE_S = 20.0
LONGEST_PAUSE_S = 900.0
#: Seconds that requests under way get when the account is closed.
LEAVING_S = 5.0
#: Bytes of the longest answer.
LARGEST = 16 * 1024 * 1024
_WHOLE = 65536


class Api:
    """What may be asked of the forum."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Take the account's settings and the clock; nothing is opened before the first request."""
        self._clock = clock
        self._settings = settings
        self._headers = {
            "Api-Key": settings.key,
            "Api-Username": settings.username,
            "Accept": "application/json",
            "User-Agent": "Handleby",
        }
        self._session: aiohttp.ClientSession | None = None
        self._asking = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._quiet_until: datetime | None = None
        #: The `Date` of the last answer.
        self.date = ""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep one session inside the block; without it each request opens its own."""
        session = self._session = _session()
        try:
            yield
        finally:
            self._session = None
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVING_S):
                    await self._idle.wait()
            await session.close()

    @asynccontextmanager
    async def using(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Give a session that stays open inside the block."""
        session = self._session
        if session is None:
            async with _session() as own:
                yield own
            return
        self._asking += 1
        self._idle.clear()
        try:
            yield session
        finally:
            self._asking -= 1
            if not self._asking:
                self._idle.set()

    async def get(self, path: str, **query: object) -> Any:
        """Return the JSON at the path. Raises Unreached, Unsure or Answered."""
        params = [
            (key, str(each))
            for key, value in query.items()
            for each in (value if isinstance(value, list | tuple) else [value])
        ]
        return await self._ask("GET", path, params=params)

    async def post(self, path: str, fields: Mapping[str, object]) -> Any:
        """Send the fields as JSON and return the answer. Raises Unreached, Unsure or Answered."""
        return await self._ask("POST", path, json=dict(fields))

    async def _ask(self, method: str, path: str, **what: Any) -> Any:
        wait_s = self._quiet_s()
        if wait_s > 0:
            raise Unreached("the forum asked for a pause (429)", after_s=wait_s)
        url = self._settings.api + path
        try:
            async with (
                self.using() as session,
                session.request(method, url, headers=self._headers, allow_redirects=False, **what) as answer,
            ):
                self.date = answer.headers.get("Date", "")
                raw = await _read(answer)
                return self._judged(answer, raw)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreached(f"the forum cannot be reached ({type(error).__name__})") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unsure(f"the forum did not answer ({type(error).__name__})") from error

    def _quiet_s(self) -> float:
        """Return for how many seconds the forum wants to be left alone."""
        return (self._quiet_until - self._clock.now()).total_seconds() if self._quiet_until else 0.0

    def _judged(self, answer: aiohttp.ClientResponse, raw: bytes) -> Any:
        data = _json(raw)
        if answer.status == 429:
            after_s = _pause(answer.headers.get("Retry-After", ""), data)
            self._quiet_until = self._clock.now() + timedelta(seconds=after_s)
            raise Unreached("the forum asks for a pause (429)", after_s=after_s)
        if 300 <= answer.status < 400:
            raise Answered(answer.status, ("it sends us elsewhere; `api` must be its final address",))
        if answer.status >= 500:
            # A proxy before the forum may have given up while the forum works on.
            raise Unsure(f"the forum answers {answer.status}", over=answer.status not in {502, 504})
        if answer.status >= 400:
            raise Answered(answer.status, _errors(data), kind=_kind(data))
        if data is None and raw.strip():
            raise Unsure(f"the forum answers {answer.status} with something that is not JSON")
        return data


def _session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=REQUEST_S, connect=CONNECT_S)
    return aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for part in answer.content.iter_chunked(_WHOLE):
        raw += part
        if len(raw) > LARGEST:
            raise Unsure("the forum's answer has no end")
    return bytes(raw)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _pause(header: str, data: Any) -> float:
    """Return how many seconds the forum asks us to wait, from the header or from the answer itself."""
    extras = data.get("extras") if isinstance(data, dict) else None
    said = extras.get("wait_seconds") if isinstance(extras, dict) else None
    for value in (header.strip(), said):
        try:
            seconds = float(value or 0)
        except (TypeError, ValueError):
            continue
        if 0 < seconds < float("inf"):
            return min(seconds, LONGEST_PAUSE_S)
    return PAUSE_S


def _errors(data: Any) -> tuple[str, ...]:
    given = data.get("errors") if isinstance(data, dict) else None
    return tuple(str(each)[:300] for each in given[:5]) if isinstance(given, list) else ()


def _kind(data: Any) -> str:
    return str(data.get("error_type") or "")[:100] if isinstance(data, dict) else ""
