"""Who may call: OAuth 1.0a over the address that clients sign, and the app's bearer token (RFC 5849)."""

import base64
import hashlib
import hmac
import re
import time
from urllib.parse import parse_qsl, quote, unquote

from msgspec import Struct

#: Clients sign for X's own address, wherever their requests are sent.
HOSTS = ("https://api.twitter.com", "https://api.x.com")
_OLDEST_S = 300
_PAIR = re.compile(r'(\w+)="([^"]*)"')


class Keys(Struct, frozen=True, kw_only=True):
    """What the app and the account were given."""

    api_key: str = "sandbox-key"
    api_secret: str = "sandbox-key-secret"  # noqa: S105  # made up
    access_token: str = ""
    access_token_secret: str = "sandbox-token-secret"  # noqa: S105  # made up
    bearer_token: str = "sandbox-bearer"  # noqa: S105  # made up
    client_secret: str = "sandbox-client-secret"  # noqa: S105  # made up


class Gatekeeper:
    """Checks signatures strictly: method, address, every parameter, time and nonce."""

    def __init__(self, keys: Keys) -> None:
        """Take the keys that are valid."""
        self._keys = keys
        self._nonces: set[tuple[str, str]] = set()

    def app(self, authorization: str) -> bool:
        """Tell whether it is the app's bearer token."""
        return hmac.compare_digest(authorization.encode(), f"Bearer {self._keys.bearer_token}".encode())

    def user(self, authorization: str, method: str, path: str, query: str) -> bool:
        """Tell whether the account signed this request."""
        if not authorization.startswith("OAuth "):
            return False
        given = {key: unquote(value) for key, value in _PAIR.findall(authorization)}
        if not self._fresh(given):
            return False
        mine = (
            given.get("oauth_consumer_key"),
            given.get("oauth_token"),
            given.get("oauth_signature_method"),
        )
        if mine != (self._keys.api_key, self._keys.access_token, "HMAC-SHA1"):
            return False
        pairs = [(key, value) for key, value in given.items() if key not in {"realm", "oauth_signature"}]
        pairs += parse_qsl(query, keep_blank_values=True)
        signed = given.get("oauth_signature", "")
        return any(hmac.compare_digest(self._sign(method, host + path, pairs), signed) for host in HOSTS)

    def _fresh(self, given: dict[str, str]) -> bool:
        stamp, nonce = given.get("oauth_timestamp", ""), given.get("oauth_nonce", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > _OLDEST_S or not nonce:
            return False
        if (stamp, nonce) in self._nonces:
            return False
        if len(self._nonces) > 50_000:
            self._nonces.clear()
        self._nonces.add((stamp, nonce))
        return True

    def _sign(self, method: str, url: str, pairs: list[tuple[str, str]]) -> str:
        coded = sorted((_quoted(key), _quoted(value)) for key, value in pairs)
        joined = "&".join(f"{key}={value}" for key, value in coded)
        base = "&".join(map(_quoted, (method.upper(), url, joined)))
        key = f"{_quoted(self._keys.api_secret)}&{_quoted(self._keys.access_token_secret)}"
        made = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
        return base64.b64encode(made).decode()


def signature(secret: str, data: bytes) -> str:
    """Return how X signs webhooks and expects its challenge answered."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), data, hashlib.sha256).digest()).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")
