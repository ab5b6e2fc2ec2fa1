"""What reading a mail needs to know of the account, and what it finds."""

import re
from datetime import datetime

from msgspec import Struct

from channels.email.mime import address
from channels.message import Identity, Kind

#: The value of `trusted_authserv` for Microsoft 365, which names no server in its results.
MICROSOFT = "microsoft365"


class View(Struct, frozen=True, kw_only=True):
    """The account as a pure reader sees it."""

    #: Our own addresses, normalised: the mailbox first, then its aliases.
    addresses: tuple[str, ...]
    #: List-Ids of our own forwarding groups, lower case: their list headers mean nothing.
    lists: tuple[str, ...] = ()
    #: Whose Authentication-Results count; "" = nobody's.
    authserv: str = ""

    def owns(self, given: str) -> bool:
        """Tell whether the address is ours, with or without a plus part."""
        known = address.normal(given)
        return known in self.addresses or address.unplus(known)[0] in self.addresses

    def detail(self, given: str) -> str:
        """Return what stands after the plus in one of our addresses, as written; "" when nothing does."""
        if address.normal(given) in self.addresses:
            return ""
        base, detail = address.unplus(given)
        return detail if address.normal(base) in self.addresses else ""

    def sent_id(self, message_id: str) -> bool:
        """Tell whether we gave this Message-ID to something we sent."""
        if not message_id.startswith(PREFIX):
            return False
        domain = address.domain_of(message_id)
        return any(address.domain_of(own) == domain for own in self.addresses)


#: How the Message-IDs begin that we give.
PREFIX = "hb."


def message_id(outgoing_id: str, own: str) -> str:
    """Return the Message-ID, without brackets, of what we send under that id from that address."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "-", outgoing_id)
    return f"{PREFIX}{safe}@{address.domain_of(address.normal(own))}"


class File(Struct, frozen=True, kw_only=True):
    """An attachment and its bytes."""

    name: str
    content_type: str
    data: bytes


class Parsed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one mail says; fields as in `channels.message.Message`."""

    kind: Kind = Kind.CUSTOMER
    sender: Identity
    claims: tuple[Identity, ...] = ()
    answer_to: Identity | None = None
    to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    full_text: str = ""
    #: The HTML body as UTF-8, as it came.
    html: bytes = b""
    files: tuple[File, ...] = ()
    sent_at: datetime | None = None
    message_id: str = ""
    references: tuple[str, ...] = ()
    token: str = ""
    fingerprint: str = ""
    no_note: str = ""
    doubtful: str = ""
    about: str = ""
    reason: str = ""
    #: True when it is a copy of what we sent through our outbox.
    ours: bool = False
