"""The conversation: one document, changed only by compare-and-set."""

from datetime import datetime

from msgspec import Struct

from channels.message import Identity
from router.conversation.parts import Decision, Entry, Item, Prepared, Promise, Wish
from router.conversation.states import Status

#: Keys that the document itself remembers; older ones are found through the message store.
KEYS_KEPT = 200
#: Settled outbox items that the document itself remembers; older ones move to the archive.
OUTBOX_KEPT = 50
#: Names by which a conversation can be found (Message-IDs of both sides, threads, tokens).
LINKS_KEPT = 200


class Conversation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Messages that belong together; one document, changed only by compare-and-set on `version`."""

    id: str
    #: 0 = not stored yet; every commit adds one.
    version: int = 0
    reference: str
    channel: str
    account: str
    #: "normal", "unreadable" or "machine".
    kind: str = "normal"
    status: Status = Status.OPEN
    opened_at: datetime
    updated_at: datetime
    #: Customer id, and the identity that answers go to.
    customer: str
    contact: Identity
    #: Where what people write goes instead, because the sender asks for it (a contact form's customer).
    answer_to: Identity | None = None
    #: Where a copy of an answer goes when the customer does not see it on the channel in time.
    fallback: Identity | None = None
    #: Everybody who has taken part: keys of identities. Only they may attach by citing.
    participants: tuple[str, ...] = ()
    subject: str = ""
    #: First words of the newest message, for lists.
    snippet: str = ""
    language: str = ""
    zone: str = ""
    queue: str
    skills: tuple[str, ...] = ()
    #: urgent, high, normal or low.
    priority: str = "normal"
    #: Agent ids; "" = nobody yet.
    owner: str = ""
    claim: str = ""
    previous_owner: str = ""
    #: Agents who gave it back in the running wait: it is not handed to them again.
    declined: tuple[str, ...] = ()
    #: Who answers for it now: the owner, else the duty person.
    accountable: str
    #: When the running wait began, which message began it, and how many came since; None = nobody waits.
    waiting_since: datetime | None = None
    waiting_on: str = ""
    unanswered: int = 0
    due_at: datetime | None = None
    promise: Promise | None = None
    #: Ended promises, newest last, at most 20.
    promises: tuple[Promise, ...] = ()
    decision: Decision | None = None
    #: Why the running wait got no note; "" when it got one.
    no_note: str = ""
    reopened: int = 0
    snoozed_until: datetime | None = None
    merged_into: str = ""
    #: References of conversations that live on in this one, and what they were about.
    absorbed: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    #: The version at which a message or an answer last came in: whoever answers must have seen it.
    news: int = 0
    #: Last used seq.
    seq: int = 0
    entries: tuple[Entry, ...] = ()
    outbox: tuple[Item, ...] = ()
    links: tuple[str, ...] = ()
    #: Warnings to the accountable person, newest last ("note bounced: …").
    flags: tuple[str, ...] = ()
    #: Provider's thread, for sending.
    thread: str = ""
    #: Others can read what is written there.
    public: bool = False
    #: When the provider's window for answers closes; None = it stays open.
    reply_until: datetime | None = None
    #: True once the accountable person was warned that it closes.
    window_told: bool = False
    #: Nobody is given it earlier: when the customer wants to be reached.
    not_before: datetime | None = None
    #: Due time of a customer's message that came while our answer to the one before was on its way.
    later_due: datetime | None = None
    #: When to send a note after all, if a person expected to answer at once has not.
    note_at: datetime | None = None
    #: True once the due time passed unmet in the running wait.
    overdue: bool = False
    #: Who was last warned of the running promise: "", owner, lead, or renew once the customer was told.
    warned: str = ""
    #: Times promised in the running wait that were not kept: renewed or broken.
    misses: int = 0
    #: Ahead of its priority's other work, as its promise is about to be missed.
    pressing: bool = False
    #: When a new owner who has it by then introduces themselves; None = not looked at yet, or nobody is new.
    introduce_at: datetime | None = None
    #: Words laid before a person, which software may not send.
    prepared: Prepared | None = None
    #: True once the lead was told in the running wait of a third message, or of a second day.
    alerted: bool = False
    #: True once the customer was told that a second message is with the first.
    added: bool = False
    #: What the customer said by the note's link in the running wait.
    wish: Wish | None = None
    #: When to ask whether the answer settled it; None = it is not asked (any more).
    check_at: datetime | None = None
    #: True once it was asked whether an answer settled it, or never is to be: once in a conversation's life.
    checked: bool = False
    #: When somebody is next told that the customer has waited since yesterday, or longer; None = nobody waits.
    neglect_at: datetime | None = None
    #: An answered live conversation keeps its owner until then, if the customer stays silent.
    idle_until: datetime | None = None

    # derived, kept in the document so that stores can index them (see `indexed`)
    #: Waiting for an owner in this lane; "" when owned or not open.
    lane: str = ""
    #: Sorts waiting and owned work: the smaller the more urgent.
    urgency: float = 0.0
    #: When the outbox next needs a sender; None = nothing to do.
    send_at: datetime | None = None
    #: When a timer next has to look; None = never.
    wake_at: datetime | None = None
