"""Pictures and files that lie at Facebook, fetched without ever being led elsewhere."""

import asyncio
import socket
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

import aiohttp
from aiohttp import ClientTimeout
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct
from yarl import URL

from channels.facebook.found import Link

#: Where Facebook keeps what people send.
HOSTS = (".fbcdn.net", ".fbsbx.com")
_REDIRECTS = 3
_AT_ONCE = 4
_NAMES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "audio/mp4": ".m4a",
}


class NotFetched(Exception):
    """The file may not, or could not, be fetched."""


class File(Struct, frozen=True, kw_only=True):
    """A file that was fetched."""

    name: str
    content_type: str
    data: bytes


class PublicOnly(AbstractResolver):
    """Looks names up and passes on public addresses only: nothing leads a request into our own network."""

    def __init__(self, local: str) -> None:
        """Take the one name that may be local: that of a stand-in ("" = none)."""
        self._local = local
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the public addresses. Raises OSError when there are none."""
        found = await self._resolver.resolve(host, port, family)
        kept = [one for one in found if host == self._local or ip_address(one["host"]).is_global]
        if not kept:
            raise OSError(f"{host} leads to no public address")
        return kept

    async def close(self) -> None:
        """Nothing is kept open."""
        await self._resolver.close()


class Files:
    """Fetches what came with messages, up to a size."""

    def __init__(self, api: str, most: int, seconds: float) -> None:
        """Take the Graph API's address (a stand-in's own files count), the most bytes and the time limit."""
        base = URL(api)
        self._standin = base.origin() if base.scheme == "http" else None
        self._most, self._seconds = most, seconds
        self._session: aiohttp.ClientSession | None = None
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def fetch(self, link: Link) -> File:
        """Return the file. Raises NotFetched."""
        try:
            async with self._gate, asyncio.timeout(self._seconds):
                return await self._fetch(link)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NotFetched(type(error).__name__) from error

    async def close(self) -> None:
        """Hang up; the next fetch connects again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _fetch(self, link: Link) -> File:
        url = URL(link.url)
        for _ in range(_REDIRECTS + 1):
            self._allow(url)
            async with self._opened().get(url, allow_redirects=False) as answer:
                if answer.status in {301, 302, 303, 307, 308}:
                    url = url.join(URL(answer.headers.get("Location", "")))
                    continue
                if answer.status != 200:
                    raise NotFetched(f"answered {answer.status}")
                data = await self._read(answer)
                kind = answer.content_type or "application/octet-stream"
                return File(name=link.name or _name(url, kind), content_type=kind, data=data)
        raise NotFetched("redirected again and again")

    def _allow(self, url: URL) -> None:
        """Let only Facebook's own places through. Raises NotFetched."""
        if self._standin is not None and url.is_absolute() and url.origin() == self._standin:
            return
        host = (url.host or "").lower()
        if url.scheme != "https" or url.explicit_port not in {None, 443} or not host.endswith(HOSTS):
            raise NotFetched("not at a place of Facebook's")

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        data = bytearray()
        async for chunk in answer.content.iter_chunked(65536):
            data += chunk
            if len(data) > self._most:
                raise NotFetched("too large")
        return bytes(data)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            local = (self._standin.host or "") if self._standin is not None else ""
            options: dict[str, Any] = {"resolver": PublicOnly(local), "limit": _AT_ONCE}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(**options),
                timeout=ClientTimeout(total=self._seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _name(url: URL, kind: str) -> str:
    name = "".join(c for c in unquote(url.name) if c.isprintable() and c not in '\\/:*?"<>|')[-100:]
    return name if "." in name else f"{name or 'file'}{_NAMES.get(kind, '')}"
