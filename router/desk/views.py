"""What the API shows of conversations: names in place of ids, and nothing that only machines need."""

from datetime import datetime

from msgspec import Struct

from channels.message import Identity
from router.conversation import Conversation, Prepared, Promise, PromiseState, Status
from router.desk.decided import DecisionView, decision
from router.desk.means import MeansView, means
from router.desk.wished import WishView, wish
from router.keeping.charge import LEAD_WRITES
from router.provenance import Figure, counted, figures
from rules.evaluate import Rulebook
from rules.hours import Interval


class PersonView(Struct, frozen=True, kw_only=True):
    """An agent by name."""

    id: str
    name: str


class ContactView(Struct, frozen=True, kw_only=True):
    """A customer's address on a channel."""

    kind: str
    address: str
    name: str
    #: The address as people write it, such as a handle; "" where that is the address.
    spelling: str
    #: What to call them: the name, else the address, else "Visitor".
    called: str
    #: True when the channel has evidence that it is theirs.
    verified: bool


class PromiseView(Struct, frozen=True, kw_only=True):
    """The time that a note named, and what became of it."""

    at: datetime
    made_at: datetime
    by: PersonView
    #: True when the person who promised owns the work; else they only watch over it.
    owner: bool
    state: str
    ended_at: datetime | None
    #: True when it lies after the due time.
    late: bool
    #: How often the wait was promised another time before.
    renewals: int
    #: Why it ended as it did, where that is known.
    reason: str
    #: How the time came about: the figures, the hours that count, and one sentence a step.
    figures: list[Figure]
    counted: list[Interval]
    explanation: list[str]


class WorkView(Struct, frozen=True, kw_only=True):
    """A conversation as a line of a list."""

    id: str
    version: int
    reference: str
    channel: str
    account: str
    #: normal, unreadable or machine.
    kind: str
    status: str
    subject: str
    #: First words of the newest message.
    snippet: str
    contact: ContactView
    #: The customer that it came by; who that is now, `/customers/{id}` tells.
    customer: str
    #: Others can read it, and what we answer.
    public: bool
    #: When the provider's window for answers closes; null = it stays open.
    reply_until: datetime | None
    #: The customer wants to be reached then, not earlier.
    not_before: datetime | None
    language: str
    queue: str
    priority: str
    owner: PersonView | None
    #: Who answers for it now: the owner, else the person on duty.
    accountable: PersonView | None
    waiting_since: datetime | None
    unanswered: int
    due_at: datetime | None
    #: The promised time that runs now.
    promised_at: datetime | None
    #: In whose name it was said.
    promised_by: PersonView | None
    #: Who was warned that it runs short: "", owner, lead, or renew once it was time to tell the customer.
    warned: str
    #: Promised times of the running wait that were not kept.
    misses: int
    #: The lead who writes to the customer themselves, after two missed times; null before that.
    lead_writes: PersonView | None
    #: For the lead to look at: later than its target from the beginning, missed, or about to be.
    at_risk: bool
    #: What the customer said by the note's link.
    wish: WishView | None
    opened_at: datetime
    updated_at: datetime
    flags: list[str]


class PreparedView(Struct, frozen=True, kw_only=True):
    """Words that no software may send: a person sends them as their own, or writes better ones."""

    text: str
    language: str
    #: The time that they promise.
    promise_at: datetime
    #: Why no software may send them.
    reason: str
    #: To whom they are laid out.
    by: PersonView | None
    at: datetime


class ConversationView(WorkView, frozen=True, kw_only=True):
    """A conversation as a whole, without its messages."""

    zone: str
    #: How an answer goes out.
    means: MeansView
    skills: list[str]
    promise: PromiseView | None
    #: Ended promises, oldest first.
    promises: list[PromiseView]
    decision: DecisionView | None
    #: Words that wait for a person to send them; null where there are none.
    prepared: PreparedView | None
    #: Why the running wait got no note; "" when it got one.
    no_note: str
    #: When the customer will be asked whether the answer solved it; null where nobody asks (any more).
    follow_up_at: datetime | None
    reopened: int
    snoozed_until: datetime | None
    #: Id of the conversation that it lives on in, and references of those that live on in this one.
    merged_into: str
    absorbed: list[str]
    #: seq of its newest line.
    seq: int


def person(book: Rulebook, id: str) -> PersonView | None:
    """Return an agent by name; somebody who left the rules keeps their id as name."""
    if not id:
        return None
    known = book.people.get(id)
    return PersonView(id=id, name=known.name if known else id)


def contact(identity: Identity) -> ContactView:
    """Return an identity as it is shown."""
    return ContactView(
        kind=identity.kind,
        address=identity.address,
        name=identity.name,
        spelling=identity.spelling,
        called=called(identity),
        verified=identity.verified,
    )


def called(identity: Identity) -> str:
    """Return what to call them; the number of a chat session tells nobody anything."""
    anonymous = identity.kind == "chat" and not identity.verified
    return identity.name or ("Visitor" if anonymous else identity.spelling or identity.address)


def promise(book: Rulebook, one: Promise) -> PromiseView:
    """Return a promise as it is shown."""
    return PromiseView(
        at=one.at,
        made_at=one.made_at,
        by=person(book, one.by) or PersonView(id="", name=""),
        owner=one.owner,
        state=one.state,
        ended_at=one.ended_at,
        late=one.late,
        renewals=one.renewals,
        reason=one.reason,
        figures=figures(one),
        counted=counted(book, one),
        explanation=list(one.explanation),
    )


def prepared(book: Rulebook, one: Prepared) -> PreparedView:
    """Return words that wait for a person."""
    return PreparedView(
        text=one.text,
        language=one.language,
        promise_at=one.promise_at,
        reason=one.reason,
        by=person(book, one.by),
        at=one.at,
    )


def at_risk(one: Conversation) -> bool:
    """Tell whether a lead is to look at it while the customer waits."""
    if one.waiting_since is None or one.status in {Status.PENDING, Status.RESOLVED, Status.MERGED}:
        return False
    runs = one.promise is not None and one.promise.state is PromiseState.MADE
    late = runs and one.promise is not None and one.promise.late
    return bool(one.misses or one.alerted or late or (runs and one.warned in {"lead", "renew"}))


def lead_writes(one: Conversation) -> bool:
    """Tell whether software has said enough times to the waiting customer."""
    return one.waiting_since is not None and one.misses >= LEAD_WRITES


def work(book: Rulebook, one: Conversation) -> WorkView:
    """Return a conversation as a line of a list."""
    running = one.promise if one.promise and one.promise.state == PromiseState.MADE else None
    return WorkView(
        id=one.id,
        version=one.version,
        reference=one.reference,
        channel=one.channel,
        account=one.account,
        kind=one.kind,
        status=one.status,
        subject=one.subject,
        snippet=one.snippet,
        contact=contact(one.contact),
        customer=one.customer,
        public=one.public,
        reply_until=one.reply_until,
        not_before=one.not_before,
        language=one.language,
        queue=one.queue,
        priority=one.priority,
        owner=person(book, one.owner),
        accountable=person(book, one.accountable),
        waiting_since=one.waiting_since,
        unanswered=one.unanswered,
        due_at=one.due_at,
        promised_at=running.at if running is not None else None,
        promised_by=person(book, running.by) if running is not None else None,
        warned=one.warned if running is not None else "",
        misses=one.misses,
        lead_writes=person(book, book.queue(one.queue).lead) if lead_writes(one) else None,
        at_risk=at_risk(one),
        wish=wish(one),
        opened_at=one.opened_at,
        updated_at=one.updated_at,
        flags=list(one.flags),
    )


def conversation(book: Rulebook, one: Conversation) -> ConversationView:
    """Return a conversation as a whole."""
    line = work(book, one)
    return ConversationView(
        **{name: getattr(line, name) for name in line.__struct_fields__},
        zone=one.zone,
        means=means(one),
        skills=list(one.skills),
        promise=promise(book, one.promise) if one.promise else None,
        promises=[promise(book, ended) for ended in one.promises],
        decision=decision(one.decision) if one.decision else None,
        prepared=prepared(book, one.prepared) if one.prepared else None,
        no_note=one.no_note,
        follow_up_at=one.check_at if one.status in {Status.PENDING, Status.RESOLVED} else None,
        reopened=one.reopened,
        snoozed_until=one.snoozed_until,
        merged_into=one.merged_into,
        absorbed=list(one.absorbed),
        seq=one.seq,
    )
