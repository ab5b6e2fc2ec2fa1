"""Everything on the made-up X: people, posts and direct messages."""

import html
import itertools
import re
import time
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

_EPOCH_MS = 1288834974657
_HANDLE = re.compile(r"@(\w{1,15})")
_URL = re.compile(r"https?://[^\s<>\"]+")


class User(Struct, kw_only=True):
    """An account on X."""

    id: str
    username: str
    name: str
    automated: bool = False


class Post(Struct, kw_only=True):
    """A post."""

    id: str
    author: User
    text: str
    conversation: str
    at: datetime
    answers: "Post | None" = None
    quotes: "Post | None" = None
    history: tuple[str, ...] = ()
    lang: str = "en"
    deleted: bool = False
    #: An edited post is shown in its last version only.
    replaced: bool = False


class Direct(Struct, kw_only=True):
    """A direct message between two people."""

    id: str
    sender: User
    recipient: User
    text: str
    at: datetime


class World:
    """Who is there and what they wrote."""

    def __init__(self, me: User) -> None:
        """Take our account."""
        self.me = me
        self._sequence = itertools.count()
        self._people = itertools.count(2_000_000_000_000_000_000)
        self.users: dict[str, User] = {me.name: me}
        self.posts: dict[str, Post] = {}
        self.directs: list[Direct] = []
        #: The last thing that each person wrote to us: a Post or a Direct.
        self.last: dict[str, Post | Direct] = {}

    def number(self) -> str:
        """Return a number as X makes them: milliseconds, machine, sequence."""
        now = int(time.time() * 1000) - _EPOCH_MS
        return str((now << 22) | (1 << 12) | (next(self._sequence) & 0xFFF))

    def user(self, name: str) -> User:
        """Return the person of that name, who is made up when first asked for."""
        if name not in self.users:
            id_ = str(next(self._people))
            plain = re.sub(r"\W", "", name, flags=re.ASCII)[:9]
            self.users[name] = User(id=id_, username=f"{plain or 'user'}{id_[-4:]}", name=name)
        return self.users[name]

    def by_id(self, id_: str) -> User | None:
        """Return the person with the number."""
        return next((one for one in self.users.values() if one.id == id_), None)

    def add_post(
        self, author: User, text: str, *, answers: Post | None = None, quotes: Post | None = None
    ) -> Post:
        """Publish a post; an answer begins with the handles of those answered, as X puts them there."""
        if answers is not None:
            called = self._callers(answers, author)
            text = "".join(f"@{one} " for one in called if f"@{one}" not in text) + text
        id_ = self.number()
        post = Post(
            id=id_,
            author=author,
            text=text,
            conversation=answers.conversation if answers is not None else id_,
            at=_now(),
            answers=answers,
            quotes=quotes,
            history=(id_,),
        )
        self.posts[id_] = post
        return post

    def add_direct(self, sender: User, recipient: User, text: str) -> Direct:
        """Deliver a direct message."""
        direct = Direct(id=self.number(), sender=sender, recipient=recipient, text=text, at=_now())
        self.directs.append(direct)
        return direct

    def edit(self, post: Post, text: str) -> Post:
        """Publish a later version under a new number."""
        id_ = self.number()
        later = Post(
            id=id_,
            author=post.author,
            text=text,
            conversation=post.conversation,
            at=_now(),
            answers=post.answers,
            quotes=post.quotes,
            history=(*post.history, id_),
        )
        post.replaced = True
        self.posts[id_] = later
        return later

    def mentions(self, post: Post, user: User) -> bool:
        """Tell whether the post names the user."""
        return user.username.lower() in {one.lower() for one in _HANDLE.findall(post.text)}

    def customer(self, post: Post | None) -> User | None:
        """Return whom an answer of ours reaches: the nearest author above who is not us."""
        while post is not None and post.author is self.me:
            post = post.answers
        return post.author if post is not None else None

    def _callers(self, answers: Post, author: User) -> list[str]:
        if answers.author is not author:
            return [answers.author.username]
        above = self.customer(answers)
        return [above.username] if above is not None and above is not author else []

    # as the API shows them

    def shown(self, post: Post) -> dict[str, Any]:
        """Return the post as API v2 lists it."""
        text, urls = _shortened(post.text)
        handles = [(found, self._called(found[1])) for found in _HANDLE.finditer(text)]
        refers = [("quoted", post.quotes), ("replied_to", post.answers)]
        data: dict[str, Any] = {
            "id": post.id,
            "text": text,
            "author_id": post.author.id,
            "conversation_id": post.conversation,
            "created_at": _stamp(post.at),
            "lang": post.lang,
            "edit_history_tweet_ids": list(post.history),
            "referenced_tweets": [{"type": kind, "id": one.id} for kind, one in refers if one is not None],
            "entities": {
                "urls": urls,
                "mentions": [
                    {"start": found.start(), "end": found.end(), "username": user.username, "id": user.id}
                    for found, user in handles
                    if user is not None
                ],
            },
        }
        if post.answers is not None:
            data["in_reply_to_user_id"] = post.answers.author.id
        return data

    def _called(self, handle: str) -> User | None:
        return next((one for one in self.users.values() if one.username.lower() == handle.lower()), None)

    def listed(self, direct: Direct) -> dict[str, Any]:
        """Return the direct message as API v2 lists it."""
        text, urls = _shortened(direct.text)
        low, high = sorted((int(direct.sender.id), int(direct.recipient.id)))
        return {
            "id": direct.id,
            "event_type": "MessageCreate",
            "text": text,
            "sender_id": direct.sender.id,
            "dm_conversation_id": f"{low}-{high}",
            "created_at": _stamp(direct.at),
            "entities": {"urls": urls},
        }

    def old_direct(self, direct: Direct) -> dict[str, Any]:
        """Return the direct message as the activity API brings it, in the shape of v1.1."""
        text, urls = _shortened(direct.text)
        return {
            "direct_message_events": [
                {
                    "type": "message_create",
                    "id": direct.id,
                    "created_timestamp": str(int(direct.at.timestamp() * 1000)),
                    "message_create": {
                        "target": {"recipient_id": direct.recipient.id},
                        "sender_id": direct.sender.id,
                        "message_data": {"text": text, "entities": {"urls": urls}},
                    },
                }
            ],
            "users": {one.id: {"data": person(one)} for one in (direct.sender, direct.recipient)},
        }


def person(user: User) -> dict[str, Any]:
    """Return the user as API v2 lists them."""
    shown: dict[str, Any] = {"id": user.id, "username": user.username, "name": user.name}
    if user.automated:
        shown["affiliation"] = {"description": "Automated"}
    return shown


def _shortened(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the text as X stores it: links shortened, three signs escaped."""
    urls: list[dict[str, Any]] = []

    def short(found: re.Match[str]) -> str:
        name = f"https://t.co/{len(urls):02d}{abs(hash(found[0])) % 10**8:08d}"
        urls.append({"url": name, "expanded_url": found[0], "display_url": found[0][:30]})
        return name

    return html.escape(_URL.sub(short, text), quote=False), urls


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
