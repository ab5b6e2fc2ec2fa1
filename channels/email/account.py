"""The settings of one mailbox, made into values that the other modules can use."""

import ipaddress
import ssl
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from channels.email.mime import address
from channels.email.view import View
from channels.errors import Misconfigured

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587, "imap": 143, "imaps": 993, "imap+starttls": 143}


class Server(Struct, frozen=True, kw_only=True):
    """A server to talk to, or the place to listen."""

    scheme: str
    host: str
    port: int
    user: str = ""
    folder: str = ""

    @property
    def tls(self) -> bool:
        """Tell whether TLS begins with the connection."""
        return self.scheme in {"smtps", "imaps"}

    @property
    def starttls(self) -> bool:
        """Tell whether TLS is asked for once connected; without it nothing is sent."""
        return self.scheme.endswith("+starttls")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class OAuth(Struct, frozen=True, kw_only=True):
    """Where access tokens come from."""

    token_url: str
    client_id: str
    client_secret: str
    refresh_token: str
    scope: str


class Account(Struct, frozen=True, kw_only=True):
    """One mailbox."""

    address: str
    name: str
    view: View
    #: None: nothing comes in by this account.
    receive: Server | None
    #: None: everything stays on the page /outbox.
    send: Server | None
    password: str
    send_password: str
    oauth: OAuth | None
    sent_folder: str
    import_since: date | None
    mark_seen: bool
    poll_every_s: float
    max_size: int
    max_connections: int
    max_rate: int
    tls_certificate: str
    tls_key: str
    tls_ca: str
    plus_addresses: bool
    null_sender: bool
    send_connections: int

    @property
    def listens(self) -> bool:
        """Tell whether mail comes in by SMTP."""
        return self.receive is not None and self.receive.scheme == "smtp"

    @property
    def fetches(self) -> bool:
        """Tell whether mail is fetched by IMAP."""
        return self.receive is not None and self.receive.scheme.startswith("imap")


def read(settings: Mapping[str, object]) -> Account:
    """Return the account. Raises Misconfigured, naming the setting and how to mend it."""
    given: Mapping[str, Any] = {**_DEFAULTS, **settings}
    own = str(given["address"])
    if not address.valid(own):
        raise Misconfigured("address: must be the mailbox's mail address, such as help@example.com")
    receive = _server(given, "receive", own, str(given["folder"]) or "INBOX")
    send = None if given["send"] in {"", "outbox"} else _server(given, "send", own, "")
    if given["sent_folder"] and not (receive and receive.scheme.startswith("imap")):
        raise Misconfigured("sent_folder: works only when `receive` is an imap URL")
    account = Account(
        address=own,
        name=str(given["name"]),
        view=_view(given, own),
        receive=receive,
        send=send,
        oauth=_oauth(given),
        import_since=_day(given),
        poll_every_s=float(given["poll_every"]),
        **{key: given[key] for key in _PLAIN},
    )
    _guarded(account)
    return account


#: What an account has when it is built without a manifest, as tests do.
_DEFAULTS: Mapping[str, Any] = {
    "name": "", "aliases": (), "receive": "", "send": "outbox", "password": "", "send_password": "",
    "oauth_token_url": "", "oauth_client_id": "", "oauth_client_secret": "", "oauth_refresh_token": "",
    "oauth_scope": "", "trusted_authserv": "", "lists": (), "folder": "", "sent_folder": "",
    "import_since": "", "mark_seen": True, "poll_every": 60.0, "max_size": 26_214_400,
    "max_connections": 200, "max_rate": 1200, "tls_certificate": "", "tls_key": "", "tls_ca": "",
    "plus_addresses": True, "null_sender": True, "send_connections": 4,
}  # fmt: skip
_PLAIN = (
    "password", "send_password", "sent_folder", "mark_seen", "max_size", "max_connections", "max_rate",
    "tls_certificate", "tls_key", "tls_ca", "plus_addresses", "null_sender", "send_connections",
)  # fmt: skip


def trust(account: Account) -> ssl.SSLContext:
    """Return the TLS settings for connecting to the account's servers. Raises Misconfigured."""
    try:
        context = ssl.create_default_context()
        if account.tls_ca:
            context.load_verify_locations(account.tls_ca)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"tls_ca: {account.tls_ca} cannot be used: {error}") from error
    return context


def loopback(host: str) -> bool:
    """Tell whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _view(given: Mapping[str, Any], own: str) -> View:
    aliases = [str(each) for each in given["aliases"]]
    wrong = [each for each in aliases if not address.valid(each)]
    if wrong:
        raise Misconfigured(f"aliases: entry {aliases.index(wrong[0]) + 1} is not a mail address")
    return View(
        addresses=tuple(dict.fromkeys(address.normal(each) for each in [own, *aliases])),
        lists=tuple(str(each).strip("<> ").lower() for each in given["lists"]),
        authserv=str(given["trusted_authserv"]).strip().lower(),
    )


def _server(given: Mapping[str, Any], key: str, own: str, folder: str) -> Server | None:
    if not given[key]:
        return None
    url = urlsplit(str(given[key]))
    scheme = url.scheme.lower()
    if not url.hostname or scheme not in _PORTS:
        raise Misconfigured(f"{key}: must be {_SHAPES[key]}")
    if url.password:
        raise Misconfigured(f"{key}: a password does not belong in the URL; put it in `password`")
    return Server(
        scheme=scheme,
        host=url.hostname,
        port=_port(url, scheme, key),
        user=unquote(url.username) if url.username else own,
        folder=unquote(url.path.strip("/")) or folder,
    )


def _port(url: SplitResult, scheme: str, key: str) -> int:
    try:
        return _PORTS[scheme] if url.port is None else url.port
    except ValueError:
        raise Misconfigured(f"{key}: the port must be a number up to 65535") from None


_SHAPES = {
    "receive": "smtp://host:port, imaps://user@host/INBOX or imap+starttls://user@host/INBOX",
    "send": "`outbox`, smtp://host:port, smtps://user@host or smtp+starttls://user@host",
}


def _oauth(given: Mapping[str, Any]) -> OAuth | None:
    if not given["oauth_token_url"]:
        return None
    if not given["oauth_client_id"]:
        raise Misconfigured("oauth_client_id: is needed with oauth_token_url")
    return OAuth(
        token_url=given["oauth_token_url"],
        client_id=given["oauth_client_id"],
        client_secret=given["oauth_client_secret"],
        refresh_token=given["oauth_refresh_token"],
        scope=given["oauth_scope"],
    )


def _day(given: Mapping[str, Any]) -> date | None:
    if not given["import_since"]:
        return None
    try:
        return date.fromisoformat(str(given["import_since"]))
    except ValueError:
        raise Misconfigured("import_since: must be a day such as 2026-11-01") from None


def _guarded(account: Account) -> None:
    """Refuse settings that would show a password to the network or that lack one."""
    fetch = account.receive if account.fetches else None
    for key, server, secret in (
        ("receive", fetch, account.password),
        ("send", account.send, account.send_password or account.password),
    ):
        if server is None:
            continue
        signs_in = bool(secret or account.oauth)
        if key == "receive" and not signs_in:
            raise Misconfigured("password: is needed to fetch mail (or the oauth_… settings)")
        if signs_in and not (server.tls or server.starttls or loopback(server.host)):
            safe = "imaps://" if key == "receive" else "smtps:// or smtp+starttls://"
            raise Misconfigured(f"{key}: would send the password unencrypted; begin the URL with {safe}")
