"""Says another time in a running wait: the promise is renewed and the customer told, by a note or by a person."""

from datetime import datetime

from msgspec.structs import replace

from router import steps
from router.conversation import (
    WAITED_FOR,
    Conversation,
    NoteKind,
    Prepared,
    PromiseState,
    SendState,
    Status,
    Why,
    answer_in_doubt,
    note_id,
)
from router.house import House
from router.keeping import manners
from router.promise import Quote
from router.quoting import promised
from router.voice import say
from rules.model import Person
from rules.wording import WordingError

#: Why a note waits for the customer's morning, and what is told of that.
NIGHT = "it is night where the customer is"
LATER = f"{NIGHT}; at eight there a note says it, if nobody has by then"
#: Why the words still lie there after that morning.
UNSAID = "it was night where the customer is, and no note said it in the morning"
_LEFT = frozenset({SendState.SENDING, SendState.SENT, SendState.UNKNOWN})


def renewed(
    house: House, conversation: Conversation, person: Person, quote: Quote, why: Why, now: datetime
) -> Conversation:
    """Promise another time in the person's name, for a promise that the customer has heard.

    The note about it goes into the outbox, at most one a wait. Where software may not send it, nothing is
    promised yet: the words are laid before the accountable person, and the old time goes on until they
    send them. Safe to take twice with the same `now`.
    """
    told = conversation.promise
    if told is None or conversation.waiting_since is None:
        return conversation
    silent = objection(house, conversation, person, now)
    try:
        saying = _saying(conversation, person, quote.at, now)
        if silent:
            return _prepared(house, conversation, saying, (silent, why), now)
        item = say.item(house, conversation, saying, now)
    except WordingError as error:
        return steps.flag(
            conversation, f"No fitting words for another time were found: {error} Please write."
        )
    starts = manners.may_start(house, conversation, now)
    return steps.enqueue(
        replaced(house, conversation, person, quote, why, now), replace(item, next_at=starts)
    )


def replaced(
    house: House, conversation: Conversation, person: Person, quote: Quote, why: Why, now: datetime
) -> Conversation:
    """Put the new promise on record in the place of the old one; the words that tell it must leave with it."""
    old = conversation.promise
    before = old.renewals if old is not None else 0
    made = replace(promised(house, conversation, person, quote, now), renewals=before + 1)
    missed = old is not None and old.state is PromiseState.MADE
    return replace(
        steps.promise(conversation, made, why.value),
        warned="",
        pressing=False,
        prepared=None,
        misses=conversation.misses + (1 if missed else 0),
    )


def objection(house: House, conversation: Conversation, person: Person, now: datetime) -> str:
    """Return why no software may tell the customer another time now; "" when it may."""
    account = house.account(conversation.channel, conversation.account)
    told = conversation.promise
    window = conversation.reply_until
    tone = conversation.decision.tone if conversation.decision is not None else "plain"
    starts, said = manners.may_start(house, conversation, now), _said_already(conversation)
    reasons = (
        (conversation.status not in WAITED_FOR, _stands(conversation)),
        (house.paused, "notes are paused"),
        (tone == "none", "the rules want a person's words here, not automatic ones"),
        (not house.speaks(person.id, conversation.channel), f"{person.name} has not agreed to notes here"),
        (answer_in_doubt(conversation), "an answer may have reached the customer"),
        (bool(said), said),
        (
            account.one_automatic_reply and _noted(conversation),
            "the platform allows no second automatic message",
        ),
        (window is not None and window <= now, "the provider's window for answers has closed"),
        (told is not None and starts > max(now, told.at), NIGHT),
    )
    return next((reason for so, reason in reasons if so), "")


def _stands(conversation: Conversation) -> str:
    """Say why the customer does not wait for words of ours."""
    pending = conversation.status is Status.PENDING
    return "an answer is on its way" if pending else f"the conversation is {conversation.status.value}"


def _said_already(conversation: Conversation) -> str:
    """Say what became of the one renewal of this wait, if it has been written; "" if not."""
    id_ = note_id(conversation.id, conversation.waiting_on, NoteKind.RENEWAL)
    item = steps.item_of(conversation, id_)
    if item is None:
        return ""
    lost = item.state in {SendState.CANCELLED, SendState.FAILED}
    return f"the note did not go out: {item.reason}" if lost else "the customer was told another time already"


def _noted(conversation: Conversation) -> bool:
    """Tell whether an automatic message left in this wait."""
    return any(
        item.note is not None and item.trigger == conversation.waiting_on and item.state in _LEFT
        for item in conversation.outbox
    )


def _saying(conversation: Conversation, person: Person, at: datetime, now: datetime) -> say.Saying:
    told = conversation.promise
    return say.Saying(
        kind=NoteKind.RENEWAL,
        person=person,
        at=at,
        previous_at=told.at if told is not None else None,
        missed=told is not None and (told.at <= now or told.state is PromiseState.BROKEN),
        previous_person=say.another_said(conversation, person),
        trigger=conversation.waiting_on,
        useful_until=at,
    )


def _prepared(
    house: House, conversation: Conversation, saying: say.Saying, reasons: tuple[str, Why], now: datetime
) -> Conversation:
    """Lay the words before the accountable person, who writes as themselves."""
    person = house.book.person(conversation.accountable) or saying.person
    another = say.another_said(conversation, person)
    saying = replace(saying, person=person, previous_person=another, linked=False)
    id_ = note_id(conversation.id, saying.trigger, saying.kind)
    words = say.worded(house, conversation, saying, (id_, None), now)
    if saying.at is None:
        return conversation
    night = reasons[0] == NIGHT
    laid = Prepared(
        kind=saying.kind,
        at=now,
        text=words.text,
        language=words.language,
        promise_at=saying.at,
        reason=LATER if night else reasons[0],
        by=person.id,
        why=reasons[1].value,
        say_at=manners.may_start(house, conversation, now) if night else None,
    )
    return replace(conversation, prepared=laid)
