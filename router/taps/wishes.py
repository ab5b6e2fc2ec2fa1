"""The pure steps of what a customer says by a tap: tomorrow is fine, it is urgent, this time, solved, and back."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from router import assign, steps
from router.conversation import (
    Before,
    Conversation,
    Item,
    NoteKind,
    Promise,
    PromiseState,
    SendState,
    Status,
    Why,
    Wish,
)
from router.house import House
from router.keeping.attended import attended
from router.promise import Quote
from router.quoting import promised
from router.steps.promises import end
from router.taps import suits
from rules.model import Person

#: Wishes about a wait that goes on.
POSTPONED = frozenset({"later", "picked"})
RUNNING = POSTPONED | {"urgent"}
#: For so long a customer may say that it is not solved after all.
BACK_FOR = timedelta(hours=24)
#: What "it is urgent" makes of a priority; never more than high, which rules alone exceed.
RAISED = {"low": "normal", "normal": "high"}
URGENT = "The customer says it is urgent."
#: Why notes do not leave.
SOLVED, CHOSEN = "the customer says it is solved", "the customer chose another time"


def postponed(house: House, one: Conversation, kind: str, at: datetime, now: datetime) -> Conversation:
    """Let the answer be wanted by then: the old promise ends unbroken, and the page shows the new one."""
    person = suits.promiser(house, one, now)
    if person is None:
        return one
    one = quiet(one, CHOSEN)
    wish = _wish(one, kind, now, before=_before(one), wanted_at=at)
    due = max(at, one.due_at) if one.due_at is not None else at
    free = replace(_calm(one), due_at=due, overdue=False, wish=wish, updated_at=now)
    if free.neglect_at is not None:
        free = replace(free, neglect_at=max(free.neglect_at, at))
    return _promised(house, free, person, Quote(at=at, late=False, explanation=(_said(house, one, at),)), now)


def urgent(house: House, one: Conversation, now: datetime) -> Conversation:
    """Let it come sooner than its like, and tell whoever answers for it; once a wait."""
    if one.wish is not None and one.wish.raised:
        return one
    before = _before(one)
    sooner = _as_before(house, one, before, now) if _kind(one) in POSTPONED else one
    priority = RAISED.get(sooner.priority, sooner.priority)
    wish = replace(_wish(one, "urgent", now, before=before), raised=True)
    return steps.flag(replace(sooner, priority=priority, wish=wish, updated_at=now), URGENT)


def solved(one: Conversation, now: datetime) -> Conversation:
    """Close it, as the customer wants: nobody waits, and nothing promised is owed any more."""
    one = quiet(one, SOLVED)
    wish = _wish(one, "solved", now, before=_standing(one))
    return replace(
        steps.end_wait(steps.disown(_withdrawn(_calm(one), now))),
        status=Status.RESOLVED,
        check_at=None,
        wish=wish,
        updated_at=now,
    )


def quiet(one: Conversation, reason: str) -> Conversation:
    """Let no note leave that has not left; one about another time among them was never said, so one may be later on."""
    done = steps.cancel_notes(one, reason)
    said = tuple(item for item in done.outbox if not _unsaid(item, one.waiting_on, reason))
    return replace(done, outbox=said)


def _unsaid(item: Item, wait: str, reason: str) -> bool:
    cancelled = item.state is SendState.CANCELLED and item.reason == reason
    return cancelled and item.note is NoteKind.RENEWAL and item.trigger == wait


def thanked(one: Conversation, now: datetime) -> Conversation:
    """Take it that our answer solved it."""
    done = replace(steps.disown(one), status=Status.RESOLVED, check_at=None, updated_at=now)
    return replace(done, checked=True, wish=Wish(kind="solved", at=now))


def undone(house: House, one: Conversation, now: datetime) -> Conversation:
    """Let it be as it was before the wish, as far as time has not passed."""
    before = one.wish.before if one.wish is not None else None
    if before is None:
        return one
    wish = _wish(one, "undone", now, before=None)
    if _kind(one) == "solved":
        back = _open_again(house, one, before, now)
        return replace(back, wish=wish)
    calm = replace(_calm(one), wish=wish, updated_at=now)
    return _as_before(house, calm, before, now) if _kind(one) in POSTPONED else calm


def _open_again(house: House, one: Conversation, before: Before, now: datetime) -> Conversation:
    """Let the wait go on that "solved" ended: it waits for an owner, due as before."""
    back = replace(
        one,
        status=Status.OPEN,
        waiting_since=before.waiting_since,
        waiting_on=before.waiting_on,
        unanswered=before.unanswered,
        due_at=before.due_at,
        priority=before.priority,
        misses=before.misses,
        neglect_at=before.neglect_at,
        accountable=assign.accountable(house.book, one.queue, house.crew, now),
        updated_at=now,
    )
    return _promised_again(house, back, before, now)


def _as_before(house: House, one: Conversation, before: Before, now: datetime) -> Conversation:
    """Let the answer be wanted by when it was before."""
    due = min((at for at in (before.due_at, one.due_at) if at is not None), default=None)
    back = replace(one, due_at=due, neglect_at=before.neglect_at, updated_at=now)
    return _promised_again(house, back, before, now)


def _promised_again(house: House, one: Conversation, before: Before, now: datetime) -> Conversation:
    """Promise the time of before, or the first honest one where that can no longer be kept; none where none ran.

    It is never later than the one that runs.
    """
    one = quiet(one, CHOSEN)
    person, made = suits.promiser(house, one, now) or suits.behind(house, one), one.promise
    if person is None or before.promised_at is None:
        return _withdrawn(one, now)
    quote = attended(house, one, person, house.crew, now)
    at = max(before.promised_at, quote.at)
    if made is not None and made.state is PromiseState.MADE and made.at <= at:
        return one
    said = ("The customer changed their mind: as before, or as soon as can be kept.",)
    return _promised(house, one, person, replace(quote, at=at, explanation=(*quote.explanation, *said)), now)


def _promised(house: House, one: Conversation, person: Person, quote: Quote, now: datetime) -> Conversation:
    """Put the promise on record that the page shows; notes about another time do not leave any more."""
    old = one.promise
    made: Promise = replace(
        promised(house, one, person, quote, now), shown=True, renewals=old.renewals if old is not None else 0
    )
    return replace(steps.promise(_withdrawn(one, now), made), warned="", pressing=False, prepared=None)


def _withdrawn(one: Conversation, now: datetime) -> Conversation:
    return end(one, PromiseState.WITHDRAWN, now, Why.CHANGED.value)


def _calm(one: Conversation) -> Conversation:
    """Take back that it is urgent, unless somebody has changed the priority since."""
    if _kind(one) != "urgent" or one.wish is None or one.wish.before is None:
        return one
    was = one.wish.before.priority
    mine = one.priority == RAISED.get(was, was)
    flags = tuple(flag for flag in one.flags if flag != URGENT)
    return replace(one, priority=was if mine else one.priority, flags=flags)


def _before(one: Conversation) -> Before:
    """Return how the wait stood before the customer's first wish that still holds."""
    known = one.wish.before if one.wish is not None and one.wish.kind in RUNNING else None
    return known or _standing(one)


def _standing(one: Conversation) -> Before:
    """Return how the wait stands, "it is urgent" left out."""
    made, calm = one.promise, _calm(one)
    runs = made is not None and made.state is PromiseState.MADE
    return Before(
        waiting_since=one.waiting_since or one.updated_at,
        waiting_on=one.waiting_on,
        unanswered=one.unanswered,
        due_at=one.due_at,
        priority=calm.priority,
        promised_at=made.at if made is not None and runs else None,
        misses=one.misses,
        neglect_at=one.neglect_at,
    )


def _wish(
    one: Conversation, kind: str, now: datetime, *, before: Before | None, wanted_at: datetime | None = None
) -> Wish:
    """Return the wish, with what is remembered of those before it in the same wait."""
    last = one.wish
    return Wish(
        kind=kind,
        at=now,
        wanted_at=wanted_at,
        before=before,
        raised=last is not None and last.raised,
        times=last.times + 1 if last is not None else 1,
    )


def _kind(one: Conversation) -> str:
    return one.wish.kind if one.wish is not None else ""


def _said(house: House, one: Conversation, at: datetime) -> str:
    zone = house.zone(wanted=one.zone, account=house.account(one.channel, one.account))
    return f"The customer asked for it by {at.astimezone(zone):%a %-d %b %H:%M}."
