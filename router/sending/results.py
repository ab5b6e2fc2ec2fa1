"""What became of a try, as it is written down: the entry, what follows from it, and its line for the log."""

from datetime import datetime

from router.conversation import SendState
from router.house import House
from router.journal import changed, event
from router.keeping.after import settled
from router.keeping.unsaid import instead
from router.ports import Change
from router.sending import outbox
from router.sending.outbox import Result
from router.steps import item_of


def recorded(house: House, result: Result, now: datetime) -> Change:
    """Return the change that writes a result down."""
    before = result.conversation
    after = instead(house, before, outbox.recorded(before, result, now), now)
    item = item_of(before, result.item)
    answer = item is not None and item.note is None
    said = "updated" if item is not None and item.update else "answered"
    kind = said if answer and result.state is SendState.SENT else f"send {result.state.value}"
    line = event(after, now, kind, agent=item.author if item is not None else "", subject=result.item)
    return changed(before, settled(house, before, after, now), events=[line])
