"""What the promise of a conversation is computed from, and the promise itself as the document keeps it."""

from datetime import datetime, timedelta

from router.conversation import Conversation, Promise
from router.house import House
from router.promise import Quote, Snapshot, promise
from rules.model import Person

#: Share of the open time until X at which it is looked at whether the customer must be told of another.
RENEW_AT = 0.95
#: That is at least so many seconds before X: words take a moment to arrive and to be read.
AHEAD_S, AHEAD_LIVE_S = 120.0, 60.0
#: The smallest step (minutes) in which a time is named: in a letter nobody says 14:07.
STEPS = {"mail": 15, "public": 5}


def quoted(house: House, conversation: Conversation, person: Person, now: datetime) -> Quote:
    """Compute X for a conversation that waits, in the hours of the accountable person."""
    account = house.account(conversation.channel, conversation.account)
    since = conversation.waiting_since or now
    return promise(
        Snapshot(
            now=now,
            arrived_at=since,
            due_at=conversation.due_at or now,
            target_s=conversation.decision.target_s if conversation.decision else 0.0,
            calendar=house.book.calendar_of(person),
            person=person.name,
            window_until=window_until(house, conversation, now),
            not_before=conversation.not_before,
            zone=house.zone(wanted=conversation.zone, account=account),
            outlook=house.forecast.outlook(conversation, now) if house.forecast is not None else None,
            level=house.book.policy(conversation.channel).promise_level,
            step=STEPS.get(account.style, 1),
        )
    )


def window_until(house: House, conversation: Conversation, now: datetime) -> datetime | None:
    """Return when the provider's window for answers closes; None = it stays open."""
    window_s = house.account(conversation.channel, conversation.account).reply_window_s
    if conversation.reply_until is not None or not window_s:
        return conversation.reply_until
    return (conversation.waiting_since or now) + timedelta(seconds=window_s)


def promised(
    house: House, conversation: Conversation, person: Person, quote: Quote, now: datetime
) -> Promise:
    """Return the promise to keep on record, with the times at which it is looked after.

    Those are shares of the open time of whoever is to answer, so that nobody is warned at night.
    """
    answers = house.book.person(conversation.accountable) or person
    hours, policy = house.book.calendar_of(answers), house.book.policy(conversation.channel)
    open_s = hours.between(now, quote.at)

    def left(share: float) -> datetime:
        return hours.subtract(quote.at, open_s * (1 - share)) if open_s else quote.at

    renew_at = min(left(RENEW_AT), _ahead(house, conversation, quote.at, now))
    return Promise(
        warn_at=min(left(policy.warn_at), renew_at),
        lead_at=min(left(policy.lead_at), renew_at),
        renew_at=renew_at,
        at=quote.at,
        made_at=now,
        by=person.id,
        owner=conversation.owner == person.id,
        late=quote.late,
        parts=quote.parts,
        explanation=quote.explanation,
    )


def _ahead(house: House, conversation: Conversation, at: datetime, now: datetime) -> datetime:
    """Return the last instant at which another time can still be told before X; at least half of the time is left."""
    live = house.account(conversation.channel, conversation.account).live
    half_ms = (at - now) // timedelta(milliseconds=2)
    return max(
        at - timedelta(seconds=AHEAD_LIVE_S if live else AHEAD_S), at - timedelta(milliseconds=half_ms)
    )
