"""X's errors: problem documents, and pages of HTML where X itself is ill."""

import json
from collections.abc import Mapping

from aiohttp import web

_TYPES = "https://api.twitter.com/2/problems/"
HTML = "<!DOCTYPE html><html><head><title>X / Error</title></head><body>Something went wrong.</body></html>"


class Problem(Exception):
    """A request that X answers with an error."""

    def __init__(self, status: int, title: str, detail: str, type: str = "about:blank") -> None:
        """Take the parts of the document."""
        super().__init__(detail)
        self.status = status
        self.document = {
            "title": title,
            "detail": detail,
            "type": type if type == "about:blank" else _TYPES + type,
            "status": status,
        }

    def response(self, headers: Mapping[str, str]) -> web.Response:
        """Return the answer."""
        return web.Response(
            status=self.status,
            text=json.dumps(self.document),
            content_type="application/problem+json",
            headers=headers,
        )


def unauthorized() -> Problem:
    """Return that the signature or the token is not accepted."""
    return Problem(401, "Unauthorized", "Unauthorized")


def throttled() -> Problem:
    """Return that there were too many requests."""
    return Problem(429, "Too Many Requests", "Too Many Requests", "rate-limit-exceeded")


def forbidden(detail: str) -> Problem:
    """Return that it is not allowed."""
    return Problem(403, "Forbidden", detail)


def penniless() -> Problem:
    """Return that the app has no credits."""
    return Problem(
        402,
        "CreditsDepleted",
        "Your enrolled account [1] does not have any credits to fulfill this request.",
        "credits",
    )


def invalid(detail: str) -> Problem:
    """Return that the request makes no sense."""
    return Problem(400, "Invalid Request", detail, "invalid-request")


def gone(detail: str) -> Problem:
    """Return that there is no such thing."""
    return Problem(404, "Not Found Error", detail, "resource-not-found")


def broken() -> web.Response:
    """Return a page of HTML, as X's edge does."""
    return web.Response(status=503, text=HTML, content_type="text/html")
