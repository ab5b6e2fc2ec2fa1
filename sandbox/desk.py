"""The desk's API as a client sees it: one person's token, JSON in and out."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

#: What one request may take.
REQUEST_S = 20.0
#: A stream without a word for so long is opened again.
QUIET_S = 60.0


class Said(Exception):
    """The desk answered with an error."""

    def __init__(self, status: int, text: str) -> None:
        """Take the HTTP status and what it says."""
        super().__init__(text)
        self.status = status


#: What a request may raise when the service is away or says no.
TROUBLE = (ClientError, OSError, TimeoutError, Said)


class Desk:
    """One person at the desk."""

    def __init__(self, session: ClientSession, url: str, token: str) -> None:
        """Take an open session, where the service is, and the person's API token."""
        self._session, self._url = session, url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Origin": self._url}

    async def get(self, path: str, **query: Any) -> Any:
        """GET a JSON document below `/api/v1`. Raises what stands in TROUBLE."""
        return await self._ask("GET", path, params=query or None)

    async def post(self, path: str, body: Any = None) -> Any:
        """POST a JSON document."""
        return await self._ask("POST", path, json=body if body is not None else {})

    async def put(self, path: str, body: Any) -> Any:
        """PUT a JSON document."""
        return await self._ask("PUT", path, json=body)

    async def _ask(self, method: str, path: str, **given: Any) -> Any:
        limit = ClientTimeout(total=REQUEST_S)
        url = f"{self._url}/api/v1{path}"
        async with self._session.request(
            method, url, headers=self._headers, timeout=limit, **given
        ) as answer:
            data = await answer.read()
            found = json.loads(data) if data and "json" in answer.content_type else None
            if answer.status >= 400:
                detail = found.get("detail") if isinstance(found, dict) else ""
                raise Said(answer.status, str(detail or answer.reason))
            return found

    async def hints(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what changed, as the desk's stream tells; ends when the stream does."""
        limit = ClientTimeout(total=None, sock_read=QUIET_S)
        url = f"{self._url}/api/v1/live"
        async with self._session.get(url, headers=self._headers, timeout=limit) as stream:
            if stream.status != 200:
                raise Said(stream.status, "The stream was refused.")
            async for line in stream.content:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])


async def ready(session: ClientSession, url: str, *, seconds: float) -> bool:
    """Wait until the service answers; False when it has not in so many seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        try:
            async with session.get(f"{url}/health/live", timeout=ClientTimeout(total=2)) as answer:
                if answer.status == 200:
                    return True
        except (ClientError, OSError, TimeoutError):
            pass
        await asyncio.sleep(0.1)
    return False
