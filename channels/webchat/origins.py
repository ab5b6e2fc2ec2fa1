"""Which sites may show the chat, and what their browsers are told (Fetch standard, CORS)."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

from channels.errors import Misconfigured

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_FORM = re.compile(r"https?://(?:\*\.)?(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?")
_PORTS = {"http": ":80", "https": ":443"}


class Origins:
    """The origins of one account: those listed, and the service's own."""

    def __init__(self, listed: Sequence[str], *, public_url: str, where: str) -> None:
        """Take the setting and the service's address. Raises Misconfigured, naming what is wrong."""
        self._exact = _own(urlsplit(public_url))
        self._below: list[re.Pattern[str]] = []
        self._sources = [origin for origin in self._exact if "[" not in origin]  # CSP knows no IPv6 address
        for item in listed:
            self._add(item, where)

    def allows(self, origin: str) -> bool:
        """Tell whether a page of this origin may use the chat."""
        origin = origin.lower()
        if origin in self._exact:
            return True
        return any(below.fullmatch(origin) for below in self._below)

    def sources(self) -> list[str]:
        """Return them as a content security policy writes them."""
        return sorted(self._sources)

    def _add(self, item: str, where: str) -> None:
        origin = item.strip().lower().rstrip("/")
        if not _FORM.fullmatch(origin):
            raise Misconfigured(
                f"{where}: {item!r} is not an origin; write scheme, host and port only, "
                "such as https://www.example.com or https://*.example.com"
            )
        origin = _without_default_port(origin)
        if "*" in origin:
            self._below.append(re.compile(re.escape(origin).replace(r"\*", "[a-z0-9.-]+")))
        else:
            self._exact.add(origin)
        self._sources += [origin] if "[" not in origin else []


def headers(origin: str) -> dict[str, str]:
    """Return what lets a page of an allowed origin read the answer."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Max-Age": "600",
    }


def of(request: web.Request) -> str:
    """Return the origin of the page that asks; "" when the browser sent none."""
    return request.headers.get("Origin", "")


def _own(public: SplitResult) -> set[str]:
    """Return the service's own origins: on a loopback address its three names are one."""
    own = _without_default_port(f"{public.scheme}://{public.netloc}".lower())
    host = public.netloc.lower().removesuffix(f":{public.port}")
    if host not in _LOOPBACK:
        return {own}
    return {own.replace(host, name) for name in _LOOPBACK}


def _without_default_port(origin: str) -> str:
    """Return the origin as browsers write it."""
    return origin.removesuffix(_PORTS.get(origin.partition(":")[0], ""))
