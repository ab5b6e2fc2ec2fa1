"""The lists of X that are polled: mentions, own posts, direct messages."""

from collections.abc import Mapping
from typing import Any

from channels.twitter.client import Client, Page
from channels.twitter.money import DM_READ, OWNED_READ
from channels.twitter.parse import direct
from channels.twitter.post import post
from channels.twitter.read import Read, View
from channels.twitter.shape import People

#: X gives a hundred at a time, and of mentions no more than the latest 800.
_PAGE, _LEAST = 100, 5
#: Every direct message listed costs, known or not: few are asked for first, more only while none is known.
_FIRST_DMS = 10
_MENTIONS = 800
_OWN_POSTS = 3200
#: So many direct messages of a month are more than anybody reads at a time.
_DMS = 10_000


class Mentions:
    """Posts that mention the account: questions, and replies to what it wrote."""

    cursor, title, price = "mentions", "mentions", OWNED_READ

    def __init__(self, client: Client, every_s: float) -> None:
        """Take the way to X and how often to ask."""
        self._client, self.every_s = client, every_s

    async def newest(self) -> Page:
        """Return the newest few."""
        return await self._client.mentions(max_results=_LEAST)

    async def since(self, number: int, token: str) -> Page:
        """Return a page of those after the number."""
        return await self._client.mentions(
            max_results=_PAGE, since_id=str(number), pagination_token=token or None
        )

    def read(self, data: Mapping[str, Any], known: People, view: View) -> Read | None:
        """Return one post; that it is listed here says that it mentions us. Raises Strange."""
        return post(data, known, view, summoned=True)

    def lost(self, count: int) -> str:
        """Return that X has no more than the latest 800, once they are read."""
        if count < _MENTIONS:
            return ""
        return "more than 800 mentions came since the last look, and X shows no older ones: open X to see the rest"


class OwnPosts:
    """What the account itself posted: answers that people of ours gave in X's own app are among it."""

    cursor, title, price = "own posts", "own posts", OWNED_READ

    def __init__(self, client: Client, every_s: float) -> None:
        """Take the way to X and how often to ask."""
        self._client, self.every_s = client, every_s

    async def newest(self) -> Page:
        """Return the newest few."""
        return await self._client.own_posts(max_results=_LEAST)

    async def since(self, number: int, token: str) -> Page:
        """Return a page of those after the number."""
        return await self._client.own_posts(
            max_results=_PAGE, since_id=str(number), pagination_token=token or None
        )

    def read(self, data: Mapping[str, Any], known: People, view: View) -> Read | None:
        """Return one post. Raises Strange."""
        return post(data, known, view)

    def lost(self, count: int) -> str:
        """Return that there were more than X shows."""
        return (
            "there are more posts of our own since the last look than X shows" if count >= _OWN_POSTS else ""
        )


class DirectMessages:
    """Direct messages of the last 30 days, in and out; X has no `since` for them."""

    cursor, title, price = "direct messages", "direct messages", DM_READ

    def __init__(self, client: Client, every_s: float) -> None:
        """Take the way to X and how often to ask."""
        self._client, self.every_s = client, every_s

    async def newest(self) -> Page:
        """Return the newest one."""
        return await self._client.direct(max_results=1)

    async def since(self, number: int, token: str) -> Page:  # noqa: ARG002  # the poller stops at a known one
        """Return a page; the poller asks for no more once it has seen one that is known."""
        return await self._client.direct(
            max_results=_PAGE if token else _FIRST_DMS, pagination_token=token or None
        )

    def read(self, data: Mapping[str, Any], known: People, view: View) -> Read | None:
        """Return one direct message. Raises Strange."""
        return direct(data, known, view)

    def lost(self, count: int) -> str:
        """Return that there were more than are read at a time."""
        return f"more than {_DMS} direct messages came: open X to see the oldest" if count >= _DMS else ""
