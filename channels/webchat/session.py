"""Who a visitor is: signed session tokens, and identities that the site has signed."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from channels.webchat.errors import Denied
from channels.webchat.frames import Claimed

#: Verified visitors are opened by the site's signature each time, so their tokens need not live long.
_VERIFIED_S = 3600.0
_LONGEST_TOKEN = 8192
_LONGEST_IDENTIFIER = 256
_LONGEST_ATTRIBUTES = 2048


class Pass(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"session": "s", "expires": "e"}):
    """What a token says, and what the service knows of the visitor who shows it."""

    #: Name of the visitor's thread; `id:…` when the site has verified who it is.
    session: str
    #: Unix time.
    expires: int
    #: Signed by the site.
    name: str = ""
    email: str = ""
    attributes: dict[str, str] = {}

    @property
    def verified(self) -> bool:
        """Whether the site has signed who this is."""
        return self.session.startswith("id:")


class Sessions:
    """Issues passes and checks them; keeps nothing, so every process of the fleet agrees."""

    def __init__(self, *, secret: bytes, identity_secret: str, lifetime_s: float) -> None:
        """Take the service's own secret, the one shared with the site, and how long a pass lives."""
        self._secret = secret
        self._identity_secret = identity_secret
        self._lifetime_s = lifetime_s

    def new(self, now: datetime) -> Pass:
        """Return a pass for somebody never seen before."""
        return Pass(session=secrets.token_urlsafe(18), expires=_unix(now, self._lifetime_s))

    def renewed(self, given: Pass, now: datetime) -> Pass:
        """Return the pass with a full lifetime; a verified one is renewed by its site only."""
        if given.verified:
            return given
        return msgspec.structs.replace(given, expires=_unix(now, self._lifetime_s))

    def token(self, given: Pass) -> str:
        """Return the pass as a signed text."""
        body = base64.urlsafe_b64encode(msgspec.json.encode(given)).rstrip(b"=").decode()
        return f"{body}.{self._signature(body)}"

    def check(self, token: str, now: datetime) -> Pass:
        """Return what the token says. Raises Denied when it is forged or too old."""
        body, _, signature = token.partition(".")
        # the signature covers the text, not the decoded bytes: base64 has several texts for the same bytes
        right = _equal(signature, self._signature(body))
        if len(token) > _LONGEST_TOKEN or not right:
            raise Denied("token", "The token was not issued by this service. Connect again without one.")
        given = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=Pass)
        if given.expires <= now.timestamp():
            raise Denied("expired", "The token is too old. Connect again without one.")
        return given

    def identify(self, claimed: Claimed, now: datetime) -> Pass:
        """Return a pass for the person whom the site vouches for. Raises Denied."""
        if not self._identity_secret:
            raise Denied("identity", "This account has no identity_secret, so it cannot verify identities.")
        identifier = claimed.identifier
        if not 0 < len(identifier) <= _LONGEST_IDENTIFIER or not identifier.isprintable():
            raise Denied("identity", "identifier must be 1 to 256 printable characters.")
        if not _equal(claimed.identifier_hash, _sign(self._identity_secret, identifier)):
            raise Denied(
                "identity", "identifier_hash is not HMAC-SHA256(identity_secret, identifier) in hex."
            )
        facts = self._attributes(claimed)
        return Pass(
            session="id:" + self._thread(identifier),
            expires=_unix(now, _VERIFIED_S),
            name=facts.pop("name", ""),
            email=facts.pop("email", ""),
            attributes=facts,
        )

    def _attributes(self, claimed: Claimed) -> dict[str, str]:
        if not claimed.attributes:
            return {}
        expected = _sign(f"{self._identity_secret}:attributes", f"{claimed.identifier}\n{claimed.attributes}")
        if len(claimed.attributes) > _LONGEST_ATTRIBUTES or not _equal(claimed.attributes_hash, expected):
            raise Denied(
                "identity", "attributes_hash does not fit the attributes, or they exceed 2048 characters."
            )
        try:
            return msgspec.json.decode(claimed.attributes, type=dict[str, str])
        except msgspec.DecodeError as error:
            raise Denied("identity", f"attributes must be a JSON object of texts: {error}") from error

    def _thread(self, identifier: str) -> str:
        """Return a name that stays the same when the shared secret is changed and cannot be guessed."""
        return hmac.new(self._secret, f"thread\n{identifier}".encode(), hashlib.sha256).hexdigest()[:40]

    def _signature(self, body: str) -> str:
        digest = hmac.new(self._secret, f"token\n{body}".encode("utf-8", "replace"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _sign(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _equal(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


def _unix(now: datetime, lifetime_s: float) -> int:
    return int((now + timedelta(seconds=lifetime_s)).timestamp())
