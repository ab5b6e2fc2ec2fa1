"""Declares the API's operations; `openapi.py` writes the document from them and `endpoint.py` serves them."""

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_type_hints

from aiohttp import web
from msgspec import Struct

from router.desk.accounts import Role
from router.desk.parts import Parts

PREFIX = "/api/v1"

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])


class Operation(Struct, frozen=True, kw_only=True):
    """One thing that the API does."""

    method: str
    #: Below the prefix, as in `/conversations/{id}`.
    path: str
    #: Least role; None = anybody.
    role: Role | None
    tag: str
    #: First line and rest of the handler's docstring.
    summary: str
    details: str
    handler: Callable[..., Awaitable[Any]]
    #: Types of the path's parts by name.
    params: dict[str, Any]
    #: Structs of the query and of the body, and the answer's type; None = there is none.
    query: Any
    body: Any
    returns: Any
    extras: "Extras"

    @property
    def name(self) -> str:
        """Return a name that is unique in the API, such as `conversations_reply`."""
        module = self.handler.__module__.rpartition(".")[2]
        return f"{module}_{self.handler.__name__}"

    @property
    def status(self) -> int:
        """Return the status of success."""
        if self.returns is None:
            return 204
        return 201 if self.extras.creates else 200


class Extras(Struct, frozen=True, kw_only=True):
    """What few operations need."""

    creates: bool = False
    #: Media type of an answer, or of a body, that is no JSON.
    media: str = ""
    takes: str = ""
    #: Request headers that it reads, with what they are for.
    headers: dict[str, str] = {}
    #: Tells whether these parts open it to strangers.
    unless: Callable[[Parts], bool] | None = None


class Table:
    """The operations of one resource."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self.operations: list[Operation] = []

    def get(self, path: str, role: Role | None, **extras: Any) -> Callable[[Handler], Handler]:
        """Declare what a GET does; the function's parameters say what it takes."""
        return self._declare("GET", path, role, extras)

    def post(self, path: str, role: Role | None, **extras: Any) -> Callable[[Handler], Handler]:
        """Declare what a POST does."""
        return self._declare("POST", path, role, extras)

    def put(self, path: str, role: Role | None, **extras: Any) -> Callable[[Handler], Handler]:
        """Declare what a PUT does."""
        return self._declare("PUT", path, role, extras)

    def patch(self, path: str, role: Role | None, **extras: Any) -> Callable[[Handler], Handler]:
        """Declare what a PATCH does."""
        return self._declare("PATCH", path, role, extras)

    def delete(self, path: str, role: Role | None, **extras: Any) -> Callable[[Handler], Handler]:
        """Declare what a DELETE does."""
        return self._declare("DELETE", path, role, extras)

    def _declare(
        self, method: str, path: str, role: Role | None, extras: dict[str, Any]
    ) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            summary, _, details = inspect.getdoc(handler).partition("\n")  # type: ignore[union-attr]  # all have one
            hints = get_type_hints(handler)
            returns = hints.pop("return")
            self.operations.append(
                Operation(
                    method=method,
                    path=path,
                    role=role,
                    tag=self._tag,
                    summary=summary.rstrip("."),
                    details=details.strip(),
                    handler=handler,
                    params={name: hints[name] for name in re.findall(r"\{(\w+)\}", path)},
                    query=hints.get("query"),
                    body=hints.get("body"),
                    returns=None if _says_nothing(returns, extras) else returns,
                    extras=Extras(**extras),
                )
            )
            return handler

        return add


def _says_nothing(returns: Any, extras: dict[str, Any]) -> bool:
    return returns is type(None) or (returns is web.StreamResponse and "media" not in extras)
