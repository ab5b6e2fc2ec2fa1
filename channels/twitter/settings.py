"""What an account on X is set to, checked as far as the manifest cannot."""

import ipaddress
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from channels.errors import Misconfigured
from channels.port import Host

#: The real service; tweepy reaches it under the second name, and both are the same.
REAL = frozenset({"https://api.x.com", "https://api.twitter.com"})
#: What X's limits allow: 300 mentions and 15 listings of direct messages in 15 minutes.
LEAST_POLL_S, LEAST_DM_POLL_S = 10.0, 75.0
_TOKEN = re.compile(r"(\d{1,20})-\S+")


class Settings(Struct, frozen=True, kw_only=True):
    """An account's settings; see `manifest.toml` for what each does."""

    api: str
    api_key: str
    api_secret: str
    access_token: str
    access_token_secret: str
    bearer_token: str
    client_secret: str
    push: str
    poll_every_s: float
    dm_poll_every_s: float
    #: Millionths of a dollar for a day, and beyond it; a budget of 0 is none.
    budget: int
    reserve: int
    dm_notice: str

    @property
    def me(self) -> str:
        """The account's number: the access token begins with it."""
        return self.access_token.partition("-")[0]

    @property
    def real(self) -> bool:
        """Tell whether this is X itself and not something that stands in for it."""
        return self.api in REAL


def read(host: Host) -> Settings:
    """Return the account's settings. Raises Misconfigured, naming account, setting and remedy."""
    given: Mapping[str, Any] = host.settings
    where = f"channels.{host.channel}.{host.account}"
    settings = Settings(
        api=str(given.get("api") or "https://api.x.com").rstrip("/"),
        push=str(given.get("push") or "poll"),
        poll_every_s=float(given.get("poll_every", 60.0)),
        dm_poll_every_s=float(given.get("dm_poll_every", 75.0)),
        budget=_money(given, "budget", "5.00", where),
        reserve=_money(given, "budget_reserve", "2.00", where),
        **{key: str(given.get(key) or "") for key in _TEXTS},
    )
    _check(settings, where)
    return settings


_TEXTS = (
    "api_key", "api_secret", "access_token", "access_token_secret", "bearer_token", "client_secret", "dm_notice",
)  # fmt: skip


def _check(settings: Settings, where: str) -> None:
    for key in ("api_key", "api_secret", "access_token_secret"):
        if not getattr(settings, key):
            raise Misconfigured(f"{where}.{key}: is missing; copy it from the developer console of X")
    if not _TOKEN.fullmatch(settings.access_token):
        raise Misconfigured(
            f"{where}.access_token: must begin with the account's number and a hyphen; "
            "copy the access token (not the bearer token) from the developer console of X"
        )
    if settings.push != "poll" and not settings.bearer_token:
        raise Misconfigured(f"{where}.bearer_token: is needed with push = {settings.push!r}")
    if settings.real and settings.poll_every_s < LEAST_POLL_S:
        raise Misconfigured(f"{where}.poll_every: X allows no less than {LEAST_POLL_S:.0f}s")
    if settings.real and settings.dm_poll_every_s < LEAST_DM_POLL_S:
        raise Misconfigured(f"{where}.dm_poll_every: X allows no less than {LEAST_DM_POLL_S:.0f}s")
    if settings.api.startswith("http://") and not _loopback(settings.api):
        raise Misconfigured(f"{where}.api: would send the tokens unencrypted; begin it with https://")


def _money(given: Mapping[str, Any], key: str, default: str, where: str) -> int:
    """Return millionths of a dollar."""
    text = str(given.get(key, default)).strip().lstrip("$").strip() or "0"
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not (amount.is_finite() and 0 <= amount < 1_000_000):
        raise Misconfigured(f"{where}.{key}: must be dollars such as {default!r}")
    return int(amount * 1_000_000)


def _loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
