"""After the answer: whether it settled the matter is asked once, on the same channel, by whoever answered."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from channels.message import Kind
from router import steps
from router.conversation import Agent, Conversation, Event, Item, NoteKind, SendState, Status
from router.house import House
from router.journal import event
from router.keeping.manners import may_start
from router.voice import say
from rules.wording import WordingError

#: A question that comes this long after its time is odd: then it is not asked.
STALE = timedelta(days=1)
_ANSWERED = frozenset({Status.PENDING, Status.RESOLVED})
_LOST = frozenset({SendState.FAILED, SendState.CANCELLED})


def planned(house: House, one: Conversation, now: datetime) -> Conversation:
    """Return it with the time at which the customer is asked, where a person's answer was the last word."""
    wait_s = house.book.policy(one.channel).follow_up_s
    answered = one.status in _ANSWERED and answer_of(one) is not None
    if wait_s is None or one.checked or not answered:
        return one
    return replace(one, check_at=may_start(house, one, now + timedelta(seconds=wait_s)))


def settled(house: House, before: Conversation, after: Conversation, now: datetime) -> Conversation:
    """Plan the question when this change ended a wait by an answer, or added to one that is asked about."""
    ended = before.waiting_since is not None and after.waiting_since is None
    answer = answer_of(after)
    known = steps.item_of(before, answer.id) if answer is not None else None
    left = known is not None and known.state is not SendState.SENT
    return planned(house, after, now) if left and (ended or before.check_at is not None) else after


def closed(house: House, before: Conversation, after: Conversation, now: datetime) -> Conversation:
    """Plan the question anew when a person closes what was answered; not where a thanks called it off."""
    due = before.check_at is not None or steps.answer_on_its_way(before)
    return planned(house, after, now) if due else after


def answer_of(one: Conversation) -> Item | None:
    """Return the person's answer that was the last word; None when the customer's was, be it only a thanks."""
    answers = [item for item in one.outbox if item.answers]
    last = next((item for item in reversed(answers) if item.state not in _LOST), None)
    wrote = next((entry.at for entry in reversed(one.entries) if entry.kind is Kind.CUSTOMER), None)
    return None if last is None or (wrote is not None and wrote > last.at) else last


def asked(
    house: House, one: Conversation, _: Mapping[str, Agent], now: datetime
) -> tuple[Conversation, list[Event]]:
    """Ask whether the answer settled it, when the time has come and nothing speaks against it."""
    at, answer = one.check_at, answer_of(one)
    if at is None or at > now or one.status not in _ANSWERED:
        return one, []
    objection = next(_objections(house, one, answer, now), "")
    if objection or answer is None:
        return replace(one, check_at=None), [event(one, now, "not asked", reason=objection)]
    start = may_start(house, one, now)
    if start > now:
        return replace(one, check_at=start), []
    return _ask(house, one, answer, now)


def _ask(house: House, one: Conversation, answer: Item, now: datetime) -> tuple[Conversation, list[Event]]:
    person = house.book.people[answer.author]
    done = replace(one, check_at=None, checked=True)
    closes = _closes(one, house.account(one.channel, one.account).reply_window_s)
    stale = (one.check_at or now) + STALE
    saying = say.Saying(
        kind=NoteKind.FOLLOWUP,
        person=person,
        trigger=answer.id,
        useful_until=stale if closes is None else min(stale, closes),
    )
    try:
        item = say.item(house, one, saying, now)
    except WordingError as error:
        return done, [event(one, now, "not asked", reason=str(error))]
    return steps.enqueue(done, item), [event(one, now, "asked", agent=person.id, subject=item.id)]


def _objections(house: House, one: Conversation, answer: Item | None, now: datetime) -> Iterator[str]:
    """Yield why the customer is not asked."""
    account = house.account(one.channel, one.account)
    by = answer.author if answer is not None else ""
    if answer is None or answer.state is not SendState.SENT or one.waiting_since is not None:
        yield "the answer is not the last word"
    if one.checked:
        yield "it is asked once"
    if house.paused:
        yield "notes are paused"
    if one.check_at is not None and now > one.check_at + STALE:
        yield "it is too late to ask"
    if house.book.policy(one.channel).follow_up_s is None:
        yield "the rules ask nobody on this channel"
    if one.public or account.style == "public":
        yield "others read along"
    if account.one_automatic_reply:
        yield "the platform allows no further automatic message"
    if one.kind != "normal" or one.contact.key in house.ours or one.contact.key in house.staff:
        yield "no customer wrote it"
    if by not in house.book.people or not house.speaks(by, one.channel):
        yield "whoever answered has not agreed to notes here"
    if _window_over(one, account.reply_window_s, may_start(house, one, now)):
        yield "the channel's window for answers has closed"


def _window_over(one: Conversation, window_s: float, at: datetime) -> bool:
    """Tell whether the channel takes no message of ours any more by then."""
    until = _closes(one, window_s)
    return until is not None and at >= until


def _closes(one: Conversation, window_s: float) -> datetime | None:
    """Return when the channel takes no message of ours any more; None = it always does."""
    wrote = next((entry.at for entry in reversed(one.entries) if entry.kind is Kind.CUSTOMER), None)
    if one.reply_until is not None or not window_s or wrote is None:
        return one.reply_until
    return wrote + timedelta(seconds=window_s)
