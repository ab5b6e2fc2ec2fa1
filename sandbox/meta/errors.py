"""Errors as the Graph API words them: an object under `error`, with code and subcode."""

import secrets

from aiohttp import web
from msgspec import Struct


class Trouble(Exception):
    """What the Graph API answers instead of doing it."""

    def __init__(
        self, code: int, message: str, *, subcode: int = 0, kind: str = "OAuthException", status: int = 400
    ) -> None:
        """Take what stands in the body, and the HTTP status."""
        super().__init__(message)
        self.code, self.subcode, self.kind, self.status = code, subcode, kind, status

    def response(self, headers: dict[str, str]) -> web.Response:
        """Return the answer."""
        shown = f"(#{self.code}) {self}" if self.kind == "OAuthException" and self.code != 190 else str(self)
        error: dict[str, object] = {"message": shown, "type": self.kind, "code": self.code}
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.code in {1, 2, 4}:
            error["is_transient"] = True
        error["fbtrace_id"] = secrets.token_urlsafe(8)
        return web.json_response({"error": error}, status=self.status, headers=headers)


class Limits(Struct, frozen=True, kw_only=True):
    """What the Graph API holds callers to."""

    text: int = 2000
    comment: int = 8000
    file: int = 25 * 1024 * 1024


LIMITS = Limits()


def window() -> Trouble:
    """Return: too late."""
    return Trouble(10, "This message is sent outside of allowed window.", subcode=2018278)


def gone(name: str) -> Trouble:
    """Return: there is no such thing, or it may not be seen."""
    words = (
        f"Unsupported request. Object with ID '{name}' does not exist, cannot be loaded due to missing permissions, "
        "or does not support this operation"
    )
    return Trouble(100, words, subcode=33, kind="GraphMethodException")


def revoked() -> Trouble:
    """Return: the token is dead."""
    words = (
        "Error validating access token: The session has been invalidated because the user changed their password or "
        "Facebook has changed the session for security reasons."
    )
    return Trouble(190, words, subcode=460)


def wrong(what: str) -> Trouble:
    """Return: a parameter is not as it must be."""
    return Trouble(100, what)
