"""When we may start something ourselves: renewals, follow-ups and updates keep the customer's day."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from router.conversation import Conversation, NoteKind
from router.house import House

#: Nobody is written to unasked before or from these hours, on their own clock.
FROM, UNTIL = time(8), time(21)
#: Notes that we start ourselves; the others answer what the customer has just written.
STARTED_BY_US = frozenset({NoteKind.RENEWAL, NoteKind.INTRODUCTION, NoteKind.FOLLOWUP, NoteKind.INCIDENT})


def may_start(house: House, conversation: Conversation, now: datetime) -> datetime:
    """Return when we may write unasked: now, or at the next eight in the morning where the customer is.

    Where customers stay on the line it is always now: they are awake and look.
    """
    account = house.account(conversation.channel, conversation.account)
    return now if account.live else by_day(now, house.zone(wanted=conversation.zone, account=account))


def by_day(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant itself if it is between 8 and 21 there, else the next 8 o'clock there."""
    local = at.astimezone(zone)
    if FROM <= local.time() < UNTIL:
        return at
    day = local.date() if local.time() < FROM else local.date() + timedelta(days=1)
    return datetime.combine(day, FROM, tzinfo=zone).astimezone(UTC)
