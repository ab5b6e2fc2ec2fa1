"""Is it Slack that calls? Its signature over the raw bytes, proved before anything is parsed."""

import hashlib
import hmac
from collections.abc import Mapping

#: A call older, or further ahead, than this is refused: it may be an old one sent again.
WITHIN_S = 300.0
TIMESTAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"


def signed(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature: `v0=` and the hex HMAC-SHA256 of `v0:timestamp:body` under the signing secret."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def proves(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Tell whether the call was signed with the secret, lately."""
    timestamp, given = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        return False
    if abs(now_s - int(timestamp)) > WITHIN_S:
        return False
    wanted = signed(secret, timestamp, body)
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape"))
