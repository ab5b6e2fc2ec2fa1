"""What an account of the forum is set to, checked as far as the manifest cannot."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from msgspec import Struct

from channels.errors import Misconfigured
from channels.port import Host

#: Discourse asks for no less.
SHORTEST_SECRET = 12
_USERNAME = re.compile(r"[\w.-]{1,60}")


class View(Struct, frozen=True, kw_only=True):
    """All that reading a post depends on: whose forum it is, and what is taken."""

    channel: str
    account: str
    #: The forum's name in keys: host, port if any, and sub-folder, in lower case.
    site: str
    #: Where its links begin.
    base: str
    #: Our own username, in lower case.
    us: str
    #: Mail addresses of our people by username in lower case; "" where only the username is known.
    staff: Mapping[str, str] = {}
    #: Count admins and moderators as ours.
    site_staff: bool = False
    #: Usernames in lower case.
    ignored: frozenset[str] = frozenset()
    #: Slugs and ids; empty = all.
    categories: frozenset[str] = frozenset()
    #: Take private messages.
    private: bool = True


class Settings(Struct, frozen=True, kw_only=True):
    """An account's settings; see `manifest.toml` for what each does."""

    view: View
    #: Without a slash at the end.
    api: str
    username: str
    key: str
    secret: str
    poll_s: float
    closed_to_message: bool
    sign: bool
    fetch_files: bool
    max_file: int


def read(host: Host) -> Settings:
    """Return the account's settings. Raises Misconfigured, naming account, setting and remedy."""
    given = host.settings
    where = f"channels.forum.{host.account}"
    secret = str(given.get("webhook_secret") or "")
    if 0 < len(secret) < SHORTEST_SECRET:
        raise Misconfigured(f"{where}.webhook_secret: Discourse wants {SHORTEST_SECRET} characters or more")
    return Settings(
        view=_view(host, where),
        api=_base(given, "api", where),
        username=_username(str(given.get("api_username") or ""), f"{where}.api_username"),
        key=_key(given, where),
        secret=secret,
        poll_s=float(cast("Any", given.get("poll_every", 120.0))),
        closed_to_message=given.get("closed", "refuse") == "message",
        sign=bool(given.get("sign", True)),
        fetch_files=bool(given.get("fetch_files", True)),
        max_file=int(cast("Any", given.get("max_file", 10_485_760))),
    )


def site_of(url: str) -> str:
    """Return the forum's name in keys, the same however its address is written."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    port = f":{parts.port}" if parts.port and parts.port != default else ""
    return f"{host}{port}{parts.path.rstrip('/').lower()}"


def _view(host: Host, where: str) -> View:
    given = host.settings
    base = _base(given, "instance", where) or _base(given, "api", where)
    return View(
        channel=host.channel,
        account=host.account,
        site=site_of(base),
        base=base,
        us=str(given.get("api_username") or "").lower(),
        staff=_staff(given, f"{where}.staff"),
        site_staff=bool(given.get("site_staff", False)),
        ignored=frozenset(each.lower() for each in _texts(given, "ignore")),
        categories=frozenset(each.strip().lower() for each in _texts(given, "categories")),
        private=given.get("private_messages", "take") == "take",
    )


def _base(given: Mapping[str, object], key: str, where: str) -> str:
    url = str(given.get(key) or "").strip().rstrip("/")
    parts = urlsplit(url)
    if url and (parts.query or parts.fragment or parts.username or parts.password):
        raise Misconfigured(f"{where}.{key}: write the plain address, such as https://forum.example.com")
    if not url and key == "api":
        raise Misconfigured(f"{where}.api: is missing; write the forum's address, https://forum.example.com")
    return url


def _key(given: Mapping[str, object], where: str) -> str:
    key = str(given.get("api_key") or "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise Misconfigured(f"{where}.api_key: is missing or has letters that no key has; copy it again")
    return key


def _staff(given: Mapping[str, object], where: str) -> dict[str, str]:
    people: dict[str, str] = {}
    for number, entry in enumerate(_texts(given, "staff"), 1):
        name, _, mail = (part.strip() for part in entry.partition("="))
        if mail and ("@" not in mail or " " in mail):
            raise Misconfigured(f"{where}: entry {number} must be `username=mail address`, or the username")
        people[_username(name, f"{where}: entry {number}").lower()] = mail.lower()
    return people


def _username(name: str, where: str) -> str:
    if not _USERNAME.fullmatch(name):
        raise Misconfigured(f"{where}: is not a username of the forum; write it without @")
    return name


def _texts(given: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(str(item) for item in cast("Sequence[object]", given.get(key) or ()))
