"""What lets a customer see their own request: a key that only this service can make, as its address is no secret."""

import hashlib
import hmac

from channels.phone.errors import Trouble
from channels.port import Host


def key_of(host: Host, thread: str) -> str:
    """Return the key of a thread's page."""
    return hmac.new(host.secret("page"), thread.encode(), hashlib.sha256).hexdigest()[:40]


def check(host: Host, thread: str, key: str) -> None:
    """Raise Trouble unless the key is the thread's."""
    if not hmac.compare_digest(key_of(host, thread).encode(), key.encode()):
        raise Trouble("unknown")
