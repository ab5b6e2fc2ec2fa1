"""The page in public: comments, and posts that visitors leave, as webhooks of the field `feed` tell of them."""

import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from channels.facebook import raw
from channels.facebook.found import COMMENT, PRIVATE, Arrived, Found, Link, Own, View
from channels.message import Identity, Kind, Message

#: What a visitor's own post may be called.
_POSTS = {"status", "post", "photo", "video", "share"}
_CHANGES = {"edited": Kind.EDIT, "unhide": Kind.EDIT, "remove": Kind.DELETE, "hide": Kind.DELETE}
_REASONS = {"hide": "hidden on the page", "unhide": "shown on the page again"}


class Remark(Struct, frozen=True, kw_only=True):
    """A comment or a visitor's post, whichever way it came to us."""

    id: str
    post: str
    #: The comment that it answers; "" when it stands directly below the post, or is one.
    parent: str = ""
    person: str = ""
    name: str = ""
    text: str = ""
    at: Any = None
    files: tuple[Link, ...] = ()
    named: tuple[str, ...] = ()


def read(value: Mapping[str, Any], view: View) -> Found | None:
    """Return what the change says; None for reactions, likes, shares and the page's own posts."""
    item, verb = raw.word(value, "item"), raw.word(value, "verb")
    if item != "comment" and item not in _POSTS:
        return None
    if verb == "add":
        return remarked(_remark(value, comment=item == "comment"), view)
    if verb in _CHANGES:
        return _changed(_remark(value, comment=item == "comment"), verb, value, view)
    return None


def remarked(remark: Remark, view: View) -> Found | None:
    """Return the comment or post as what a customer wrote, or as what the page did; None for its own posts.

    An own comment directly below a post cites nothing: whose the post is, it does not say.
    """
    if remark.person != view.page:
        return Arrived(message=_from_person(remark, view), files=remark.files)
    if remark.id == remark.post:
        return None
    message = Message(
        key=f"{COMMENT}{remark.id}:add",
        channel="facebook",
        account=view.account,
        kind=Kind.AGENT,
        received_at=view.at,
        sent_at=remark.at,
        sender=Identity(kind="facebook", address=view.page, name=remark.name, verified=True),
        text=_words(remark),
        references=(COMMENT + remark.parent,) if remark.parent else (),
        public=True,
    )
    return Own(message=message, id=remark.id, post=remark.post, files=remark.files, named=remark.named)


def _from_person(remark: Remark, view: View) -> Message:
    begun = min(remark.at or view.at, view.at)
    return Message(
        key=f"{COMMENT}{remark.id}:add",
        channel="facebook",
        account=view.account,
        received_at=view.at,
        sent_at=remark.at,
        sender=_author(remark),
        to=(view.page,),
        text=_words(remark),
        thread=thread(remark.post, _author(remark).address),
        message_id=COMMENT + remark.id,
        public=True,
        reply_until=begun + PRIVATE if view.private else None,
    )


def _changed(remark: Remark, verb: str, value: Mapping[str, Any], view: View) -> Found | None:
    if remark.person == view.page:
        return None
    kind = _CHANGES[verb]
    # It may be edited or hidden more than once; each time is a change of its own.
    state = f"{raw.word(value, 'created_time')}\n{remark.text}".encode("utf-8", "replace")
    suffix = "" if verb == "remove" else ":" + hashlib.sha256(state).hexdigest()[:12]
    message = replace(
        _from_person(remark, view),
        key=f"{COMMENT}{remark.id}:{verb}{suffix}",
        kind=kind,
        text=remark.text if kind is Kind.EDIT else "",
        message_id="",
        about=COMMENT + remark.id,
        reason=_REASONS.get(verb, ""),
        reply_until=None,
    )
    if not remark.person:  # Facebook does not say whose it was; the name of what it speaks of leads there
        message = replace(message, thread="")
    return Arrived(message=message)


def thread(post: str, person: str) -> str:
    """Return the name of all that a person writes below one post."""
    return f"{post}/{person}"


def _author(remark: Remark) -> Identity:
    """Return who wrote it; apps without Advanced Access, and people's own choice, leave that out."""
    person = remark.person or f"unknown-{remark.id}"
    return Identity(kind="facebook", address=person, name=remark.name, verified=bool(remark.person))


def _words(remark: Remark) -> str:
    return remark.text or ("" if remark.files else "[something that Facebook shows on the page only]")


def _remark(value: Mapping[str, Any], *, comment: bool) -> Remark:
    post = raw.needed(value, "post_id")
    writer = raw.part(value, "from")
    parent = raw.word(value, "parent_id")
    return Remark(
        id=raw.needed(value, "comment_id") if comment else post,
        post=post,
        parent=parent if comment and parent != post else "",
        person=raw.word(writer, "id"),
        name=raw.text(writer, "name")[:80],
        text=raw.text(value, "message"),
        at=raw.from_s(value.get("created_time")),
        files=_files(value),
        named=tuple(raw.word(one, "id") for one in raw.rows(value, "message_tags")),
    )


def _files(value: Mapping[str, Any]) -> tuple[Link, ...]:
    words = (("photo", "[picture]"), ("video", "[video]"))
    links = [Link(url=raw.word(value, key), word=said) for key, said in words if raw.word(value, key)]
    if not links and raw.word(value, "link") and raw.word(value, "item") == "photo":
        links = [Link(url=raw.word(value, "link"), word="[picture]")]
    return tuple(links)
