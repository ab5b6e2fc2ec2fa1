"""How Discourse writes posts and topics as JSON."""

import html
import re
from datetime import UTC, datetime
from typing import Any

from sandbox.discourse.board import Board, Post, Topic, User

CATEGORIES = {4: "support", 5: "feedback"}
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def stamp(moment: datetime | None) -> str | None:
    """Return the time as Discourse writes it."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def cooked(raw: str) -> str:
    """Return HTML of the text; comments are left out, as the real one does."""
    text = html.escape(_COMMENT.sub("", raw).strip(), quote=False)
    return "".join(f"<p>{part.replace(chr(10), '<br>' + chr(10))}</p>\n" for part in text.split("\n\n"))


def slug(title: str) -> str:
    """Return the title for an address."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:50] or "topic"


def post(board: Board, one: Post, *, raw: bool = True) -> dict[str, Any]:
    """Return a post as in lists and topics."""
    answered = next((x for x in board.shown(one.topic) if x.number == one.reply_to), None)
    shape: dict[str, Any] = {
        "id": one.id,
        "name": one.author.name,
        "username": one.author.username,
        "avatar_template": f"/letter_avatar_proxy/v4/letter/{one.author.username[:1]}/b5e925/{{size}}.png",
        "created_at": stamp(one.created),
        "cooked": cooked(one.raw),
        "post_number": one.number,
        "post_type": one.type,
        "updated_at": stamp(one.updated),
        "reply_count": 0,
        "reply_to_post_number": one.reply_to,
        "quote_count": one.raw.count("[quote="),
        "incoming_link_count": 0,
        "reads": 1,
        "score": 0.2,
        "topic_id": one.topic.id,
        "topic_slug": slug(one.topic.title),
        "topic_title": one.topic.title,
        "topic_html_title": html.escape(one.topic.title),
        "category_id": None if one.topic.members is not None else one.topic.category,
        "display_username": one.author.name,
        "primary_group_name": None,
        "version": one.version,
        "user_title": None,
        "bookmarked": False,
        "moderator": one.author.moderator,
        "admin": False,
        "staff": one.author.moderator,
        "user_id": one.author.id,
        "hidden": one.hidden,
        "trust_level": 2,
        "deleted_at": stamp(one.deleted),
        "user_deleted": False,
        "edit_reason": None,
        "wiki": False,
    }
    if answered is not None:
        author = answered.author
        shape["reply_to_user"] = {"id": author.id, "username": author.username, "name": author.name}
    return shape | ({"raw": one.raw} if raw else {})


def hooked(board: Board, one: Post) -> dict[str, Any]:
    """Return a post as in webhooks."""
    private = one.topic.members is not None
    return post(board, one) | {
        "topic_posts_count": len(one.topic.posts),
        "topic_filtered_posts_count": len(one.topic.posts),
        "topic_archetype": "private_message" if private else "regular",
        "category_slug": None if private else CATEGORIES.get(one.topic.category, ""),
    }


def topic(board: Board, one: Topic, *, raw: bool) -> dict[str, Any]:
    """Return a topic with its first posts."""
    shown = board.shown(one)
    last = shown[-1].author if shown else one.author
    members = [board.users[name] for name in one.members or ()]
    return hooked_topic(board, one) | {
        "post_stream": {
            "posts": [post(board, each, raw=raw) for each in shown[:20]],
            "stream": [each.id for each in shown],
        },
        "details": {
            "can_create_post": not one.closed,
            "created_by": person(one.author),
            "last_poster": person(last),
            "allowed_users": [person(each) for each in members],
        },
        "highest_post_number": len(one.posts),
    }


def hooked_topic(board: Board, one: Topic) -> dict[str, Any]:
    """Return a topic as in webhooks: without its posts."""
    shown = board.shown(one)
    return {
        "id": one.id,
        "title": one.title,
        "fancy_title": html.escape(one.title),
        "posts_count": len(shown),
        "created_at": stamp(shown[0].created if shown else None),
        "views": 1,
        "reply_count": max(0, len(shown) - 1),
        "closed": one.closed,
        "archived": False,
        "archetype": "regular" if one.members is None else "private_message",
        "slug": slug(one.title),
        "category_id": one.category if one.members is None else None,
        "user_id": one.author.id,
        "deleted_at": stamp(datetime.now(UTC)) if one.deleted else None,
        "created_by": person(one.author),
        "last_poster": person(shown[-1].author if shown else one.author),
    }


def person(user: User) -> dict[str, Any]:
    """Return a user as in details."""
    return {"id": user.id, "username": user.username, "name": user.name, "avatar_template": ""}
