"""The forum as one stand-in: what customers and our own people do there, and what each of them sees."""

import re
from datetime import UTC, datetime

from sandbox.crew import Crew
from sandbox.discourse import shapes
from sandbox.discourse.board import SMALL_ACTION, WHISPER, Board, Draft, Post, Topic, User
from sandbox.discourse.emitter import Emitter, Event
from sandbox.discourse.site import Api
from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger
from sandbox.stand import Site

SECRET = "a-webhook-secret-of-the-sandbox"  # noqa: S105  # made up
AGENT, AGENT_MAIL = "maria_j", "maria@example.com"
_COMMENT = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)
_TITLE_WORDS = 9


class DiscourseStand:
    """A forum with an account of ours, one of our people, and any number of customers."""

    knows = frozenset(Fault) - {Fault.WINDOW}

    def __init__(self) -> None:
        """Begin with an empty forum."""
        self.ledger = Ledger()
        self.faults = Faults()
        self.board = Board()
        self._crew = Crew()
        self.hooks = Emitter(self._crew, self.faults, SECRET)
        self.api = Api(self.board, self.faults, self._posted_by_us)
        self._site = Site(self.api.routes())
        self._customers: dict[str, User] = {}

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self.api.stopping.clear()
        await self._crew.start()
        await self._site.start()
        self.hooks.instance = self.url

    async def stop(self) -> None:
        """Close everything; what was under way is dropped."""
        self.api.stopping.set()
        await self._crew.stop()
        await self._site.stop()

    @property
    def url(self) -> str:
        """The forum's address."""
        return self._site.url

    def settings(self) -> dict[str, object]:
        """Return the settings with which an account of the channel uses this forum."""
        return {
            "api": self.url,
            "api_username": self.api.us.username,
            "api_key": self.api.key,
            "webhook_secret": SECRET,
            "poll_every": 2.0,
            "staff": (f"{AGENT}={AGENT_MAIL}",),
            "sends_per_minute": 6000,
        }

    async def connect(self, hook: str) -> None:
        """Send webhooks there from now on, a ping first."""
        self.hooks.hook = hook
        self.hooks.emit(Event(type="ping", name="", payload=None))

    async def write(self, customer: str, text: str, *, thread: str = "", public: bool = True) -> str:
        """Let a customer write: a new topic, a reply, or a private message to our account.

        `thread`: `topic/12`, or what an earlier call returned. Returns the post's id.
        """
        author = self.customer(customer)
        topic = self._topic(thread)
        members = None if public or topic is not None else (self.api.us.username, author.username)
        title = " ".join(text.split()[:_TITLE_WORDS])
        post = self.board.add(author, Draft(raw=text, topic=topic, title=title, members=members))
        self.ledger.wrote(
            id=str(post.id),
            customer=customer,
            text=text,
            public=post.topic.members is None,
            thread=f"topic/{post.topic.id}",
        )
        self.announce(post)
        return str(post.id)

    async def answer(self, customer: str, text: str) -> str:
        """Let one of our people answer in the topic in which the customer wrote last."""
        author = self.customer(customer)
        if not author.posts:
            raise ValueError(f"{customer} has not written on the forum")
        last = author.posts[-1]
        agent = self.board.user(AGENT, "Maria Jensen")
        members = last.topic.members
        if members is not None and agent.username not in members:
            agent = self.api.us  # nobody else sees it: she signs in as the account
        post = self.board.add(agent, Draft(raw=text, topic=last.topic, reply_to=last.number))
        self._heard(post)
        self.announce(post)
        return str(post.id)

    # what else happens on a forum

    def customer(self, name: str) -> User:
        """Return the member that the customer is, enrolled if new."""
        if name not in self._customers:
            base = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:18] or "member"
            taken = base in self.board.users
            username = f"{base}_{len(self.board.users)}" if taken else base
            self._customers[name] = self.board.user(username, name)
        return self._customers[name]

    def edit(self, post: int, text: str, *, new_version: bool = True) -> None:
        """Let the author change a post; within the first minutes Discourse counts no new version."""
        one = self.board.posts[post]
        one.raw, one.updated = text, datetime.now(UTC)
        one.version += 1 if new_version else 0
        self.announce(one, "post_edited")

    def delete(self, post: int) -> None:
        """Let a moderator delete a post."""
        one = self.board.posts[post]
        one.deleted = datetime.now(UTC)
        self.announce(one, "post_destroyed")

    def close(self, thread: str) -> None:
        """Close a topic: a small action says so in it."""
        topic = self._topic(thread)
        if topic is None:
            raise ValueError(f"there is no topic {thread}")
        topic.closed = True
        self.announce(self.board.add(self.board.system, Draft(raw="", topic=topic, type=SMALL_ACTION)))

    def whisper(self, thread: str, text: str) -> None:
        """Let staff of the forum write what only staff sees."""
        draft = Draft(raw=text, topic=self._topic(thread), type=WHISPER)
        self.announce(self.board.add(self.board.user("mod", "A moderator", moderator=True), draft))

    def announce(self, post: Post, name: str = "post_created") -> None:
        """Send the webhooks of a post."""
        if name == "post_created" and post.number == 1:
            payload = shapes.hooked_topic(self.board, post.topic)
            self.hooks.emit(Event(type="topic", name="topic_created", payload=payload))
        self.hooks.emit(Event(type="post", name=name, payload=shapes.hooked(self.board, post)))

    def _posted_by_us(self, post: Post) -> None:
        self._heard(post)
        self.announce(post)

    def _heard(self, post: Post) -> None:
        """Note it for the customer whom it answers: of a post in public there is one copy."""
        shown = {one.number: one for one in self.board.shown(post.topic)}
        answered = shown.get(post.reply_to or 0)
        while answered is not None and answered.author.username in {self.api.us.username, AGENT}:
            answered = shown.get(answered.reply_to or 0)  # what adds to our own words is for whom those were
        members = post.topic.members
        partner = next((name for name in members or () if name != self.api.us.username), "")
        addressed = (
            self.board.users[partner] if partner else (answered.author if answered else post.topic.author)
        )
        name = next((known for known, user in self._customers.items() if user is addressed), addressed.name)
        self.ledger.heard(
            id=str(post.id),
            customer=name,
            text=_COMMENT.sub("", post.raw),
            public=members is None,
            thread=f"topic/{post.topic.id}",
        )

    def _topic(self, thread: str) -> Topic | None:
        if not thread:
            return None
        number = thread.removeprefix("topic/")
        if thread != number:
            return self.board.topics.get(int(number))
        post = self.board.posts.get(int(number)) if number.isdigit() else None
        if post is None:
            raise ValueError(f"there is no topic or post {thread}")
        return post.topic
