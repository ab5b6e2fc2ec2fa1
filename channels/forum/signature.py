"""Whether a webhook comes from the forum: HMAC-SHA256 over the raw body, as Discourse signs it."""

import hashlib
import hmac

PREFIX = "sha256="


def sign(secret: str, raw: bytes) -> str:
    """Return the value of `X-Discourse-Event-Signature`."""
    return PREFIX + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def genuine(secret: str, raw: bytes, given: str) -> bool:
    """Tell whether the signature is right; without a secret none is."""
    return bool(secret) and hmac.compare_digest(sign(secret, raw).encode(), given.encode("utf-8", "replace"))
