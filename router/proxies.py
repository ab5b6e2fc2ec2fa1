"""Who really asks, where proxies stand before us: the address that a trusted proxy saw, and nobody else's word."""

import ipaddress
from collections.abc import Sequence
from typing import Any, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Addresses looked at in one request; a stranger may write as many as they like before the first true one.
MOST = 20


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks of `10.0.0.0/8, ::1`. Raises ValueError."""
    return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())


def remote(peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> str | None:
    """Return the last address that no trusted proxy has: read from the right, as the left is anybody's to write."""
    seen = peer
    hops = [hop.strip() for header in forwarded for hop in header.split(",")][-MOST:]
    while hops and _of(seen, trusted):
        hop = hops.pop()
        if _address(hop) is None:
            break
        seen = hop
    return seen


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _of(text: str | None, trusted: Sequence[Network]) -> bool:
    found = _address(text)
    return found is not None and any(found in network for network in trusted)


def seen_by(trusted: Sequence[Network]) -> Middleware:
    """Return what lets handlers see the address of whoever asks, in place of the proxy's."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        forwarded = request.headers.getall("X-Forwarded-For", [])
        if not trusted or not forwarded:
            return await handler(request)
        given: dict[str, Any] = {"remote": remote(request.remote, forwarded, trusted)}
        return await handler(request.clone(**given))

    return middleware
