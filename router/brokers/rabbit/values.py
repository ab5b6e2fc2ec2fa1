"""What goes over the wire, and what may become of it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class WireError(Exception):
    """The broker did not do what was asked."""


class Gone(WireError):
    """The connection or channel is lost; what was under way may or may not have happened."""


class Silent(Gone):
    """No answer came in time; the channel is not to be used again."""


class Mute(Silent):
    """This queue does not work, while the broker answers everything else."""


class NotTaken(WireError):
    """The message was certainly not taken."""


class Unroutable(NotTaken):
    """The queue does not exist."""


class Refused(NotTaken):
    """The queue refuses it, mostly because it is full."""


class Parcel(Struct, frozen=True, kw_only=True):
    """One message to be published; all that matters is in its headers."""

    #: Where it shall end up, and the exchange that it takes ("" = straight into the queue).
    queue: str
    headers: Mapping[str, Any]
    exchange: str = ""
    expires_s: float | None = None


class Arrival(Struct, frozen=True):
    """One message as it came off the wire."""

    tag: int
    headers: Mapping[str, Any]
    body: bytes
