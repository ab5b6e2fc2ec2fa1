"""Words for Slack: nothing that a customer wrote can call, link or mention anybody."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

#: What could break a line, hide or turn round what follows.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def plain(text: str, most: int) -> str:
    """Return the text on one line, `& < >` escaped, at most so many characters long once it is."""
    line = " ".join(UNSEEN.sub(" ", text).split())
    whole = "".join(ENTITIES.get(each, each) for each in line)
    if len(whole) <= most:
        return whole
    kept, room = [], most - 1
    for each in line:
        shown = ENTITIES.get(each, each)
        room -= len(shown)
        if room < 0:
            break
        kept.append(shown)
    return "".join(kept).rstrip() + "…"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Return the hour with its place: `15:40 (Copenhagen)`."""
    return f"{at.astimezone(zone):%H:%M} ({place(zone)})"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return day, hour and place: `Mon 23 Nov, 15:40 (Copenhagen)`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}, {clock(at, zone)}"


def place(zone: ZoneInfo) -> str:
    """Return the city of a zone."""
    return zone.key.rpartition("/")[2].replace("_", " ")
