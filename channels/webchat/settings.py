"""What an account of the web chat is set to, checked as far as the manifest cannot."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from msgspec import Struct

from channels.errors import Misconfigured
from channels.port import Host

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SHORTEST_SECRET = 16


class ChatSettings(Struct, frozen=True, kw_only=True):
    """An account's settings; see `manifest.toml` for what each does."""

    origins: tuple[str, ...]
    title: str
    greeting: str
    purpose: str
    other_ways: tuple[str, ...]
    colour: str
    continue_by_email: bool
    identity_secret: str
    require_identity: bool
    max_length: int
    rate: int
    sockets: int
    sockets_per_address: int
    session_s: float

    @property
    def on_colour(self) -> str:
        """The text colour that reads best on the accent colour (WCAG 2 contrast)."""
        light = _luminance(self.colour)
        return "#ffffff" if (1.05 / (light + 0.05)) >= ((light + 0.05) / 0.05) else "#000000"


def read(host: Host) -> ChatSettings:
    """Return the account's settings. Raises Misconfigured, naming account, setting and remedy."""
    given = host.settings
    settings = ChatSettings(
        origins=_texts(given, "origins"),
        title=str(given.get("title") or ""),
        greeting=str(given.get("greeting") or ""),
        purpose=str(given.get("purpose") or ""),
        other_ways=_texts(given, "other_ways"),
        colour=str(given.get("colour") or "#1f6f6b"),
        continue_by_email=bool(given.get("continue_by_email", True)),
        identity_secret=str(given.get("identity_secret") or ""),
        require_identity=bool(given.get("require_identity", False)),
        max_length=_number(given, "max_length", 4000),
        rate=_number(given, "rate", 20),
        sockets=_number(given, "sockets", 5000),
        sockets_per_address=_number(given, "sockets_per_address", 40),
        session_s=float(cast("Any", given.get("session", 30 * 86400.0))),
    )
    _check(settings, f"channels.webchat.{host.account}")
    return settings


def _check(settings: ChatSettings, where: str) -> None:
    if not _COLOUR.fullmatch(settings.colour):
        raise Misconfigured(f"{where}.colour: {settings.colour!r} is not of the form #rrggbb")
    if settings.require_identity and not settings.identity_secret:
        raise Misconfigured(f"{where}.require_identity: needs identity_secret, else nobody could write")
    if 0 < len(settings.identity_secret) < _SHORTEST_SECRET:
        raise Misconfigured(f"{where}.identity_secret: use at least {_SHORTEST_SECRET} characters")


def _texts(given: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(str(item) for item in cast("Sequence[object]", given.get(key) or ()))


def _number(given: Mapping[str, object], key: str, default: int) -> int:
    return int(cast("Any", given.get(key, default)))


def _luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
