"""The only values that channels and the router exchange."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What a message is."""

    CUSTOMER = "customer"  # a customer wrote
    AGENT = "agent"  # a person of ours answered outside the desk
    MACHINE = "machine"  # written by a program: bounce, out-of-office, list
    EDIT = "edit"  # a customer changed an earlier message
    DELETE = "delete"  # a customer withdrew an earlier message
    STATUS = "status"  # what became of something we sent (bounced, failed)
    UNREADABLE = "unreadable"  # the bytes could not be parsed; they are kept


class Identity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who somebody is on a channel."""

    #: Namespace of the address: "email", "chat", "phone", …
    kind: str
    #: Normalised by the channel, so that equal people have equal addresses.
    address: str
    name: str = ""
    #: The address as its owner writes it, where that differs; for sending, never for comparing.
    spelling: str = ""
    #: True when the channel has evidence, such as a signature; else only claimed.
    verified: bool = False

    @property
    def key(self) -> str:
        """Return `kind:address`, unique for a person on a channel."""
        return f"{self.kind}:{self.address}"


class Attachment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that came with a message; its bytes lie in Blobs."""

    name: str
    content_type: str
    #: Bytes.
    size: int
    #: Content address in Blobs.
    blob: str


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What arrived; never changed after it was accepted."""

    #: The provider's id of this arrival, unforgeable by a stranger: `imap:…`, `smtp:…`, `wc:…`.
    key: str
    channel: str
    account: str
    kind: Kind = Kind.CUSTOMER
    #: When we got it, by our clock (aware UTC).
    received_at: datetime
    #: When the sender says it was sent; for display only.
    sent_at: datetime | None = None
    sender: Identity
    #: Other identities the sender gives of themselves (an address typed into the chat).
    claims: tuple[Identity, ...] = ()
    #: Where the sender asks to be answered, if not at their own address (a contact form's customer); only what
    #: people write goes there, never an automatic note, as nothing proves whose address it is.
    answer_to: Identity | None = None
    #: Addresses it was sent to.
    to: tuple[str, ...] = ()
    subject: str = ""
    #: What the person wrote this time, quoted text removed.
    text: str = ""
    #: The whole text, where it differs from `text`.
    full_text: str = ""
    #: Blob of the HTML body, to be sanitised before it is shown.
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    #: Blob of the raw bytes.
    raw: str = ""
    #: The provider's own name of the thread, where only its members can write (a chat session).
    thread: str = ""
    #: The name by which later messages may cite this one (a mail's Message-ID).
    message_id: str = ""
    #: Names of earlier messages that this one cites, nearest last.
    references: tuple[str, ...] = ()
    #: A reply token found in it, as we signed it; verified by the router.
    token: str = ""
    #: Equal for the same mail arriving twice: hash of Message-ID, sender and body.
    fingerprint: str = ""
    #: Why no automatic answer may go to it ("List-Id header"); "" when one may.
    no_note: str = ""
    #: Why the sender's authenticity is in doubt ("DMARC failed"); such a message attaches to nothing it cites.
    doubtful: str = ""
    #: ISO 639-1 code where the channel knows it.
    language: str = ""
    #: IANA zone of the customer where the channel knows it.
    zone: str = ""
    #: Facts about the customer that the channel has verified (signed chat identity).
    attributes: dict[str, str] = {}
    #: True where others can read it, and what we answer: no links, references or details of the case go there.
    public: bool = False
    #: Until when the provider lets us answer; None = always.
    reply_until: datetime | None = None
    #: When the customer wants to be reached, not earlier (a slot for a call); None = as soon as possible.
    not_before: datetime | None = None
    #: For edit, delete and status: the key or message_id it speaks of.
    about: str = ""
    #: For unreadable and status: why.
    reason: str = ""


class Outgoing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the router asks a channel to send to a customer."""

    #: Idempotency key: the note id or the reply id.
    id: str
    channel: str
    account: str
    #: Conversation id and its reference for people ("HB-7K2Q9").
    conversation: str
    reference: str
    #: True for notes; False for what a person wrote.
    automatic: bool
    #: Display name of the person in whose name it goes.
    author: str
    to: Identity
    subject: str = ""
    text: str
    language: str = "en"
    attachments: tuple[Attachment, ...] = ()
    #: The provider's thread, as in Message.
    thread: str = ""
    #: The message answered, and the chain of names before it, nearest last.
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    #: Signed token that lets the customer's answer find the conversation.
    token: str = ""
    #: True where others can read it.
    public: bool = False
    #: When the customer last wrote; reply windows count from then.
    customer_at: datetime | None = None
    at: datetime


class Sent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The provider took it."""

    #: The name by which the provider and the customer's answer will cite it.
    message_id: str
