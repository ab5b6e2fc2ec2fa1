"""What reading gives: the message, and what has to be known to take it in."""

from datetime import datetime

from msgspec import Struct

from channels.message import Message


class View(Struct, frozen=True, kw_only=True):
    """For whom is read: the account, its number on X, and the time."""

    channel: str = "twitter"
    account: str
    me: str
    at: datetime


class Read(Struct, frozen=True, kw_only=True):
    """One thing read."""

    message: Message
    #: True when our own account wrote it.
    own: bool = False
    #: For an edited post: the name of its first version.
    first: str = ""
    #: True for what may be answered where it stands: its author mentioned or quoted us, or wrote to us alone.
    summoned: bool = False
    #: True for what matters only if the thing that it speaks of is known here.
    only_if_known: bool = False
