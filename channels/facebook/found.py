"""What can be found in a webhook or a page of the Graph API: values between parsing and taking in."""

from datetime import datetime, timedelta
from typing import Any, TypeAlias

from msgspec import Struct

from channels.message import Message

#: How long a customer's last action lets a page answer; from a click on an advert; and what people may use.
WINDOW = timedelta(hours=24)
ADVERT = timedelta(days=7)
HUMAN = timedelta(days=7)
#: A private reply may go out so long after the comment was written.
PRIVATE = timedelta(days=7)

#: How the parts of a page's life are named in threads, message names and keys.
MESSENGER, MESSAGE, COMMENT = "dm/", "fb:", "fbc:"
#: In place of a post: where private replies go, whose conversation there the router does not know yet.
PRIVATELY = "dm"
#: What our metadata begins with, which Facebook gives back in echoes.
OWN = "hb1:"


class View(Struct, frozen=True, kw_only=True):
    """All that reading needs to know of the account and the moment."""

    account: str
    page: str
    app: str
    at: datetime
    #: Apps that are programs: what they write in the page's name is nobody's answer.
    programs: tuple[str, ...] = ()
    human_agent: bool = False
    private: bool = False


class Item(Struct, frozen=True, kw_only=True):
    """One thing of a webhook, not read yet."""

    #: `messaging`, `standby` or `changes`.
    place: str
    page: str
    value: Any


class Link(Struct, frozen=True, kw_only=True):
    """A file that lies at Facebook."""

    url: str
    #: What stands in the text if it cannot be fetched: "[picture]".
    word: str
    name: str = ""


class Arrived(Struct, frozen=True, kw_only=True):
    """A customer did something that matters."""

    message: Message
    files: tuple[Link, ...] = ()
    #: It began with a click on an advert.
    advert: bool = False


class Own(Struct, frozen=True, kw_only=True):
    """Written by the page, and not for certain by us: a message of kind `agent` unless our outbox sent it."""

    message: Message
    #: The provider's bare id, and for comments that of the post.
    id: str
    post: str = ""
    files: tuple[Link, ...] = ()
    #: Ids of people named in it, where that is known.
    named: tuple[str, ...] = ()


class Echo(Struct, frozen=True, kw_only=True):
    """What our own app sent came back; it settles doubts."""

    id: str
    metadata: str


class Advert(Struct, frozen=True, kw_only=True):
    """Somebody came by an advert and has not written yet."""

    person: str


Found: TypeAlias = Arrived | Own | Echo | Advert


def metadata(outgoing: str, part: int) -> str:
    """Return what goes along with a part of something we send."""
    return f"{OWN}{outgoing}:{part}"


def sent_by_us(data: str) -> tuple[str, int] | None:
    """Return the outgoing id and the part that the metadata names; None when it is not ours."""
    name, _, part = data.removeprefix(OWN).rpartition(":")
    if not data.startswith(OWN) or not name or not part.isdigit():
        return None
    return name, int(part)
