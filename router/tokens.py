"""Reply tokens: they let a customer's answer find its conversation, and cannot be guessed.

A token is the reference in lower case and a signature, `hb7k2q9-k3v7…`; it survives in the local part
of a mail address, whose case nobody guarantees.
"""

import base64
import hashlib
import hmac

from router.conversation import reference_in

#: Bytes of HMAC-SHA256 kept: 80 bits, out of reach for guessing over the network.
_KEPT = 10


def reply_token(secret: bytes, reference: str) -> str:
    """Return the token for a conversation's reference."""
    name = reference.replace("-", "").lower()
    return f"{name}-{_signature(secret, reference)}"


def token_reference(secret: bytes, token: str) -> str:
    """Return the reference that a token proves; "" when it is forged."""
    reference = reference_in(token)
    given = token.partition("-")[2].lower()
    right = hmac.compare_digest(given.encode(), _signature(secret, reference).encode())
    return reference if right else ""


def _signature(secret: bytes, reference: str) -> str:
    digest = hmac.new(secret, b"reply\n" + reference.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:_KEPT]).decode().lower()


def derive(secret: bytes) -> bytes:
    """Return the key for reply tokens, so that it signs nothing else."""
    return hmac.new(secret, b"reply tokens", hashlib.sha256).digest()
