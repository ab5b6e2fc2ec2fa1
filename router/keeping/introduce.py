"""A new person behind a running promise: they introduce themselves, and keep the time that was said."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from router import steps
from router.conversation import (
    Agent,
    Conversation,
    Event,
    NoteKind,
    Promise,
    Status,
    answer_in_doubt,
    note_id,
    promise_told,
    taken_over,
)
from router.house import House
from router.journal import event
from router.keeping import manners
from router.keeping.charge import UNOWNED, expected
from router.keeping.stages import hurried
from router.voice import say
from router.voice.speakers import speaker
from rules.model import Person
from rules.wording import WordingError

#: A new owner has it for so long before anything is said: whoever answers at once needs no introduction.
#: A customer in a chat looks on, and hears sooner.
SETTLED_S, SETTLED_LIVE_S = 60.0, 30.0
#: With less time left than this the answer itself is what the customer needs.
LEFT = timedelta(minutes=5)
LEFT_LIVE = timedelta(minutes=1)


def owned(
    house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime
) -> tuple[Conversation, list[Event]]:
    """Let a new owner take over the promise of the one before, once they have had it for a moment.

    Who was only announced as a colleague of the duty person needs no introduction: the promise stays theirs
    who see to it. A time that the new owner cannot keep is looked at like any other that will be missed.
    """
    made, person = one.promise, house.book.person(one.owner)
    if made is None or not taken_over(one):
        return one, []
    live = house.account(one.channel, one.account).live
    begins = _had_since(one, agents, now) + timedelta(seconds=SETTLED_LIVE_S if live else SETTLED_S)
    if begins > now:
        return (one if one.introduce_at == begins else replace(one, introduce_at=begins)), []
    if person is None:
        return replace(one, introduce_at=now + timedelta(seconds=SETTLED_S)), []
    after = replace(_moved(one, made, person, owner=True), introduce_at=None)
    if expected(house, agents, person.id, made.at, now):
        after = _introduced(house, after, made, person, now)
    else:
        after = hurried(house, after, agents, now)
    return after, [_line(after, made, person, now)]


def watched_over(
    house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime
) -> tuple[Conversation, list[Event]]:
    """Let another duty person take over a promise in the duty voice whose person will not be there."""
    made = one.promise
    if made is None or made.owner or one.owner or one.status not in UNOWNED or not promise_told(one):
        return one, []
    if made.at <= now or expected(house, agents, made.by, made.at, now):
        return one, []
    person = speaker(house, one, agents, now)
    if person is None or person.id == made.by or not expected(house, agents, person.id, made.at, now):
        return one, []
    after = _introduced(house, _moved(one, made, person, owner=False), made, person, now)
    return after, [_line(after, made, person, now)]


def _moved(one: Conversation, made: Promise, person: Person, *, owner: bool) -> Conversation:
    """Return it with the same promise, now the person's."""
    return replace(one, promise=replace(made, by=person.id, owner=owner))


def _line(one: Conversation, made: Promise, person: Person, now: datetime) -> Event:
    return event(one, now, "taken over", agent=person.id, subject=one.waiting_on, before=made.by)


def _had_since(one: Conversation, agents: Mapping[str, Agent], now: datetime) -> datetime:
    claims = agents[one.owner].claims if one.owner in agents else ()
    return next((claim.at for claim in claims if claim.id == one.claim), now)


def _introduced(
    house: House, one: Conversation, made: Promise, person: Person, now: datetime
) -> Conversation:
    """Put the introduction into the outbox, where one may go: at most one a wait."""
    if not _may(house, one, made, person, now):
        return one
    before = house.book.person(made.by)
    saying = say.Saying(
        kind=NoteKind.INTRODUCTION,
        person=person,
        at=made.at,
        previous_person=before.name if before is not None else "",
        trigger=one.waiting_on,
        useful_until=made.at - _left(house, one),
    )
    try:
        starts = manners.may_start(house, one, now)
        item = say.item(house, one, saying, starts)  # in the words of the hour at which it is read
        return steps.enqueue(one, replace(item, at=now, next_at=starts))
    except WordingError:
        return one  # it is a courtesy: the time stands, and the answer comes in the new owner's name


def _may(house: House, one: Conversation, made: Promise, person: Person, now: datetime) -> bool:
    """Tell whether software may say it: it is not needed so much that a person would have to."""
    account = house.account(one.channel, one.account)
    told = steps.item_of(one, note_id(one.id, one.waiting_on, NoteKind.INTRODUCTION)) is not None
    tone = one.decision.tone if one.decision is not None else "plain"
    forbidden = (
        told,
        house.paused,
        tone == "none",
        say.style_of(one, account) == "public",
        account.one_automatic_reply,
        not house.speaks(person.id, one.channel),
        one.status is Status.HELD or one.kind != "normal",
        one.reply_until is not None and one.reply_until <= now,
        made.at - manners.may_start(house, one, now) < _left(house, one),
        steps.answer_on_its_way(one) or answer_in_doubt(one),
    )
    return not any(forbidden)


def _left(house: House, one: Conversation) -> timedelta:
    return LEFT_LIVE if house.account(one.channel, one.account).live else LEFT
