"""What the forum shows of a topic: whether it is open, and its last posts."""

from typing import Any

from msgspec import Struct

from channels.forum.api import Api
from channels.forum.trouble import Answered

#: Posts looked through at the end of a topic.
TAIL = 50


class Topic(Struct, frozen=True, kw_only=True):
    """A topic as our account sees it."""

    title: str
    #: Nobody may write in it any more.
    closed: bool
    #: Who wrote the last post.
    last_by: str
    #: Its last posts by id, oldest first.
    tail: tuple[int, ...]
    #: True when these are all there are.
    whole: bool


async def topic(api: Api, number: int) -> Topic | None:
    """Return the topic; None when our account cannot see it. Raises ForumTrouble."""
    try:
        found = await api.get(f"/t/{number}.json")
    except Answered as error:
        if error.status in {403, 404, 410}:
            return None
        raise
    return _topic(found)


async def last_posts(api: Api, number: int, tail: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return these posts of the topic, with what was written. Raises ForumTrouble."""
    answer = await api.get(f"/t/{number}/posts.json", **{"post_ids[]": list(tail), "include_raw": "true"})
    stream = answer.get("post_stream") if isinstance(answer, dict) else None
    posts = stream.get("posts") if isinstance(stream, dict) else None
    return [post for post in posts if isinstance(post, dict)] if isinstance(posts, list) else []


async def raw_of(api: Api, post: dict[str, Any]) -> str:
    """Return what was written: from the post, or, where an older forum left it out there, asked for."""
    if isinstance(post.get("raw"), str):
        return str(post["raw"])
    found = await api.get(f"/posts/{int(post['id'])}.json")
    return str(found.get("raw") or "") if isinstance(found, dict) else ""


def _topic(found: Any) -> Topic | None:
    if not isinstance(found, dict):
        return None
    details, stream = found.get("details"), found.get("post_stream")
    poster = details.get("last_poster") if isinstance(details, dict) else None
    ids = stream.get("stream") if isinstance(stream, dict) else None
    posts = tuple(one for one in ids if isinstance(one, int)) if isinstance(ids, list) else ()
    return Topic(
        title=str(found.get("title") or ""),
        closed=bool(found.get("closed") or found.get("archived") or found.get("deleted_at")),
        last_by=str(poster.get("username") or "") if isinstance(poster, dict) else "",
        tail=posts[-TAIL:],
        whole=0 < len(posts) <= TAIL,
    )
