"""Posts of a Discourse forum to values that the router takes. Pure: no files, no network, no clock."""

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

from msgspec import Struct
from msgspec.structs import replace

from channels.forum import html, markup
from channels.forum.markup import Marked, Upload
from channels.forum.post import PRIVATE, REGULAR, Post, read, utc
from channels.forum.settings import View
from channels.message import Identity, Kind, Message

IDENTITY = "forum"
_LONGEST_TITLE = 500
_LONGEST_CODE = 3


class Event(StrEnum):
    """What happened to a post."""

    CREATED = "created"
    EDITED = "edited"
    RECOVERED = "recovered"
    DESTROYED = "destroyed"


#: The events of Discourse that carry a post.
EVENTS = {f"post_{event.value}": event for event in Event}


class Reading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of a post."""

    #: None: it is not for us; `dropped` says why.
    message: Message | None = None
    dropped: str = ""
    #: Files to be fetched, if wanted.
    uploads: tuple[Upload, ...] = ()
    #: Written by our own account: it may be a copy of what we sent, as the mark says.
    own: bool = False
    mark: Marked | None = None
    #: What we would have been asked to send, if it is one.
    sent: str = ""
    #: Which of our people wrote it, where `staff` says their mail address.
    agent: Identity | None = None
    #: A private message: it is for us only when our account takes part.
    private: bool = False
    post: int = 0
    topic: int = 0


def body(raw: bytes, content_type: str) -> dict[str, Any]:
    """Return the object that a webhook carries. Raises ValueError saying what is wrong."""
    text = raw.decode("utf-8")
    if content_type == "application/x-www-form-urlencoded" and not text.lstrip().startswith("{"):
        fields = parse_qs(text, max_num_fields=100)
        text = (fields.get("payload") or [""])[0]
    try:
        found = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    return found


def event(happened: Event, data: Any, view: View, at: datetime) -> Reading:
    """Return what becomes of a post to which something happened. Never raises."""
    try:
        return _event(happened, read(data), view, at)
    except ValueError as error:
        return unreadable(data, str(error), view, at)


def unreadable(data: Any, reason: str, view: View, at: datetime) -> Reading:
    """Return a message for a post that cannot be understood, so that a person looks at it."""
    given = data if isinstance(data, dict) else {}
    number = given.get("id")
    numbered = isinstance(number, int) and not isinstance(number, bool) and number > 0
    digest = hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:16]
    name = str(number) if numbered else digest
    message = Message(
        key=f"dc:{view.site}:{name}:unreadable",
        channel=view.channel,
        account=view.account,
        kind=Kind.UNREADABLE,
        received_at=at,
        sender=Identity(kind=IDENTITY, address=f"{view.site}/unknown-{digest}"),
        no_note="the post could not be read",
        reason=f"This post could not be read: {reason}. Look at it on the forum.",
    )
    topic = given.get("topic_id")
    return Reading(
        message=message,
        private=given.get("topic_archetype") == PRIVATE,
        topic=topic if isinstance(topic, int) else 0,
    )


def message_id(view: View, post: int) -> str:
    """Return the name by which a post is cited."""
    return f"dc:{view.site}:{post}"


def post_of(message_id: str) -> int:
    """Return the post that a name stands for; 0 when it is no post's."""
    number = message_id.rpartition(":")[2]
    return int(number) if message_id.startswith("dc:") and number.isdigit() else 0


def topic_of(thread: str) -> int:
    """Return the topic that a thread stands for; 0 when it is none."""
    kind, _, number = thread.partition("/")
    return int(number) if kind == "topic" and number.isascii() and number.isdigit() else 0


def _event(happened: Event, post: Post, view: View, at: datetime) -> Reading:
    reason = _not_for_us(post, view)
    if reason:
        return Reading(dropped=reason, post=post.id, topic=post.topic_id)
    own = post.username.lower() == view.us
    staff = own or post.username.lower() in view.staff or (view.site_staff and post.by_site_staff)
    if post.gone:
        happened = Event.DESTROYED
    if staff and happened is not Event.CREATED:
        return Reading(dropped="our own people changed what they wrote", post=post.id, topic=post.topic_id)
    if staff and post.post_number == 1:
        return Reading(dropped="our own people began a topic", post=post.id, topic=post.topic_id)
    if post.hidden and happened is not Event.DESTROYED:
        return Reading(dropped="hidden by the forum", post=post.id, topic=post.topic_id)
    message = _message(happened, post, view, at)
    if staff:
        message = replace(message, kind=Kind.AGENT, no_note="")
    raw = post.raw or ""
    return Reading(
        message=message,
        agent=_agent(post, view) if staff else None,
        sent=markup.sent_text(raw) if own else "",
        uploads=() if happened is Event.DESTROYED else markup.uploads(raw),
        own=own,
        mark=markup.marked(raw) if own else None,
        private=not message.public,
        post=post.id,
        topic=post.topic_id,
    )


def _not_for_us(post: Post, view: View) -> str:
    if post.post_type != REGULAR:
        return "not an ordinary post: a whisper, or an action of a moderator"
    if post.user_id < 0:
        return "written by the forum itself"
    if post.username.lower() in view.ignored:
        return "`ignore` names its author"
    if post.topic_archetype == PRIVATE:
        return "" if view.private else "`private_messages` ignores them"
    named = {str(post.category_id), (post.category_slug or "").lower()} - {"", "None"}
    if view.categories and not named & view.categories:
        return "not in one of the `categories`"
    return ""


def _message(happened: Event, post: Post, view: View, at: datetime) -> Message:
    own, full = _texts(post, view)
    changed = happened is not Event.CREATED
    name = message_id(view, post.id)
    if happened is Event.DESTROYED:
        own, full = "", ""
    return Message(
        key=f"{name}:{_what(happened, post)}",
        channel=view.channel,
        account=view.account,
        kind=_KINDS[happened],
        received_at=at,
        sent_at=utc(post.updated_at if changed else post.created_at),
        sender=_person(post, view),
        subject=markup.clean(post.topic_title or "").strip()[:_LONGEST_TITLE],
        text=own,
        full_text=full if full != own else "",
        thread=f"topic/{post.topic_id}",
        message_id="" if changed else name,
        about=name if changed else "",
        no_note="" if changed else _not_addressed(post, view),
        language=_language(post.locale),
        public=post.topic_archetype != PRIVATE,
    )


_KINDS = {
    Event.CREATED: Kind.CUSTOMER,
    Event.EDITED: Kind.EDIT,
    Event.RECOVERED: Kind.EDIT,
    Event.DESTROYED: Kind.DELETE,
}


def _what(happened: Event, post: Post) -> str:
    """Return the end of the key: equal for one change seen by webhook and by polling.

    Discourse gives an edit within the first minutes no new version, so its text tells it from others.
    """
    if happened is Event.CREATED:
        return "post"
    if happened is Event.DESTROYED:
        return f"delete:{post.version}"
    text = f"{post.raw if post.raw is not None else post.cooked}"
    if happened is Event.RECOVERED:
        text += f"\n{post.updated_at}"
    return f"edit:{post.version}:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _texts(post: Post, view: View) -> tuple[str, str]:
    if post.raw is not None:
        full = markup.plain(post.raw, view.base)
        return markup.unquoted(full), full
    own, full = html.text(post.cooked or "")
    return markup.clean(own), markup.clean(full)


def _person(post: Post, view: View) -> Identity:
    """Return the author: a username may change and come to another person, the number stays."""
    shown = markup.clean(post.name or "").strip()[:100] or post.username
    return Identity(
        kind=IDENTITY,
        address=f"{view.site}/{post.user_id}",
        name=shown,
        spelling=post.username,
        verified=True,
    )


def _agent(post: Post, view: View) -> Identity | None:
    mail = view.staff.get(post.username.lower(), "")
    name = _person(post, view).name
    return Identity(kind="email", address=mail, name=name, verified=True) if mail else None


def _not_addressed(post: Post, view: View) -> str:
    """Return why it wants no note: members who talk with each other have not asked us."""
    other = post.reply_to_user.username.lower() if post.reply_to_user else ""
    if not other or other in {view.us, post.username.lower()} or other in view.staff:
        return ""
    return "it answers another member of the forum"


def _language(locale: str | None) -> str:
    code = (locale or "").lower().partition("_")[0].partition("-")[0]
    return code if code.isascii() and code.isalpha() and 2 <= len(code) <= _LONGEST_CODE else ""


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
