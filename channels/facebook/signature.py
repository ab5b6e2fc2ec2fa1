"""What proves that Facebook sent it, and that we did: HMAC-SHA256 under the app's secret."""

import hashlib
import hmac

HEADER = "X-Hub-Signature-256"


def signed(secret: str, body: bytes) -> str:
    r"""Return the header for these very bytes; Facebook signs them with their `\u` escapes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def genuine(secret: str, body: bytes, header: str) -> bool:
    """Tell in constant time whether the header belongs to the bytes."""
    return hmac.compare_digest(signed(secret, body).encode(), header.encode("utf-8", "replace"))


def same(one: str, other: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def proof(secret: str, token: str) -> str:
    """Return `appsecret_proof`: a token that leaked is useless without it."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
