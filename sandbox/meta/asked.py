"""What a request asks, in any form that the Graph API takes, and lists as it answers them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from aiohttp import web

from sandbox.meta import errors, fields, shapes
from sandbox.meta.errors import LIMITS
from sandbox.meta.world import Media

T = TypeVar("T", bound=Any)
Params: TypeAlias = dict[str, Any]


async def params(request: web.Request) -> Params:
    """Return what was asked: the query, and a body in any form that the Graph API takes."""
    found: Params = dict(request.query)
    if request.method != "POST":
        return found
    if request.content_type == "application/json":
        try:
            given = await request.json()
        except ValueError as error:
            raise errors.wrong("The body is not JSON") from error
        return found | (given if isinstance(given, dict) else {})
    for key, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            found[key] = Media(name=value.filename, content_type=value.content_type, data=value.file.read())
        else:
            found[key] = value
    return found


def table(params: Params, key: str) -> Mapping[str, Any]:
    """Return an object, given as such or as JSON in a form. Raises Trouble."""
    value = params.get(key)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, Mapping):
        raise errors.wrong(f"The parameter {key} is required")
    return value


def upload(params: Params, message: Mapping[str, Any]) -> Media | None:
    """Return the file that goes with a message. Raises Trouble when it is announced and missing, or too large."""
    if "attachment" not in message:
        return None
    media = params.get("filedata")
    if not isinstance(media, Media):
        raise errors.wrong("The parameter filedata is required")
    if len(media.data) > LIMITS.file:
        raise errors.wrong("Attachment size exceeds allowable limit")
    if message["attachment"].get("type") != shapes.sort(media):
        raise errors.wrong("The attachment's type does not fit its file")
    return media


def listed(
    things: Sequence[T],
    params: Params,
    row: Callable[[T], dict[str, Any]],
    name: Callable[[T], str] = lambda one: str(one.id),
) -> dict[str, Any]:
    """Return a page of the list: so many after a cursor, each with the fields asked for."""
    limit, after = int(params.get("limit", 25)), str(params.get("after", ""))
    start = next((place + 1 for place, one in enumerate(things) if after and name(one) == after), 0)
    shown = [row(one) for one in things[start : start + limit]]
    data = [fields.select(one, str(params.get("fields", ""))) for one in shown]
    return {"data": data, "paging": fields.paging(shown, more=start + limit < len(things))}
