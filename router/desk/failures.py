"""The one place where what went wrong becomes an HTTP answer (problem+json, RFC 9457)."""

import msgspec
from aiohttp import web
from msgspec import Struct

from router.errors import (
    ActionError,
    BrokerError,
    Conflict,
    Forbidden,
    HandlebyError,
    NotFound,
    StoreError,
)

#: Seconds after which a client may try again when a part of the service is down.
RETRY_S = 5


class Unauthorised(ActionError):
    """Sign in first, or send an API token as `Authorization: Bearer …`."""


class Invalid(ActionError):
    """The request is not understood."""


class TooLarge(ActionError):
    """The request is too large."""


class TooMany(ActionError):
    """Too many attempts. Wait a little, then try again."""

    def __init__(self, message: str = "", *, after_s: float = 1.0) -> None:
        """Take the message and how many seconds to wait."""
        super().__init__(message)
        self.after_s = after_s


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong and how to mend it."""

    type: str = "about:blank"
    #: A short name, always the same for the same kind of problem.
    code: str
    title: str
    status: int
    #: A sentence for the person who must act on it.
    detail: str


#: Error kind → status, code, title; the first that fits wins.
TABLE: tuple[tuple[type[Exception], int, str, str], ...] = (
    (Unauthorised, 401, "unauthorised", "Not signed in"),
    (TooMany, 429, "too-many", "Too many requests"),
    (TooLarge, 413, "too-large", "Too large"),
    (Invalid, 422, "invalid", "Not understood"),
    (NotFound, 404, "not-found", "Not found"),
    (Conflict, 409, "conflict", "Somebody was faster"),
    (Forbidden, 403, "forbidden", "Not allowed"),
    (StoreError, 503, "unavailable", "The store is unavailable"),
    (BrokerError, 503, "unavailable", "The broker is unavailable"),
    (ActionError, 422, "impossible", "This cannot be done"),
    (HandlebyError, 500, "failed", "Something went wrong"),
    (msgspec.ValidationError, 422, "invalid", "Not understood"),
    (msgspec.DecodeError, 400, "malformed", "Not readable"),
    (UnicodeDecodeError, 400, "malformed", "Not readable"),
    (TimeoutError, 408, "timeout", "Too slow"),
)


def problem(error: Exception) -> Problem:
    """Return the problem that tells of this error; an unknown one tells nothing of the inside."""
    for kind, status, code, title in TABLE:
        if isinstance(error, kind):
            detail = str(error) or (kind.__doc__ or title).strip()
            return Problem(code=code, title=title, status=status, detail=detail)
    detail = "The service failed. It has been logged; try again, and tell your administrator if it stays."
    return Problem(code="failed", title="Something went wrong", status=500, detail=detail)


def answer(error: Exception) -> web.Response:
    """Return the error as an HTTP answer."""
    said = problem(error)
    response = web.Response(
        body=msgspec.json.encode(said), status=said.status, content_type="application/problem+json"
    )
    response.headers["Cache-Control"] = "no-store"
    if said.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="handleby"'
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(max(1, round(error.after_s)))
    elif said.status == 503:
        response.headers["Retry-After"] = str(RETRY_S)
    return response
