"""What is on the page and in its Messenger, and who is who; rules of Meta's included."""

import itertools
import secrets
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field

from sandbox.meta import errors

PAGE, APP = "102938475610293", "1234567890123456"
NAME = "Example"
#: The app that answers typed in Meta's own inbox come from.
INBOX_APP = "263902037430900"
DAY, WEEK = timedelta(hours=24), timedelta(days=7)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Person(Struct, kw_only=True, eq=False):
    """A customer."""

    id: str
    name: str
    #: When they last did something in Messenger, and came by an advert.
    acted: datetime | None = None
    advert: datetime | None = None
    blocked: bool = False
    #: Where they wrote last: "" = Messenger, else the id of a comment or post.
    last: str = ""
    #: All that was said in Messenger, in order.
    mails: list["Mail"] = field(default_factory=list)


class Media(Struct, frozen=True, kw_only=True):
    """A picture or file that lies at Facebook."""

    name: str
    content_type: str
    data: bytes


class Mail(Struct, kw_only=True, eq=False):
    """One message in Messenger."""

    id: str
    person: Person
    ours: bool
    text: str = ""
    at: datetime
    media: list[Media] = field(default_factory=list)
    sticker: str = ""
    metadata: str = ""
    app: str = ""


class Comment(Struct, kw_only=True, eq=False):
    """One comment; `author` None = the page."""

    id: str
    post: "Post"
    author: Person | None
    text: str
    at: datetime
    parent: "Comment | None" = None
    #: Who is named in it.
    named: Person | None = None
    media: Media | None = None
    hidden: bool = False
    removed: bool = False
    #: True once the page wrote privately to its author.
    replied: bool = False


class Post(Struct, kw_only=True, eq=False):
    """One post of the page, or of a visitor."""

    id: str
    text: str
    at: datetime
    author: Person | None = None
    comments: list[Comment] = field(default_factory=list)
    replied: bool = False


class World:
    """The page, its people, posts and conversations."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.by_id: dict[str, Person] = {}
        self.mails: dict[str, Mail] = {}
        self.comments: dict[str, Comment] = {}
        self.posts: list[Post] = []
        self.human_agent = False
        #: Code and subcode that every message and comment of ours is refused with; (0, 0) = none.
        self.trouble = (0, 0)
        self._numbers = itertools.count(1)

    def person(self, name: str) -> Person:
        """Return the customer of that name, as a person with a page-scoped id."""
        if name not in self.people:
            found = Person(id=str(7_000_000_000_000_000 + 7919 * next(self._numbers)), name=name)
            self.people[name] = self.by_id[found.id] = found
        return self.people[name]

    def post(self, text: str, author: Person | None = None) -> Post:
        """Put a post on the page."""
        made = Post(id=f"{PAGE}_{10_000 + next(self._numbers)}", text=text, at=now(), author=author)
        self.posts.append(made)
        return made

    def mail(self, person: Person, text: str, *, ours: bool) -> Mail:
        """Add a message to the conversation."""
        mid = "m_" + secrets.token_urlsafe(48)
        mail = Mail(id=mid, person=person, ours=ours, text=text, at=now())
        self.mails[mid] = mail
        person.mails.append(mail)
        if not ours:
            person.acted, person.last = mail.at, ""
        return mail

    def comment(self, target: Post | Comment, author: Person | None, text: str) -> Comment:
        """Add a comment below a post or a comment; answers to answers stand below the topmost one."""
        above = target if isinstance(target, Comment) else None
        post = above.post if above is not None else target
        assert isinstance(post, Post)  # noqa: S101  # told to the type checker
        made = Comment(
            id=f"{post.id.partition('_')[2]}_{10_000 + next(self._numbers)}",
            post=post,
            author=author,
            text=text,
            at=now(),
            parent=(above.parent or above) if above is not None else None,
        )
        post.comments.append(made)
        self.comments[made.id] = made
        if author is not None:
            author.last = made.id
        return made

    def target(self, name: str) -> Post | Comment | None:
        """Return the comment or post of that id."""
        found = self.comments.get(name)
        if found is not None:
            return None if found.removed else found
        return next((one for one in self.posts if one.id == name), None)

    # --- what Meta allows

    def may_write(self, person: Person, messaging_type: str, tag: str) -> None:
        """Raise Trouble unless the page may write to the person now."""
        if person.blocked:
            raise errors.Trouble(551, "This person isn't available right now.", subcode=1545041)
        at = now()
        acted, advert = person.acted, person.advert
        if messaging_type == "MESSAGE_TAG":
            if tag != "HUMAN_AGENT" or not self.human_agent:
                raise errors.Trouble(100, f"The tag {tag} cannot be used by this app.", subcode=1893061)
            if acted is None or at >= acted + WEEK:
                raise errors.window()
            return
        if messaging_type not in {"RESPONSE", "UPDATE"}:
            raise errors.wrong("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}")
        inside = acted is not None and at < acted + DAY
        if not inside and not (advert is not None and at < advert + WEEK):
            raise errors.window()

    def may_reply(self, name: str) -> Person:
        """Return whom a private reply to the comment or post reaches; it is used up. Raises Trouble."""
        target = self.target(name)
        if target is None:
            raise errors.gone(name)
        if target.author is None:
            raise errors.Trouble(10903, "This user cant reply to this activity")
        if target.replied:
            raise errors.Trouble(10900, "Activity already replied to")
        if now() >= target.at + WEEK:
            raise errors.Trouble(10901, "Activity is too old to reply to")
        target.replied = True
        return target.author
