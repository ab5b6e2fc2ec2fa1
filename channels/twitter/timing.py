"""How patient the channel is with X; tests are less so."""

from msgspec import Struct


class Timing(Struct, frozen=True, kw_only=True):
    """Limits of time, in seconds."""

    #: For one request, connecting included.
    request_s: float = 20.0
    #: No further part of a long text is begun later than this after the first: the router gives one try 52 s.
    parts_s: float = 28.0
    #: What was posted is listed only after a moment; until then its absence proves nothing.
    settled_s: float = 15.0
