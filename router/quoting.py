"""What the promise of a conversation is computed from, and the promise itself as the document keeps it."""

from datetime import datetime, timedelta

from router.conversation import Conversation, Promise
from router.house import House
from router.promise import Quote, Snapshot, promise
from rules.model import Person

#: Shares of the open time until X at which the owner is warned, the lead is warned, and the customer told.
WARN_AT, LEAD_AT, RENEW_AT = 0.7, 0.85, 0.95


def quoted(house: House, conversation: Conversation, person: Person, now: datetime) -> Quote:
    """Compute X for a conversation that waits, in the hours of the accountable person."""
    account = house.account(conversation.channel, conversation.account)
    since = conversation.waiting_since or now
    window = conversation.reply_until
    if window is None and account.reply_window_s:
        window = since + timedelta(seconds=account.reply_window_s)
    return promise(
        Snapshot(
            now=now,
            arrived_at=since,
            due_at=conversation.due_at or now,
            target_s=conversation.decision.target_s if conversation.decision else 0.0,
            calendar=house.book.calendar_of(person),
            person=person.name,
            window_until=window,
            not_before=conversation.not_before,
            zone=house.zone(wanted=conversation.zone, account=account),
        )
    )


def promised(
    house: House, conversation: Conversation, person: Person, quote: Quote, now: datetime
) -> Promise:
    """Return the promise to keep on record, with the times at which it is looked after.

    Those are shares of the open time of the person who promises, so that nobody is warned at night.
    """
    hours = house.book.calendar_of(person)
    open_s = hours.between(now, quote.at)

    def left(share: float) -> datetime:
        return hours.subtract(quote.at, open_s * (1 - share)) if open_s else quote.at

    return Promise(
        warn_at=left(WARN_AT),
        lead_at=left(LEAD_AT),
        renew_at=left(RENEW_AT),
        at=quote.at,
        made_at=now,
        by=person.id,
        owner=conversation.owner == person.id,
        late=quote.late,
        explanation=quote.explanation,
    )
