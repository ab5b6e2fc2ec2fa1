"""Writes the OpenAPI 3.1 document of the API from its declarations."""

from collections.abc import Sequence
from typing import Any

import msgspec

from router.desk.declare import PREFIX, Operation
from router.desk.failures import Problem

_REF = "#/components/schemas/{name}"
_ABOUT = """\
Everything the desk does, for programs. Sign in with an API token: `Authorization: Bearer hb_…`
(make one with `handleby users token EMAIL`). Times are RFC 3339 in UTC, ids are strings, unknown
fields are refused. A list that goes on gives `next`; send it back as `after`. Errors are
`application/problem+json` and say how to mend them.
"""


def document(operations: Sequence[Operation], *, organisation: str, public_url: str) -> dict[str, Any]:
    """Return the document."""
    types = [Problem]
    for one in operations:
        types += [kind for kind in (one.query, one.body, _json(one)) if kind is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    known = dict(zip((id(kind) for kind in types), schemas, strict=True))
    queries = {one.query.__name__: components[one.query.__name__] for one in operations if one.query}
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(PREFIX + one.path, {})[one.method.lower()] = _operation(one, known, queries)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Handleby of {organisation}", "version": "1", "description": _ABOUT},
        "servers": [{"url": public_url.rstrip("/")}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in queries},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "handleby"},
            },
        },
    }


def _json(one: Operation) -> Any:
    return None if one.extras.media else one.returns


def _operation(one: Operation, known: dict[int, Any], queries: dict[str, Any]) -> dict[str, Any]:
    needs = "Anybody." if one.role is None else f"Needs the role `{one.role}`."
    said: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "description": f"{one.details}\n\n{needs}".strip(),
        "security": [] if one.role is None else [{"token": []}, {"session": []}],
        "responses": _responses(one, known),
    }
    parameters = _parameters(one, queries)
    if parameters:
        said["parameters"] = parameters
    if one.body is not None:
        said["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": known[id(one.body)]}},
        }
    elif one.extras.takes:
        said["requestBody"] = {"required": True, "content": {one.extras.takes: {}}}
    return said


def _parameters(one: Operation, queries: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if kind is int else "string"},
        }
        for name, kind in one.params.items()
    ]
    if one.query is not None:
        schema = queries[one.query.__name__]
        required = schema.get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": inner}
            for name, inner in schema["properties"].items()
        ]
    found += [
        {"name": name, "in": "header", "description": about, "schema": {"type": "string"}}
        for name, about in one.extras.headers.items()
    ]
    return found


def _responses(one: Operation, known: dict[int, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": one.summary}
    if one.extras.media:
        good["content"] = {one.extras.media: {}}
    elif one.returns is not None:
        good["content"] = {"application/json": {"schema": known[id(one.returns)]}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(one.status): good,
        "default": {"description": "What went wrong and how to mend it", "content": problem},
    }
