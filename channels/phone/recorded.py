"""What `parse` makes of one recorded payload, for the test that all channels share."""

import msgspec
from msgspec import Struct

from channels.phone import numbers, parse
from channels.phone.parse import Wish
from channels.phone.signature import fields


class Recorded(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A webhook as it came, a request as our form took it, or a number as somebody typed it."""

    #: The form-encoded body.
    body: str = ""
    wish: Wish | None = None
    number: str | None = None
    country: str = "DK"


def parsed(recorded: bytes) -> object:
    """Return what parse makes of it, as JSON values."""
    found = msgspec.json.decode(recorded, type=Recorded)
    try:
        if found.wish is not None:
            return msgspec.to_builtins(parse.message(found.wish, "support"))
        if found.number is not None:
            return {"number": numbers.checked(found.number, found.country)}
        return msgspec.to_builtins(parse.call(dict(fields(found.body.encode()))))
    except numbers.NotCallable as error:
        return {"why": error.why}
    except ValueError as error:
        return {"error": str(error)}
