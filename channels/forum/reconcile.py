"""Whether something in doubt is on the forum: read back from the topic's end by the mark it carries."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from channels.errors import NotSent
from channels.forum import markup, parse
from channels.forum.api import Api
from channels.forum.settings import Settings
from channels.forum.topic import last_posts, raw_of, topic
from channels.forum.trouble import Answered, ForumTrouble
from channels.message import Outgoing, Sent

#: The forum may still be at work on a request that was cut off.
WORKING_S = 40.0
#: How much the forum's clock and ours may differ.
CLOCKS_DIFFER = timedelta(minutes=2)


class Reader:
    """Reads back what one account sent."""

    def __init__(self, settings: Settings, api: Api) -> None:
        """Take the account's settings and access to the forum."""
        self._settings, self._api = settings, api

    async def find(self, outgoing: Outgoing, *, tried_s: float) -> Sent | None:
        """Return what it became; None when that cannot be told, yet or at all.

        `tried_s`: seconds since it was handed to the forum. Raises NotSent when it is certainly not there.
        """
        number = parse.topic_of(outgoing.thread)
        mark = markup.mark(outgoing.id, automatic=outgoing.automatic)
        try:
            found, sure = await self._in_topic(number, mark, outgoing.at)
            if not found and self._settings.closed_to_message:
                found = await self._in_messages(mark)
            if not found and await self._held(mark):
                return None
        except ForumTrouble:
            return None
        if found:
            return Sent(message_id=parse.message_id(self._settings.view, found))
        if sure and tried_s >= WORKING_S:
            raise NotSent("send: the forum shows that it did not arrive")
        return None

    async def _in_topic(self, number: int, mark: str, since: datetime) -> tuple[int, bool]:
        """Return the post with the mark, and whether all posts since then were looked through."""
        seen = await topic(self._api, number)
        if seen is None or not seen.tail:
            return 0, False
        posts = await last_posts(self._api, number, seen.tail)
        found = await self._marked(posts, mark)
        complete = {post.get("id") for post in posts} >= set(seen.tail)
        reaches_back = seen.whole or any(_before(post, since) for post in posts)
        return found, complete and reaches_back

    async def _in_messages(self, mark: str) -> int:
        answer = await self._api.get("/private-posts.json")
        posts = answer.get("private_posts") if isinstance(answer, dict) else None
        return await self._marked((post for post in posts or [] if isinstance(post, dict)), mark)

    async def _marked(self, posts: Iterable[dict[str, Any]], mark: str) -> int:
        for post in posts:
            ours = str(post.get("username", "")).lower() == self._settings.view.us
            if ours and isinstance(post.get("id"), int) and mark in await raw_of(self._api, post):
                return int(post["id"])
        return 0

    async def _held(self, mark: str) -> bool:
        """Tell whether a moderator has yet to approve it."""
        try:
            answer = await self._api.get(f"/posts/{self._settings.username}/pending.json")
        except Answered:
            return False
        held = answer.get("pending_posts") if isinstance(answer, dict) else None
        return any(mark in str(one.get("raw_text")) for one in held or [] if isinstance(one, dict))


def _before(post: dict[str, Any], since: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(post.get("created_at"))) < since - CLOCKS_DIFFER
    except (ValueError, TypeError):
        return False
