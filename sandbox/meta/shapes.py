"""Messages, comments and posts in the shapes of webhooks and of the Graph API, field by field as asked."""

from datetime import datetime
from typing import Any

from sandbox.meta.world import NAME, PAGE, Comment, Mail, Media, Person, Post


def stamp(at: datetime) -> str:
    """Return the instant as the Graph API writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def ms(at: datetime) -> int:
    """Return milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def who(person: Person | None) -> dict[str, str]:
    """Return a person, or the page."""
    return {"id": PAGE, "name": NAME} if person is None else {"id": person.id, "name": person.name}


# --- webhooks


def messaging(person: Person, at: datetime, *, from_page: bool = False, **what: Any) -> dict[str, Any]:
    """Return an item of `messaging`."""
    ends = ({"id": PAGE}, {"id": person.id}) if from_page else ({"id": person.id}, {"id": PAGE})
    return {"sender": ends[0], "recipient": ends[1], "timestamp": ms(at), **what}


def said(mail: Mail, base: str) -> dict[str, Any]:
    """Return a message as a webhook has it; echoes too."""
    message: dict[str, Any] = {"mid": mail.id}
    if mail.ours:
        message |= {"is_echo": True, "app_id": int(mail.app)}
        message |= {"metadata": mail.metadata} if mail.metadata else {}
    if mail.text:
        message["text"] = mail.text
    attachments = [
        {"type": sort(one), "payload": {"url": f"{base}/media/{mail.id}/{number}/{one.name}"}}
        for number, one in enumerate(mail.media)
    ]
    if mail.sticker:
        attachments.append({"type": "sticker", "payload": {"sticker_id": int(mail.sticker)}})
    if attachments:
        message["attachments"] = attachments
    return messaging(mail.person, mail.at, from_page=mail.ours, message=message)


def sort(media: Media) -> str:
    """Return Messenger's word for the kind of file."""
    kind = media.content_type.partition("/")[0]
    return kind if kind in {"image", "video", "audio"} else "file"


def change(comment: Comment, verb: str, base: str) -> dict[str, Any]:
    """Return an item of `changes` that tells of a comment."""
    value: dict[str, Any] = {
        "item": "comment",
        "verb": verb,
        "comment_id": comment.id,
        "post_id": comment.post.id,
        "parent_id": comment.parent.id if comment.parent is not None else comment.post.id,
        "from": who(comment.author),
        "created_time": int(comment.at.timestamp()),
    }
    if verb not in {"remove", "hide"}:
        value["message"] = comment.text
    if comment.media is not None:
        value["photo"] = f"{base}/media/{comment.id}/0/{comment.media.name}"
    return {"field": "feed", "value": value}


def posted(post: Post) -> dict[str, Any]:
    """Return an item of `changes` that tells of a post."""
    value = {
        "item": "status",
        "verb": "add",
        "post_id": post.id,
        "from": who(post.author),
        "message": post.text,
        "created_time": int(post.at.timestamp()),
        "published": 1,
    }
    return {"field": "feed", "value": value}


# --- Graph API


def mail_row(mail: Mail, base: str) -> dict[str, Any]:
    """Return a message of a conversation."""
    row: dict[str, Any] = {
        "id": mail.id,
        "created_time": stamp(mail.at),
        "from": who(None if mail.ours else mail.person),
        "to": {"data": [who(mail.person if mail.ours else None)]},
        "message": mail.text,
    }
    if mail.sticker:
        row["sticker"] = f"{base}/stickers/{mail.sticker}.png"
    if mail.media:
        rows = [
            _file_row(one, f"{base}/media/{mail.id}/{number}/{one.name}")
            for number, one in enumerate(mail.media)
        ]
        row["attachments"] = {"data": rows}
    return row


def _file_row(media: Media, url: str) -> dict[str, Any]:
    row: dict[str, Any] = {"name": media.name, "mime_type": media.content_type, "size": len(media.data)}
    place = {"image": "image_data", "video": "video_data"}.get(sort(media))
    return row | ({place: {"url": url}} if place else {"file_url": url})


def comment_row(comment: Comment, base: str) -> dict[str, Any]:
    """Return a comment."""
    row: dict[str, Any] = {
        "id": comment.id,
        "created_time": stamp(comment.at),
        "from": who(comment.author),
        "message": comment.text,
        "can_reply_privately": comment.author is not None and not comment.replied,
        "is_hidden": comment.hidden,
    }
    if comment.parent is not None:
        row["parent"] = comment_row(comment.parent, base)
    if comment.named is not None:
        row["message_tags"] = [{**who(comment.named), "type": "user", "offset": 0}]
    if comment.media is not None:
        src = f"{base}/media/{comment.id}/0/{comment.media.name}"
        row["attachment"] = {"type": "photo", "media": {"image": {"src": src}}}
    return row


def post_row(post: Post, base: str) -> dict[str, Any]:
    """Return a post with its comments, newest first."""
    rows = [comment_row(one, base) for one in reversed(post.comments) if not one.removed]
    return {
        "id": post.id,
        "created_time": stamp(post.at),
        "from": who(post.author),
        "message": post.text,
        "can_reply_privately": post.author is not None and not post.replied,
        "comments": {"data": rows},
    }
