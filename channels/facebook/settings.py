"""What an account of a page is set to, checked as far as the manifest cannot."""

import re
from collections.abc import Sequence
from typing import Any, cast

from msgspec import Struct

from channels.errors import Misconfigured
from channels.port import Host

_NUMBER = re.compile(r"\d{1,30}")
_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}")
_LOCAL = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")


class Timing(Struct, frozen=True, kw_only=True):
    """Limits in seconds that only tests change."""

    connect_s: float = 5.0
    answer_s: float = 20.0
    upload_s: float = 30.0
    #: For all that makes a message nicer before it is stored (names, pictures): Meta wants its 200 within seconds.
    enrich_s: float = 4.0
    #: After a send in doubt, its not being there proves something only after so long.
    settle_s: float = 20.0
    #: Before a name is asked for again after that failed.
    names_again_s: float = 300.0
    #: The first pause after Facebook said "too often" without a time; doubled up to the longest.
    throttled_s: float = 2.0
    throttled_longest_s: float = 300.0
    #: How long what Facebook said of our load holds; then one may ask again in order to learn.
    usage_s: float = 60.0
    #: Before the next try while a person has to mend something.
    locked_s: float = 60.0


class PageSettings(Struct, frozen=True, kw_only=True):
    """An account's settings; see `manifest.toml` for what each does."""

    page_id: str
    app_id: str
    app_secret: str
    page_token: str
    verify_token: str
    programs: tuple[str, ...]
    private: bool
    human_agent: bool
    subscribe: bool
    poll_every_s: float
    max_file: int
    api: str
    version: str


def read(host: Host) -> PageSettings:
    """Return the account's settings. Raises Misconfigured, naming account, setting and remedy."""
    given = host.settings

    def text(key: str, default: str = "") -> str:
        return str(given.get(key) or default).strip()

    settings = PageSettings(
        page_id=text("page_id"),
        app_id=text("app_id"),
        app_secret=text("app_secret"),
        page_token=text("page_token"),
        verify_token=text("verify_token"),
        programs=tuple(str(one) for one in cast("Sequence[object]", given.get("programs") or ())),
        private=text("comments") == "private",
        human_agent=bool(given.get("human_agent", False)),
        subscribe=bool(given.get("subscribe", True)),
        poll_every_s=float(cast("Any", given.get("poll_every", 300.0))),
        max_file=int(cast("Any", given.get("max_file", 26214400))),
        api=text("api", "https://graph.facebook.com").rstrip("/"),
        version=text("version", "v26.0"),
    )
    _check(settings, f"channels.facebook.{host.account}")
    return settings


def _check(settings: PageSettings, where: str) -> None:
    for key, value in (("page_id", settings.page_id), ("app_id", settings.app_id)):
        if not _NUMBER.fullmatch(value):
            raise Misconfigured(f"{where}.{key}: must be digits only, such as 102938475610293")
    for key in ("app_secret", "page_token", "verify_token"):
        if not getattr(settings, key):
            raise Misconfigured(f"{where}.{key}: is missing; the channel's guide says where to find it")
    if not _VERSION.fullmatch(settings.version):
        raise Misconfigured(f"{where}.version: must be of the form v26.0")
    if settings.api.startswith("http://") and not _LOCAL.fullmatch(settings.api):
        raise Misconfigured(f"{where}.api: use https; plain http is for a stand-in on this machine only")
