"""What parse makes of one recorded exchange: one test for all channels compares it with what is expected.

A recording holds who was proved, the browser's first frame, the frame in question, and where and when it arrived.
"""

import json

import msgspec
from msgspec import Raw, Struct

from channels.webchat import parse
from channels.webchat.errors import Refusal
from channels.webchat.frames import Hello, Reach, Write
from channels.webchat.session import Pass


class Recording(Struct, frozen=True, kw_only=True):
    """One `x.in.json`."""

    proved: Pass
    hello: Hello
    frame: Raw
    arrival: parse.Arrival


def parsed(recorded: bytes) -> object:
    """Return the message as JSON values, or why there is none."""
    given = msgspec.json.decode(recorded, type=Recording)
    by = parse.visitor(given.hello, given.proved)
    try:
        found = _message(bytes(given.frame), by, given.arrival)
    except Refusal as refusal:
        return {"refused": refusal.code}
    return json.loads(msgspec.json.encode(found))


def _message(frame: bytes, by: parse.Visitor, arrival: parse.Arrival) -> object:
    said = parse.frame(frame)
    if isinstance(said, Write):
        return parse.message(said, by, arrival)
    if isinstance(said, Reach):
        return parse.contact(said, by, arrival)
    return None
