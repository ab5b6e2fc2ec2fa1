"""The page as one stand-in: what customers and our own people do on it, and what each of them sees."""

from datetime import timedelta
from typing import Any

from sandbox.crew import Crew
from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger
from sandbox.meta import shapes
from sandbox.meta.graph import Graph
from sandbox.meta.hooks import Hooks
from sandbox.meta.world import APP, INBOX_APP, PAGE, Comment, Mail, Media, Person, Post, World, now
from sandbox.stand import Site

SECRET = "the-app-secret-of-the-sandbox"  # noqa: S105  # made up
TOKEN = "EAAsandboxpagetoken"  # noqa: S105  # made up
VERIFY = "a-verify-token-of-the-sandbox"
_THUMB = "369239263222822"


class MetaStand:
    """A page of ours with any number of customers, in Messenger and below its posts."""

    knows = frozenset(Fault)

    def __init__(self) -> None:
        """Begin with one post and nobody there."""
        self.ledger = Ledger()
        self.faults = Faults()
        self.world = World()
        self._crew = Crew()
        self.hooks = Hooks(self._crew, self.faults, SECRET)
        self.graph = Graph(self.world, self.faults, TOKEN, SECRET)
        self.graph.mailed, self.graph.commented = self._mailed, self._commented
        self._site = Site(self.graph.routes(), body_bytes=32 * 1024 * 1024)
        self.world.post("We are open today from 8 to 18.")

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self.graph.stopping.clear()
        await self._crew.start()
        await self._site.start()
        self.graph.base = self._site.url

    async def stop(self) -> None:
        """Close everything; what was under way is dropped."""
        self.graph.stopping.set()
        await self._crew.stop()
        await self.hooks.close()
        await self._site.stop()

    @property
    def url(self) -> str:
        """The Graph API's address."""
        return self._site.url

    def settings(self) -> dict[str, object]:
        """Return the settings with which an account of the channel uses this page."""
        return {
            "api": self.url,
            "page_id": PAGE,
            "app_id": APP,
            "app_secret": SECRET,
            "page_token": self.graph.token,
            "verify_token": VERIFY,
            "poll_every": 2.0,
            "sends_per_minute": 6000,
        }

    async def connect(self, hook: str) -> None:
        """Send webhooks there from now on, once the address has answered the challenge. Raises ValueError."""
        self.hooks.url = hook
        if not await self.hooks.verify(VERIFY):
            self.hooks.url = ""
            raise ValueError(f"{hook} does not answer the challenge")

    async def write(self, customer: str, text: str, *, thread: str = "", public: bool = True) -> str:
        """Let a customer write: a comment on a post, or (`public` False) a message in Messenger.

        `thread`: a post or a comment to answer; without one, a post on which they have said nothing yet.
        Returns the comment's or message's id.
        """
        person = self.world.person(customer)
        if not public:
            return self.message(person, text).id
        comment = self.world.comment(self._place(person, thread), person, text)
        return self._told(comment)

    async def answer(self, customer: str, text: str) -> str:
        """Let one of our people answer in Meta's own inbox, where the customer wrote last; returns the id."""
        person = self.world.person(customer)
        if not person.last:
            mail = self.world.mail(person, text, ours=True)
            mail.app = INBOX_APP
            self._mailed(mail)
            return mail.id
        target = self.world.target(person.last)
        if target is None:
            raise ValueError(f"what {customer} wrote last is gone")
        comment = self.world.comment(target, None, text)
        comment.named = person if isinstance(target, Comment) and target.parent is not None else None
        self._commented(comment, target)
        return comment.id

    # --- what else customers do

    def message(self, person: Person, text: str, *, media: Media | None = None, sticker: str = "") -> Mail:
        """Let them write in Messenger."""
        mail = self.world.mail(person, text, ours=False)
        mail.media, mail.sticker = ([media] if media is not None else []), sticker
        self.ledger.wrote(id=mail.id, customer=person.name, text=text, thread=f"t_{person.id}")
        self.hooks.emit("messaging", shapes.said(mail, self.url))
        return mail

    def thumb(self, customer: str) -> Mail:
        """Let them press the thumb."""
        return self.message(self.world.person(customer), "", sticker=_THUMB)

    def visit(self, customer: str, text: str) -> Post:
        """Let them leave a post of their own on the page."""
        person = self.world.person(customer)
        post = self.world.post(text, person)
        person.last = post.id
        self.ledger.wrote(id=post.id, customer=customer, text=text, public=True, thread=post.id)
        self.hooks.emit("changes", shapes.posted(post))
        return post

    def press(self, customer: str, title: str) -> None:
        """Let them press a button."""
        person = self.world.person(customer)
        person.acted, person.last = now(), ""
        postback = {"mid": f"m_button{len(self.ledger)}", "title": title, "payload": "PRESSED"}
        self.ledger.wrote(id=postback["mid"], customer=customer, text=title, thread=f"t_{person.id}")
        self.hooks.emit("messaging", shapes.messaging(person, person.acted, postback=postback))

    def come_by_advert(self, customer: str) -> None:
        """Let them open Messenger from an advert, writing nothing yet."""
        person = self.world.person(customer)
        person.advert = now()
        referral = {"ref": "", "source": "ADS", "type": "OPEN_THREAD", "ad_id": "6045246247433"}
        self.hooks.emit("messaging", shapes.messaging(person, person.advert, referral=referral))

    def edit(self, name: str, text: str) -> None:
        """Let the author change a comment or message."""
        if name in self.world.comments:
            comment = self.world.comments[name]
            comment.text = text
            self.hooks.emit("changes", shapes.change(comment, "edited", self.url))
            return
        mail = self.world.mails[name]
        mail.text = text
        edit = {"mid": name, "text": text, "num_edit": 1}
        self.hooks.emit("messaging", shapes.messaging(mail.person, now(), message_edit=edit))

    def remove(self, name: str) -> None:
        """Let the author take a comment away."""
        comment = self.world.comments[name]
        comment.removed = True
        self.hooks.emit("changes", shapes.change(comment, "remove", self.url))

    def like(self, customer: str) -> None:
        """Let them react to the newest post, and in Messenger."""
        person, post = self.world.person(customer), self.world.posts[-1]
        value = {
            "item": "reaction",
            "verb": "add",
            "reaction_type": "like",
            "post_id": post.id,
            "from": shapes.who(person),
        }
        self.hooks.emit("changes", {"field": "feed", "value": value})
        reaction = {"mid": "m_1", "action": "react", "reaction": "love", "emoji": "❤"}
        self.hooks.emit("messaging", shapes.messaging(person, now(), reaction=reaction))

    def let_pass(self, customer: str, hours: float) -> None:
        """Let so much time have gone by since the customer did what they did."""
        person, gone = self.world.person(customer), timedelta(hours=hours)
        person.acted = person.acted - gone if person.acted is not None else None
        person.advert = person.advert - gone if person.advert is not None else None
        for comment in self.world.comments.values():
            if comment.author is person:
                comment.at -= gone

    # --- what reaches whom

    def _place(self, person: Person, thread: str) -> Post | Comment:
        if thread:
            target = self.world.target(thread)
            if target is None:
                raise ValueError(f"there is no post or comment {thread}")
            return target
        silent = (
            one
            for one in reversed(self.world.posts)
            if all(each.author is not person for each in one.comments)
        )
        found = next(silent, None)
        return found if found is not None else self.world.post("What would you like to know?")

    def _told(self, comment: Comment) -> str:
        name = comment.author.name if comment.author is not None else ""
        self.ledger.wrote(
            id=comment.id, customer=name, text=comment.text, public=True, thread=comment.post.id
        )
        self.hooks.emit("changes", shapes.change(comment, "add", self.url))
        return comment.id

    def _mailed(self, mail: Mail) -> None:
        self.ledger.heard(id=mail.id, customer=mail.person.name, text=mail.text, thread=f"t_{mail.person.id}")
        self.hooks.emit("messaging", shapes.said(mail, self.url))
        delivery: dict[str, Any] = {"mids": [mail.id], "watermark": shapes.ms(mail.at)}
        self.hooks.emit("messaging", shapes.messaging(mail.person, mail.at, delivery=delivery))

    def _commented(self, comment: Comment, target: Post | Comment) -> None:
        reader = target.author
        if reader is not None:
            where = comment.post.id
            self.ledger.heard(
                id=comment.id, customer=reader.name, text=comment.text, public=True, thread=where
            )
        self.hooks.emit("changes", shapes.change(comment, "add", self.url))
