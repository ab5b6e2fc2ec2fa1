"""What happens to one outbox entry: pure steps from `pending` to `sent`, or to a reason why not."""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from channels.message import Kind, Outgoing
from router import steps
from router.conversation import Conversation, Item, NoteKind, PromiseState, SendState, Status
from router.house import House
from router.keeping.attended import attended, unattended
from router.keeping.later import later
from router.quoting import promised
from router.tokens import reply_token
from router.voice import say
from router.voice import speakers as voices
from rules.wording import WordingError

#: After this many seconds in `sending` nobody can be sending any more.
LEASE_S = 60.0
#: A promised time nearer than this is computed anew before the note leaves.
TOO_NEAR_S = 60.0
#: Pauses between tries: doubled from the first, at most the longest; a person's answer is tried for a day.
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0
GIVE_UP_AFTER = timedelta(hours=24)
#: How often and how long apart an item in doubt is read back from the provider.
READ_BACKS = 5
READ_BACK_PAUSE_S = 30.0

_WAITING = frozenset({SendState.PENDING, SendState.RETRY})
_ANSWERED = frozenset({Status.PENDING, Status.RESOLVED})
#: Notes that make a promise of their own.
_PROMISING = frozenset({NoteKind.FIRST, NoteKind.RENEWAL})
#: Notes that say that a time stands which was told before.
_STANDING = frozenset({NoteKind.ADDED, NoteKind.INTRODUCTION})


class Result(Struct, frozen=True, kw_only=True):
    """What became of one try."""

    conversation: Conversation
    item: str
    #: sent, retry, failed or unknown.
    state: SendState
    message_id: str = ""
    reason: str = ""
    #: Seconds that the provider asked us to wait.
    after_s: float = 0.0


def due(conversation: Conversation, now: datetime) -> list[Item]:
    """Return the entries that need something done now."""
    return [one for one in conversation.outbox if one.next_at is not None and one.next_at <= now]


def cancel(conversation: Conversation, item: Item, reason: str, now: datetime) -> Conversation:
    """Let an entry not be sent; a promise that the customer never heard ends with it."""
    done = steps.amend(conversation, item.id, state=SendState.CANCELLED, next_at=None, reason=reason)
    if item.note is None or item.trigger != conversation.waiting_on:
        return done
    done = steps.untell(done, item.at, now)
    return replace(done, no_note=reason) if item.note is NoteKind.FIRST else done


def objection(conversation: Conversation, item: Item, now: datetime, *, paused: bool = False) -> str:
    """Return why a note is no longer wanted; "" when it is."""
    if item.state not in _WAITING:
        return ""
    if item.note is not None:
        if paused:
            return "notes are paused"
        if not _still_wanted(conversation, item):
            return "the wait was over first"
        if item.useful_until is not None and now > item.useful_until:
            return "too late to be of use"
    return ""


def _still_wanted(conversation: Conversation, item: Item) -> bool:
    """Tell whether what the note speaks of still is so."""
    if item.note is NoteKind.FOLLOWUP:
        return conversation.waiting_since is None and conversation.status in _ANSWERED
    if item.note in _STANDING and not _stands(conversation, item):
        return False
    here = conversation.status is Status.OPEN
    if item.note is not NoteKind.FIRST:
        here = here or conversation.status is Status.SNOOZED
    return here and conversation.waiting_on == item.trigger


def _stands(conversation: Conversation, item: Item) -> bool:
    """Tell whether the time still runs, in the same person's name, that a note says to stand."""
    made = conversation.promise
    runs = made is not None and made.state is PromiseState.MADE
    return runs and made is not None and made.by == item.author and made.made_at <= item.at


def waits(item: Item) -> bool:
    """Tell whether an entry has not left yet."""
    return item.state in _WAITING


def given_up(item: Item, now: datetime) -> bool:
    """Tell whether a person's answer has been tried for so long that its author must know."""
    return item.note is None and item.state in _WAITING and now - item.at > GIVE_UP_AFTER


def give_up(conversation: Conversation, item: Item, reason: str, now: datetime) -> Conversation:
    """Stop trying, and make the answer its author's work again."""
    failed = steps.amend(conversation, item.id, state=SendState.FAILED, next_at=None, reason=reason)
    result = Result(conversation=conversation, item=item.id, state=SendState.FAILED, reason=reason)
    return _shown(failed, item, result, now)


def refreshed(house: House, conversation: Conversation, item: Item, now: datetime) -> Conversation:
    """Compute time and words anew when the promised time is past or too near. Raises WordingError."""
    made = conversation.promise
    if item.note not in _PROMISING or item.state not in _WAITING:
        return conversation
    if made is None or made.state is not PromiseState.MADE or made.made_at != item.at:
        raise WordingError("the promise it speaks of has ended")
    near = made.at - now < timedelta(seconds=TOO_NEAR_S)
    if not near and voices.speaks_still(house, conversation, made):
        stale = _stale(house, conversation, item, now)
        return reworded(house, conversation, item, now) if stale else conversation
    answers = house.book.person(conversation.accountable)
    voice = voices.speaker(house, conversation, house.crew, now)
    if answers is None:
        raise WordingError(f"{conversation.accountable or 'nobody'} does not stand in the rules")
    if voice is None:
        raise WordingError(voices.nobody(house, conversation))
    if not near and made.by == conversation.accountable:  # it only goes out in another name
        fresh = replace(made, by=voice.id, owner=conversation.owner == voice.id, made_at=now)
    else:
        quote = attended(house, conversation, answers, house.crew, now)
        if item.note is NoteKind.RENEWAL:
            quote = later(house, conversation, answers, house.crew, now) or quote
        if unattended(house, conversation, house.crew, quote.at, now):
            raise WordingError("nobody is there before the provider's window for answers closes")
        fresh = replace(promised(house, conversation, voice, quote, now), renewals=made.renewals)
    return reworded(house, replace(conversation, promise=fresh), item, now)


def _stale(house: House, conversation: Conversation, item: Item, now: datetime) -> bool:
    """Tell whether what a note says of a time has become wrong: it is another day, or the old time has passed."""
    account = house.account(conversation.channel, conversation.account)
    zone = house.zone(wanted=conversation.zone, account=account)
    if item.at.astimezone(zone).date() != now.astimezone(zone).date():
        return True
    said = conversation.promises[-1].at if conversation.promises else None
    return item.note is NoteKind.RENEWAL and said is not None and item.at < said <= now


def reworded(house: House, conversation: Conversation, item: Item, now: datetime) -> Conversation:
    """Word a note anew for the running promise, which was made with it. Raises WordingError."""
    made = conversation.promise
    person = house.book.person(made.by) if made is not None else None
    if made is None or person is None or item.note is None:
        raise WordingError("nobody promises anything any more")
    before = conversation.promises[-1] if conversation.promises else None
    saying = say.Saying(
        kind=item.note,
        person=person,
        at=made.at,
        previous_at=before.at if before is not None and item.note is NoteKind.RENEWAL else None,
        missed=before is not None and (before.state is PromiseState.BROKEN or before.at <= now),
        previous_person=say.another_said(conversation, person) if item.note is NoteKind.RENEWAL else "",
        trigger=item.trigger,
    )
    words = say.worded(house, conversation, saying, (item.id, item.turn), now)
    return steps.amend(
        conversation,
        item.id,
        text=words.text,
        language=words.language,
        at=made.made_at,
        author=person.id,
        author_name=person.name,
    )


def sending(conversation: Conversation, item: Item, holder: str, now: datetime) -> Conversation:
    """Mark an entry as being sent, or, where it is in doubt, as being read back.

    What is about to leave takes the next place of the conversation: a customer who follows it by
    seq must not find it behind what they have seen.
    """
    state, seq = SendState.UNKNOWN, item.seq
    if item.state in _WAITING:
        state, seq = SendState.SENDING, conversation.seq + 1
        conversation = replace(conversation, seq=seq)
    return steps.amend(
        conversation,
        item.id,
        state=state,
        seq=seq,
        sender=holder,
        attempts=item.attempts + 1,
        next_at=now + timedelta(seconds=LEASE_S),
    )


def recorded(conversation: Conversation, result: Result, now: datetime) -> Conversation:
    """Write down what became of a try."""
    item = steps.item_of(conversation, result.item)
    if item is None or item.state not in {SendState.SENDING, SendState.UNKNOWN}:
        return conversation
    if result.state is SendState.SENT:
        return steps.sent(conversation, item.id, result.message_id, now)
    if result.state is SendState.RETRY:
        pause = max(result.after_s, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(item.attempts, 10)))
        return _amend(conversation, item, result, next_at=now + timedelta(seconds=pause))
    if result.state is SendState.UNKNOWN and item.attempts <= READ_BACKS:
        return _amend(conversation, item, result, next_at=now + timedelta(seconds=READ_BACK_PAUSE_S))
    return _shown(_amend(conversation, item, result, next_at=None), item, result, now)


def _amend(conversation: Conversation, item: Item, result: Result, next_at: datetime | None) -> Conversation:
    return steps.amend(conversation, item.id, state=result.state, reason=result.reason, next_at=next_at)


def _shown(conversation: Conversation, item: Item, result: Result, now: datetime) -> Conversation:
    """Show the accountable person what did not go, or may not have gone; their answer is their work again."""
    what = "Your word about a new time" if item.update else "An answer" if item.note is None else "A note"
    doubt = "may not have arrived" if result.state is SendState.UNKNOWN else "was not sent"
    flagged = steps.flag(conversation, f"{what} {doubt}: {result.reason}. Check before you send it again.")
    if item.update:
        return steps.untell(flagged, item.at, now) if result.state is SendState.FAILED else flagged
    if item.note is None and not item.unless_seen:
        # another time may have to be told yet, which waited for this answer
        again = replace(flagged, warned="lead") if flagged.warned == "renew" else flagged
        return steps.reopen(again, now, now + timedelta(hours=1))
    if result.state is SendState.FAILED and item.trigger == flagged.waiting_on:
        untold = steps.untell(flagged, item.at, now)
        return replace(untold, no_note=result.reason) if item.note is NoteKind.FIRST else untold
    return flagged


def outgoing(house: House, conversation: Conversation, item: Item) -> Outgoing | None:
    """Return what the channel is asked to send; None when no account reaches the address."""
    account = house.carrier(item.to, conversation.channel, conversation.account)
    if account is None:
        return None
    return Outgoing(
        id=item.id,
        channel=account.channel,
        account=account.name,
        conversation=conversation.id,
        reference=conversation.reference,
        automatic=item.note is not None,
        author=item.author_name,
        to=item.to,
        subject=item.subject,
        text=item.text,
        language=item.language,
        attachments=item.attachments,
        thread=conversation.thread,
        in_reply_to=item.in_reply_to,
        references=item.references,
        token=reply_token(house.secret, conversation.reference),
        public=conversation.public,
        customer_at=wrote_last(conversation),
        at=item.at,
    )


def wrote_last(conversation: Conversation) -> datetime | None:
    """Return when the customer last wrote; None when they never did."""
    return next((one.at for one in reversed(conversation.entries) if one.kind is Kind.CUSTOMER), None)


def try_refresh(house: House, conversation: Conversation, item: Item, now: datetime) -> Conversation:
    """Refresh a note, or cancel it when no honest words can be found, or nobody has agreed to say them."""
    if _unspoken(house, conversation, item, now):
        return cancel(conversation, item, voices.nobody(house, conversation), now)
    try:
        return refreshed(house, conversation, item, now)
    except WordingError as error:
        flagged = steps.flag(conversation, f"No note could be worded: {error}")
        return cancel(flagged, item, "no fitting words", now)


def _unspoken(house: House, conversation: Conversation, item: Item, now: datetime) -> bool:
    """Tell whether a note that has not left is in the name of somebody who does not agree (any more).

    What promises a time may go out in another's name; what speaks of one's own doings may not.
    """
    if item.note is None or item.state not in _WAITING or house.speaks(item.author, conversation.channel):
        return False
    return item.note not in _PROMISING or voices.speaker(house, conversation, house.crew, now) is None
