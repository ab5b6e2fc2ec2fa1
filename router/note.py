"""Whether a customer gets a note, and what it says."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from channels.message import Kind, Message
from router.conversation import Conversation, PromiseState, Status
from router.reading.subject import reply_subject as reply_subject  # noqa: PLC0414  # also offered here
from rules.model import Person
from rules.wording import Wording, WordRequest

#: Automatic mails to one sender in 24 hours; after that a person is told.
MOST_NOTES = 3
#: With `when_waiting`, no note where a person's answer is expected within this time, seconds.
ANSWER_SOON_S = 60.0

_NOT_CUSTOMERS = {
    Kind.AGENT: "one of our own people wrote",
    Kind.MACHINE: "a program wrote",
    Kind.EDIT: "a message was changed, not written",
    Kind.DELETE: "a message was withdrawn",
    Kind.STATUS: "it is a delivery report",
    Kind.UNREADABLE: "the message cannot be read; a person looks at it",
}


class Case(Struct, frozen=True, kw_only=True):
    """All that decides whether a first note may go."""

    message: Message
    #: With the message attached.
    conversation: Conversation
    #: plain, sober or none.
    tone: str
    #: when_waiting, always or never.
    acknowledge: str
    note_useful_for_s: float
    #: Automatic notes to this sender in the last 24 hours.
    notes_sent: int
    #: The sender is one of our own addresses.
    own: bool
    #: Within how many seconds a present, free owner is expected to answer; None = nobody is.
    answer_expected_s: float | None = None
    #: Notes are paused for everybody.
    paused: bool = False
    #: The exchange looks like two programs answering each other.
    loop: bool = False
    now: datetime


def objection(case: Case) -> str:
    """Return why no first note may go, in a sentence for the desk; "" when one may."""
    reason = _of_message(case) or _of_conversation(case) or _of_rules(case) or _of_pace(case)
    return f"The customer hears nothing, because {reason}." if reason else ""


def _of_message(case: Case) -> str:
    """Return what in the message forbids an automatic answer."""
    message = case.message
    if message.kind is not Kind.CUSTOMER:
        return _NOT_CUSTOMERS[message.kind]
    if message.no_note:
        return f"the message must not be answered automatically: {message.no_note}"
    if message.doubtful:
        return f"the sender may not be who they seem: {message.doubtful}"
    return "it came from one of our own addresses" if case.own else ""


def _of_conversation(case: Case) -> str:
    """Return what in the conversation forbids one."""
    conversation = case.conversation
    if conversation.status is Status.HELD:
        return "the conversation is held for review"
    if conversation.kind != "normal":
        return f"the conversation is {conversation.kind}"
    if conversation.waiting_since is None:
        return "nobody waits for an answer"
    if conversation.promise is not None and conversation.promise.state is PromiseState.MADE:
        return "a time was promised in this wait already"
    return ""


def _of_rules(case: Case) -> str:
    """Return what in the rules forbids one."""
    if case.tone == "none":
        return "the rules want a person's words here, not automatic ones"
    if case.acknowledge == "never":
        return "the rules never acknowledge here"
    soon = case.answer_expected_s is not None and case.answer_expected_s <= ANSWER_SOON_S
    if case.acknowledge == "when_waiting" and soon:
        return f"an answer is expected within {case.answer_expected_s:.0f} s"
    return ""


def _of_pace(case: Case) -> str:
    """Return what in time and number forbids one."""
    age_s = (case.now - case.message.received_at).total_seconds()
    if age_s > case.note_useful_for_s:
        return (
            f"the message is {_length(age_s)} old, and a note is of use for {_length(case.note_useful_for_s)}"
        )
    if case.loop:
        return "two programs seem to be answering each other"
    if case.notes_sent >= MOST_NOTES:
        return f"{case.notes_sent} automatic notes went to this sender in 24 hours already"
    return "notes are paused" if case.paused else ""


def _length(seconds: float) -> str:
    """Return a length in round words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


class Request(Struct, frozen=True, kw_only=True):
    """All that a note is worded from."""

    #: first, renewal, introduction, added, incident or followup.
    kind: str
    #: The note's id, and its turn among the notes of its text; the turn picks the variant, without one the id.
    id: str
    turn: int | None = None
    #: In whose name, and whether they own the work.
    person: Person
    owner: bool
    #: Names of colleagues who may answer, for the duty person's voice.
    others: tuple[str, ...] = ()
    #: What the customer calls themselves.
    customer: str = ""
    #: None for a follow-up.
    promise_at: datetime | None = None
    previous_at: datetime | None = None
    #: When the person is there again, if they are not now.
    back_at: datetime | None = None
    now: datetime
    zone: ZoneInfo
    tone: str = "plain"
    #: The language wanted, and what to fall back on, best first: message, conversation, account.
    language: str = ""
    fallbacks: tuple[str, ...] = ()
    #: Languages of those who may answer; empty = the person's own.
    answer_languages: tuple[str, ...] = ()
    style: str = "mail"
    disclose: bool = False
    address: str = "formal"
    #: "" = the note carries none.
    reference: str = ""
    #: Subject of what is answered; "" where the channel has none.
    subject: str = ""
    #: Number to be called, for spoken notes.
    number: str = ""
    #: What happened, for incidents: a sentence that a person wrote.
    what: str = ""
    #: Who had the work before, for introductions.
    previous_person: str = ""
    #: The one missing fact to ask for; left out in languages that have no words for it.
    ask: str = ""
    #: Seconds that the customer has waited too long for a first word.
    late_s: float = 0.0
    #: Address of the page on which the customer says what suits them; "" = none.
    link: str = ""


class Words(Struct, frozen=True, kw_only=True):
    """What a note says."""

    text: str
    subject: str
    language: str


def compose(wording: Wording, request: Request) -> Words:
    """Return the note's words, held by the linter. Raises WordingError: then a person must write it."""
    language = worded_in(wording, (request.language, *request.fallbacks))
    worded = wording.word(
        WordRequest(
            id=request.id,
            turn=request.turn,
            kind=str(request.kind),
            person=request.person.name,
            agent=request.person.id,
            owner=request.owner,
            style=request.style,
            tone=request.tone if request.tone == "sober" else "plain",
            language=language,
            address=request.address,
            now=request.now,
            zone=request.zone,
            at=request.promise_at,
            previous_at=request.previous_at,
            customer=request.customer,
            others=() if request.owner else request.others,
            reference=request.reference,
            disclose=request.disclose,
            answer_language=_answer_language(request, language),
            back_at=request.back_at,
            number=request.number,
            what=request.what,
            previous_person=request.previous_person,
            ask=request.ask if request.ask in wording.asks(language) else "",
            late_s=request.late_s,
            link=request.link,
        )
    )
    return Words(text=worded.text, subject=reply_subject(request.subject), language=worded.language)


def worded_in(wording: Wording, wanted: Sequence[str]) -> str:
    """Return the first wanted language that there are texts in, else English."""
    return next((code for code in (*wanted, "en") if code in wording.languages), wording.languages[0])


def _answer_language(request: Request, language: str) -> str:
    """Return the language of the answer where nobody who may answer speaks the note's; "" otherwise."""
    spoken = request.answer_languages or request.person.languages
    return "" if not spoken or language in spoken else spoken[0]
