"""What the workspace knows: people, direct messages with the app, and what was said in them."""

import itertools
import re
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

TEAM, APP, BOT, BOT_USER = "T0HANDLEBY", "A0HANDLEBY", "B0HANDLEBY", "U0HANDLEBY"
#: What rings at somebody: never to be had from a customer's words.
PING = re.compile(r"<(?:!(?:channel|here|everyone|subteam\^\w+)|@\w+)(?:\|[^>]*)?>")


class User(Struct, kw_only=True):
    """Somebody in the workspace."""

    id: str
    name: str
    tz: str = "Europe/Copenhagen"
    #: The direct channel with the app; "" until it was opened.
    channel: str = ""


class Said(Struct, kw_only=True):
    """A message of the app."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None = None
    thread_ts: str = ""
    #: True when a reply in a thread also stands in the channel.
    broadcast: bool = False
    #: How often it was changed.
    edits: int = 0

    def words(self) -> str:
        """Return everything it shows."""
        return " ".join([self.text, *(one["text"] for one in texts(self.blocks))])

    def buttons(self) -> dict[str, dict[str, Any]]:
        """Return its buttons by action_id."""
        rows = (block["elements"] for block in self.blocks if block["type"] == "actions")
        return {one["action_id"]: one for row in rows for one in row}


class Workspace:
    """People and messages."""

    def __init__(self) -> None:
        #: What time it is, in seconds since 1970.
        self.now: Callable[[], float] = time.time
        self.users: dict[str, User] = {}
        self.messages: list[Said] = []
        #: What only one person saw: (user, text).
        self.whispers: list[tuple[str, str]] = []
        #: Mentions that rang at people.
        self.pings: list[str] = []
        self._channels = itertools.count(1)
        self._last = 0.0

    def add(self, id: str, name: str, tz: str = "Europe/Copenhagen") -> User:
        """Let somebody join."""
        self.users[id] = User(id=id, name=name, tz=tz)
        return self.users[id]

    def open(self, user: User) -> str:
        """Return the direct channel with the app."""
        if not user.channel:
            user.channel = f"D{next(self._channels):08d}"
        return user.channel

    def reader(self, channel: str) -> User | None:
        """Return who reads a direct channel, named by its own id or, for posting, by its user's."""
        found = (one for one in self.users.values() if channel in {one.channel, one.id} and channel)
        return next(found, None)

    def say(self, said: Said) -> Said:
        """Take a message of the app, with a time stamp of its own."""
        self._last = max(self.now(), self._last + 0.000001)
        said.ts = f"{self._last:.6f}"
        self.messages.append(said)
        self._ring(said)
        return said

    def change(self, said: Said, text: str, blocks: list[dict[str, Any]]) -> None:
        """Take new words for a message."""
        said.text, said.blocks, said.edits = text, blocks, said.edits + 1
        self._ring(said)

    def _ring(self, said: Said) -> None:
        parsed = [said.text, *(one["text"] for one in texts(said.blocks) if one["type"] == "mrkdwn")]
        self.pings += [found for text in parsed for found in PING.findall(text)]

    def find(self, channel: str, ts: str) -> Said | None:
        """Return a message."""
        return next((one for one in self.messages if (one.channel, one.ts) == (channel, ts)), None)

    def to(self, user: str) -> list[Said]:
        """Return what the user sees of the app, oldest first."""
        known = self.users.get(user)
        return [one for one in self.messages if known is not None and known.channel == one.channel]

    def whispered(self, user: str) -> list[str]:
        """Return what only this user saw."""
        return [text for to, text in self.whispers if to == user]


def texts(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all text objects of the blocks."""
    found = []
    for block in blocks:
        if isinstance(block.get("text"), dict):
            found.append(block["text"])
        found += block.get("fields", [])
        for element in block.get("elements", []):
            found.append(element["text"] if isinstance(element.get("text"), dict) else element)
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("text"), str)]
