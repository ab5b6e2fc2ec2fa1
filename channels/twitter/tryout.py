"""What `handleby channels test` finds out about an account on X: keys, rights, what can be read, clock.

What it reads costs a few cents at most; nothing is posted or sent.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from channels.port import Host
from channels.tryout import Finding, clock
from channels.twitter import settings as accounts
from channels.twitter.client import Client, Page
from channels.twitter.limiter import Limiter
from channels.twitter.poll import PAY, renewal
from channels.twitter.timing import Timing
from channels.twitter.trouble import Penniless, Revoked, Throttled, Trouble, Unreached

_RIGHTS = "Give the app the right to read, write and direct message, then create new tokens."
_ACCESS, _FULL = "x-access-level", "directmessages"


async def findings(host: Host) -> AsyncIterator[Finding]:
    """Sign in and read."""
    settings = accounts.read(host)
    client = Client(settings, Limiter(host.clock.now), Timing().request_s)
    try:
        who = await _who(host, settings, client)
        yield who
        if not who.ok:
            return
        yield _rights(client.headers.get(_ACCESS, ""))
        yield clock(client.headers.get("Date", ""), host.clock.now())
        yield await _readable(host, "mentions", lambda: client.mentions(max_results=5))
        yield await _readable(host, "direct messages", lambda: client.direct(max_results=1))
        if settings.push != "poll":
            yield await _readable(
                host, "subscriptions", lambda: client.managed("GET", "/2/activity/subscriptions")
            )
    finally:
        await client.close()


async def _who(host: Host, settings: accounts.Settings, client: Client) -> Finding:
    try:
        page = await client.me()
    except Trouble as trouble:
        return Finding(ok=False, what=f"Signing in failed: {trouble}.", mend=_mend(host, trouble))
    data = page.get("data")
    found = data if isinstance(data, dict) else {}
    if found.get("id") != settings.me:
        return Finding(
            ok=False, what="The access token is that of another account.", mend=f"{renewal(host)}."
        )
    return Finding(ok=True, what=f"Signed in as @{found.get('username')}.")


def _rights(level: str) -> Finding:
    if level and _FULL not in level:
        return Finding(ok=False, what=f"The tokens allow only: {level}.", mend=_RIGHTS)
    return Finding(ok=True, what="The tokens allow reading, writing and direct messages.")


async def _readable(host: Host, what: str, read: Callable[[], Awaitable[Page]]) -> Finding:
    try:
        await read()
    except Throttled:
        return Finding(ok=True, what=f"X allows no look at the {what} right now; try again later.")
    except Trouble as trouble:
        return Finding(ok=False, what=f"No look at the {what}: {trouble}.", mend=_mend(host, trouble))
    return Finding(ok=True, what=f"The {what} can be read.")


def _mend(host: Host, trouble: Trouble) -> str:
    if isinstance(trouble, Unreached):
        return "See that this machine reaches the internet, and that `api` is right."
    if isinstance(trouble, Revoked):
        return f"{renewal(host)}; for subscriptions set bearer_token."
    return f"{PAY}." if isinstance(trouble, Penniless) else _RIGHTS
