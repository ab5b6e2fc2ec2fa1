"""Words a note of any kind for a conversation, in one person's name, and makes the outbox entry that carries it."""

from datetime import datetime, timedelta

from msgspec import Struct

from router import note, steps
from router.conversation import Conversation, Item, NoteKind, SendState, note_id
from router.house import Account, House
from router.keeping.late import waited_too_long_s
from router.taps import link as tap
from rules.model import Person

#: Notes that name a time, and where those stand that the customer has heard.
_TIMED = frozenset({NoteKind.FIRST, NoteKind.RENEWAL, NoteKind.INTRODUCTION})
_LEFT = frozenset({SendState.SENDING, SendState.SENT, SendState.UNKNOWN})
#: The duty voice names at most so many colleagues.
OTHERS_NAMED = 2


class Saying(Struct, frozen=True, kw_only=True):
    """What a note is to say."""

    kind: NoteKind
    person: Person
    #: The time that it names; None where it names none.
    at: datetime | None = None
    #: The time named before, for a renewal.
    previous_at: datetime | None = None
    #: The time named before has passed already.
    missed: bool = False
    #: Who had the work before, for an introduction; who named the time before, where that was somebody else.
    previous_person: str = ""
    #: What happened, for an incident: a sentence that a person wrote.
    what: str = ""
    #: Seconds that the customer has waited too long before this first word; 0 = they have not.
    late_s: float = 0.0
    #: Address of the page on which the customer says what suits them; "" = none.
    link: str = ""
    #: False where the words pass through a colleague's hands: the link is the customer's alone.
    linked: bool = True
    #: What causes it: the message that began the wait, an answer's id; with the kind it makes the note's id.
    trigger: str
    #: What it answers, by the provider's names; "" = the customer's newest.
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    #: Not sent after this.
    useful_until: datetime | None = None


def item(house: House, conversation: Conversation, saying: Saying, now: datetime) -> Item:
    """Return the note as an outbox entry. Raises WordingError when the linter refuses the words."""
    id_ = note_id(conversation.id, saying.trigger, saying.kind)
    turn = _turn(house, conversation, saying)
    words = worded(house, conversation, saying, (id_, turn), now)
    cited = steps.cited(conversation)
    return Item(
        id=id_,
        seq=0,
        at=now,
        note=saying.kind,
        trigger=saying.trigger,
        author=saying.person.id,
        author_name=saying.person.name,
        text=words.text,
        subject=words.subject,
        language=words.language,
        to=conversation.contact,
        in_reply_to=saying.in_reply_to or (cited[-1] if cited else ""),
        references=saying.references or cited,
        next_at=now,
        useful_until=saying.useful_until,
        tone=_tone(conversation),
        turn=turn,
    )


def worded(
    house: House, conversation: Conversation, saying: Saying, variant: tuple[str, int | None], now: datetime
) -> note.Words:
    """Word a note in the person's name: as the owner where they own it, else in the duty person's voice.

    Its id and its turn among the notes of its text pick the variant.
    """
    account = house.account(conversation.channel, conversation.account)
    person, (id_, turn) = saying.person, variant
    owner = speaks_as_owner(conversation, person)
    hours = house.book.calendar_of(person)
    request = note.Request(
        kind=wording_kind(saying),
        id=id_,
        turn=turn,
        person=person,
        owner=owner,
        others=() if owner else _others(house, conversation, person),
        customer=conversation.contact.name,
        promise_at=saying.at,
        previous_at=saying.previous_at,
        previous_person=""
        if conversation.public and saying.kind is NoteKind.RENEWAL
        else saying.previous_person,
        what=saying.what,
        ask=_ask(conversation, saying),
        late_s=_late_s(conversation, saying, now),
        link=_link(house, conversation, saying, now),
        now=now,
        tone=_tone(conversation),
        back_at=None if hours.is_open(now) else hours.next_open(now),
        language=conversation.language,
        fallbacks=(account.language,),
        answer_languages=person.languages if owner else _languages(house, conversation),
        zone=house.zone(wanted=conversation.zone, account=account),
        style=style_of(conversation, account),
        disclose=account.disclose,
        address=account.address,
        reference=conversation.reference if account.reference_in_note and not conversation.public else "",
        subject=conversation.subject,
        number=conversation.contact.address if account.style == "spoken" else "",
    )
    return note.compose(house.wording, request)


def speaks_as_owner(conversation: Conversation, person: Person) -> bool:
    """Tell whether the person says "I'll answer" and not "I'll see to it that you have an answer"."""
    whose = conversation.owner
    if not whose and conversation.waiting_since is None:
        whose = conversation.previous_owner  # after the answer, whoever gave it
    return person.id == whose


def style_of(conversation: Conversation, account: Account) -> str:
    """Return how a note reads there: mail, chat, public or spoken."""
    return "public" if conversation.public else account.style


def wording_kind(saying: Saying) -> str:
    """Return the name under which the texts of this note stand."""
    if saying.kind is not NoteKind.RENEWAL:
        return saying.kind.value
    return "inherited" if saying.previous_person else "missed" if saying.missed else "renewal"


def another_said(conversation: Conversation, person: Person) -> str:
    """Return who named the running time to the customer, where that was somebody else; "" where it was the person."""
    told = [item for item in conversation.outbox if item.state in _LEFT and _names_time(conversation, item)]
    return told[-1].author_name if told and told[-1].author != person.id else ""


def _names_time(conversation: Conversation, item: Item) -> bool:
    """Tell whether an entry tells the customer of the running wait by when."""
    since = conversation.waiting_since
    if item.update:
        return since is not None and item.at >= since
    return item.note in _TIMED and item.trigger == conversation.waiting_on


def useful_until(house: House, conversation: Conversation, since: datetime) -> datetime:
    """Return until when a note about something of that instant is of use on the channel."""
    return since + timedelta(seconds=house.book.policy(conversation.channel).note_useful_for_s)


def _turn(house: House, conversation: Conversation, saying: Saying) -> int:
    """Return the note's number among those of its account that are worded with the same text."""
    account = house.account(conversation.channel, conversation.account)
    voice = "owner" if speaks_as_owner(conversation, saying.person) else "duty"
    language = note.worded_in(house.wording, (conversation.language, account.language))
    texts = house.wording.texts(language).notes
    plain = (wording_kind(saying), voice, style_of(conversation, account), "plain")
    slot = (*plain[:3], _tone(conversation))
    if texts.get(slot, texts.get(plain)) == texts.get(plain):
        slot = plain  # most read the same in every tone
    return house.turns.take(f"{conversation.channel}/{conversation.account}", " ".join((*slot, language)))


def _link(house: House, conversation: Conversation, saying: Saying, now: datetime) -> str:
    """Return the customer's link for the note; "" where it carries none."""
    if not saying.linked:
        return ""
    return saying.link or tap.link(house, conversation, saying.kind, saying.trigger, saying.at or now)


def _ask(conversation: Conversation, saying: Saying) -> str:
    """Return the fact that a rule asks for, which is asked once: in the first note."""
    decision = conversation.decision
    return decision.ask if decision is not None and saying.kind is NoteKind.FIRST else ""


def _late_s(conversation: Conversation, saying: Saying, now: datetime) -> float:
    """Return how much too long the customer has waited for this first word, in seconds."""
    if saying.kind is not NoteKind.FIRST:
        return 0.0
    return saying.late_s or waited_too_long_s(conversation, now)


def _tone(conversation: Conversation) -> str:
    return conversation.decision.tone if conversation.decision else "plain"


def _languages(house: House, conversation: Conversation) -> tuple[str, ...]:
    """Return what the people of the queue speak; nothing when somebody may answer in any language."""
    people = [one for one in house.book.people.values() if conversation.queue in one.queues]
    if not all(one.languages for one in people):
        return ()
    return tuple(dict.fromkeys(language for one in people for language in one.languages))


def _others(house: House, conversation: Conversation, person: Person) -> tuple[str, ...]:
    people = house.book.people.values()
    able = (one.name for one in people if conversation.queue in one.queues and one.id != person.id)
    return tuple(able)[:OTHERS_NAMED]
