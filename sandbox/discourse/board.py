"""The forum itself: users, topics and posts, and what its rules refuse."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from msgspec import Struct

REGULAR, SMALL_ACTION, WHISPER = 1, 3, 4
SYSTEM_ID = -1
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class Refusal(Exception):
    """The forum does not take it; the errors are what it says."""

    def __init__(self, *errors: str) -> None:
        """Take the sentences of the forum."""
        super().__init__(" ".join(errors))
        self.errors = errors


class TooSoon(Exception):
    """The user must wait before posting again."""

    def __init__(self, wait_s: float) -> None:
        """Take for how many seconds."""
        super().__init__(f"wait {wait_s:.0f} s")
        self.wait_s = wait_s


class User(Struct, kw_only=True):
    """A member of the forum."""

    id: int
    username: str
    name: str
    moderator: bool = False
    #: Oldest first.
    posts: list["Post"] = []


class Topic(Struct, kw_only=True):
    """A topic, or a private message."""

    id: int
    title: str
    author: User
    category: int = 4
    closed: bool = False
    deleted: bool = False
    #: Who takes part, for a private message; None = everybody.
    members: tuple[str, ...] | None = None
    posts: list["Post"] = []


class Post(Struct, kw_only=True):
    """A post."""

    id: int
    topic: Topic
    number: int
    author: User
    raw: str
    type: int = REGULAR
    reply_to: int | None = None
    version: int = 1
    created: datetime
    updated: datetime
    deleted: datetime | None = None
    hidden: bool = False


class Limits(Struct, kw_only=True):
    """The forum's settings as they are installed; the pace is left to tests, for hours would go by."""

    shortest: int = 20
    longest: int = 32_000
    consecutive: int = 3
    unique_minutes: float = 5.0
    #: Discourse: 5. Moderators are free of it.
    seconds_between_posts: float = 0.0


class Draft(Struct, frozen=True, kw_only=True):
    """What somebody wants to post."""

    raw: str
    #: None: a new topic with this title.
    topic: Topic | None = None
    title: str = ""
    category: int = 4
    members: tuple[str, ...] | None = None
    reply_to: int | None = None
    type: int = REGULAR


class Board:
    """Holds everything; ids grow over all topics, as at Discourse."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.users: dict[str, User] = {}
        self.topics: dict[int, Topic] = {}
        self.posts: dict[int, Post] = {}
        self._next_post = 1000
        self.system = self._enrol(SYSTEM_ID, "system", "system")

    def user(self, username: str, name: str = "", *, moderator: bool = False) -> User:
        """Return the member, enrolled if new."""
        known = self.users.get(username.lower())
        return known or self._enrol(len(self.users) + 100, username, name or username, moderator=moderator)

    def _enrol(self, id: int, username: str, name: str, *, moderator: bool = False) -> User:
        user = User(id=id, username=username, name=name, moderator=moderator)
        self.users[username.lower()] = user
        return user

    def check(self, author: User, draft: Draft) -> None:
        """See that the forum takes it. Raises Refusal or TooSoon."""
        text = _COMMENT.sub("", draft.raw).strip()
        topic, limits = draft.topic, self.limits
        if topic is not None and (topic.deleted or (topic.closed and not author.moderator)):
            raise Refusal(
                "Something has gone wrong. Perhaps this topic was closed or deleted while you were looking at it?"
            )
        if len(text) < limits.shortest:
            raise Refusal(f"Body is too short (minimum is {limits.shortest} characters)")
        if len(text) > limits.longest:
            raise Refusal(f"Body is limited to {limits.longest} characters; you entered {len(text)}.")
        if author.moderator:
            return
        mine, now = author.posts, datetime.now(UTC)
        if mine and (wait_s := limits.seconds_between_posts - (now - mine[-1].created).total_seconds()) > 0:
            raise TooSoon(wait_s)
        unique = timedelta(minutes=limits.unique_minutes)
        recent = takewhile(lambda one: now - one.created < unique, reversed(mine))
        if any(one.raw == draft.raw for one in recent):
            raise Refusal("Body is too similar to what you recently posted")
        if topic is not None and topic.members is None and topic.author is not author:
            last = [post.author for post in self.shown(topic)][-limits.consecutive :]
            if len(last) == limits.consecutive and all(one is author for one in last):
                raise Refusal(
                    f"No more than {limits.consecutive} consecutive replies are allowed. Please edit your "
                    "previous reply, or wait for someone to reply to you."
                )

    def add(self, author: User, draft: Draft) -> Post:
        """Post it, unchecked."""
        topic = draft.topic
        if topic is None:
            topic = Topic(
                id=len(self.topics) + 50,
                title=draft.title,
                author=author,
                category=draft.category,
                members=draft.members,
            )
            self.topics[topic.id] = topic
        now = datetime.now(UTC)
        self._next_post += 1
        post = Post(
            id=self._next_post,
            topic=topic,
            number=len(topic.posts) + 1,
            author=author,
            raw=draft.raw,
            type=draft.type,
            reply_to=draft.reply_to,
            created=now,
            updated=now,
        )
        self.posts[post.id] = post
        topic.posts.append(post)
        author.posts.append(post)
        return post

    def skip_ids(self, count: int) -> None:
        """Let ids go by, as posts do that we cannot see."""
        self._next_post += count

    def shown(self, topic: Topic) -> list[Post]:
        """Return the topic's posts that its readers see, in order."""
        return [post for post in topic.posts if post.deleted is None and post.type != WHISPER]

    def listed(self, *, private_for: str = "") -> Iterator[Post]:
        """Yield the posts of the list of newest posts, newest first."""
        for post in reversed(self.posts.values()):
            members = post.topic.members
            mine = members is None if not private_for else members is not None and private_for in members
            gone = post.deleted is not None or post.topic.deleted or post.hidden
            if mine and not gone and (post.type == REGULAR or private_for):
                yield post
