"""The same finds in what the Graph API tells of conversations and posts. Pure, as parse is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from channels.facebook import direct, feed, raw
from channels.facebook.feed import Remark
from channels.facebook.found import MESSAGE, Arrived, Found, Link, Own, View

#: The fields asked for, which the functions below read.
MESSAGE_FIELDS = (
    "id,created_time,from,to,message,sticker,attachments{name,mime_type,size,image_data,video_data,file_url}"
)
CONVERSATION_FIELDS = f"id,updated_time,participants,messages.limit(25){{{MESSAGE_FIELDS}}}"
COMMENT_FIELDS = "id,created_time,from,message,parent{id},message_tags,attachment"
POST_FIELDS = (
    "id,created_time,from,message,"
    f"comments.order(reverse_chronological).filter(stream).limit(50){{{COMMENT_FIELDS}}}"
)


def message(row: Mapping[str, Any], partner: str, view: View) -> Found | None:
    """Return a message of a conversation with `partner`; None for ours to somebody unknown. Raises Malformed."""
    mid, at = raw.needed(row, "id"), raw.from_iso(row.get("created_time"))
    writer = raw.part(row, "from")
    if not partner and raw.word(writer, "id") == view.page:
        return None
    partner = partner or raw.needed(writer, "id")  # two of whom nothing is known are not one person
    said, files = raw.text(row, "message"), _files(row)
    if not said and not files:
        said = "[sticker]" if row.get("sticker") else "[something that Facebook shows in Messenger only]"
    if raw.word(writer, "id") == view.page:
        frame = direct.from_page(partner, view, mid=mid, at=at)
        return Own(message=replace(frame, text=said), id=mid, files=files)
    name = raw.text(writer, "name")[:80]
    frame = direct.from_person(partner, view, key=MESSAGE + mid, at=at, name=name)
    return Arrived(message=replace(frame, text=said, message_id=MESSAGE + mid), files=files)


def partner(conversation: Mapping[str, Any], view: View) -> str:
    """Return the id of whom the page talks with; "" when Facebook does not say."""
    people = (raw.word(one, "id") for one in raw.rows(conversation, "participants"))
    return next((one for one in people if one and one != view.page), "")


def comment(row: Mapping[str, Any], post: str, view: View) -> Found | None:
    """Return a comment below the post. Raises Malformed."""
    writer = raw.part(row, "from")
    media = raw.part(raw.part(row, "attachment"), "media")
    url = raw.word(raw.part(media, "image"), "src")
    remark = Remark(
        id=raw.needed(row, "id"),
        post=post,
        parent=raw.word(raw.part(row, "parent"), "id"),
        person=raw.word(writer, "id"),
        name=raw.text(writer, "name")[:80],
        text=raw.text(row, "message"),
        at=raw.from_iso(row.get("created_time")),
        files=(Link(url=url, word="[picture]"),) if url else (),
        named=tuple(raw.word(one, "id") for one in raw.rows(row, "message_tags")),
    )
    return feed.remarked(remark, view)


def post(row: Mapping[str, Any], view: View) -> Found | None:
    """Return a post that a visitor left; None for the page's own. Raises Malformed."""
    writer = raw.part(row, "from")
    if not raw.word(writer, "id") or raw.word(writer, "id") == view.page:
        return None
    name = raw.needed(row, "id")
    return feed.remarked(
        Remark(
            id=name,
            post=name,
            person=raw.word(writer, "id"),
            name=raw.text(writer, "name")[:80],
            text=raw.text(row, "message"),
            at=raw.from_iso(row.get("created_time")),
        ),
        view,
    )


def when(row: Mapping[str, Any], key: str = "created_time") -> datetime | None:
    """Return when the row was made or, by another key, touched."""
    return raw.from_iso(row.get(key))


def _files(row: Mapping[str, Any]) -> tuple[Link, ...]:
    return tuple(link for one in raw.rows(row, "attachments") if (link := _link(one)) is not None)


def _link(one: Mapping[str, Any]) -> Link | None:
    name = raw.text(one, "name")[:200]
    for key, word in (("image_data", "[picture]"), ("video_data", "[video]")):
        if url := raw.word(raw.part(one, key), "url"):
            return Link(url=url, word=word, name=name)
    url = raw.word(one, "file_url")
    return Link(url=url, word="[file]", name=name) if url else None
