"""What a browser is told when something goes wrong: one table for sockets and for requests."""

import math

from msgspec import Struct

from channels.errors import Unavailable
from channels.webchat import frames
from channels.webchat.errors import (
    Crowded,
    Denied,
    Gone,
    NotAllowed,
    Refusal,
    TooSlow,
    Trouble,
    Unknown,
)
from channels.webchat.frames import Fault

#: What went wrong, the code a socket is closed with, and the status of an answer; the first that fits.
_TABLE: tuple[tuple[type[Trouble], int, int], ...] = (
    (Gone, 1000, 400),
    (NotAllowed, frames.REFUSED, 403),
    (Unknown, frames.PROTOCOL, 404),
    (Denied, frames.REFUSED, 401),
    (Refusal, frames.PROTOCOL, 400),
    (TooSlow, frames.SLOW, 408),
    (Crowded, frames.BUSY, 429),
)


class Verdict(Struct, frozen=True, kw_only=True):
    """The closing code of a socket, the status of an answer, and the words for both."""

    close: int
    status: int
    fault: Fault
    #: Seconds until it makes sense to try again; 0 = not said.
    after_s: int = 0


def cause(error: BaseException) -> BaseException:
    """Return what lies at the bottom of nested exception groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def verdict(error: BaseException) -> Verdict:
    """Return what the browser is told."""
    for kind, close, status in _TABLE:
        if isinstance(error, Trouble) and isinstance(error, kind):
            fault = Fault(code=error.code, text=error.text)
            return Verdict(close=close, status=status, fault=fault, after_s=math.ceil(error.after_s))
    if isinstance(error, Unavailable):
        fault = Fault(code="unavailable", text="The service cannot reach its store right now.")
        return Verdict(close=frames.BUSY, status=503, fault=fault, after_s=2)
    fault = Fault(code="broken", text="Something went wrong here. Connect again.")
    return Verdict(close=frames.BROKEN, status=500, fault=fault, after_s=2)
