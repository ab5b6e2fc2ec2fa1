"""What `handleby channels test` finds out about an account, and how a channel adds to it.

A channel that has more to try than its hook puts `try_out` onto its adapter, best in a `tryout.py` of
its own. It reads and signs in, and never sends anything to a customer.
"""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout
from msgspec import Struct

from channels.port import Host

#: Asked with `channel/account:nonce`, answered by our own service with a proof that nobody else can make.
HEADER = "Handleby-Try"
PURPOSE = "try out"
#: Longest question that is answered.
LONGEST = 200
#: Most seconds for one request of a try-out.
REQUEST_S = 15.0
#: A clock that differs by more makes signatures fail, and promised times wrong.
SKEW_S = 30.0


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was tried."""

    ok: bool
    #: What was seen, in one sentence without secrets: "Signed in as @example."
    what: str
    #: What to do about it; with `ok` it is advice, without it is needed.
    mend: str = ""


@runtime_checkable
class Tester(Protocol):
    """An adapter that can try a real account."""

    def try_out(self, host: Host) -> AsyncIterator[Finding]:
        """Yield what is found, one thing after the other, each within a time limit.

        What cannot work is a Finding, not an error; whatever is raised all the same is shown as one.
        """
        ...


async def hook_reachable(host: Host, path: str, method: str = "GET") -> Finding:
    """Ask for a path at our public URL, as a provider would, and see that this service answers.

    The request is empty and not signed: whatever the hook says to it, nothing comes of it.
    """
    url = host.public_url.rstrip("/") + path
    question = f"{host.channel}/{host.account}:{secrets.token_hex(16)}"
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=REQUEST_S)) as session,
            session.request(method, url, headers={HEADER: question}, allow_redirects=False) as answer,
        ):
            status, shown = answer.status, answer.headers.get(HEADER, "")
    except (ClientError, TimeoutError, OSError) as error:
        mend = (
            "Start the service (`handleby run`), and see that the name, the certificate and the proxy of "
            "public_url lead to it."
        )
        return Finding(ok=False, what=f"{url} cannot be reached ({type(error).__name__}).", mend=mend)
    if not hmac.compare_digest(shown, proof(host.secret(PURPOSE), question)):
        mend = (
            "Something else answers there. Let the proxy pass this path on to this service, without redirects; "
            "a running service must have this account and the same secret_key."
        )
        return Finding(ok=False, what=f"{url} answers {status}, but it is not this service.", mend=mend)
    if status == 404:
        mend = "Restart the service, so that it knows the account."
        return Finding(ok=False, what=f"This service answers at {url}, but has nothing there.", mend=mend)
    return Finding(ok=True, what=f"{url} reaches this service.", mend=_outside(url))


def clock(date: str, now: datetime) -> Finding:
    """Compare the `Date` header of a provider's answer with our clock."""
    try:
        skew_s = (now - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return Finding(ok=True, what="The provider does not say what time it is.")
    if abs(skew_s) <= SKEW_S:
        return Finding(ok=True, what="Our clock agrees with the provider's.")
    way = "ahead of" if skew_s > 0 else "behind"
    mend = "Let the machine set its clock by the network: timedatectl set-ntp true."
    return Finding(ok=False, what=f"Our clock is {abs(skew_s):.0f} s {way} the provider's.", mend=mend)


def proof(key: bytes, question: str) -> str:
    """Return what only a service with this account and key can answer."""
    return hmac.new(key, question.encode(), hashlib.sha256).hexdigest()


def asked(question: str) -> tuple[str, str] | None:
    """Return channel and account of a question; None when it is none."""
    address, colon, nonce = question.partition(":")
    channel, slash, account = address.partition("/")
    good = colon and slash and nonce.isalnum() and len(question) <= LONGEST
    return (channel, account) if good else None


def all_well(findings: Collection[Finding]) -> bool:
    """Tell whether nothing needs mending."""
    return all(one.ok for one in findings)


def _outside(url: str) -> str:
    """Return what a provider on the internet would miss."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = not ip_address(host).is_global
    except ValueError:
        local = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if local:
        return "A provider on the internet cannot reach this address: set public_url to your https address."
    return (
        "Providers send to https only: set public_url to your https address."
        if parts.scheme != "https"
        else ""
    )
