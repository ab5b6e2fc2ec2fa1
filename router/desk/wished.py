"""What the API shows of a customer's wish: what they said by a tap on a note's link."""

from datetime import datetime

from msgspec import Struct

from router.conversation import Conversation

#: Wishes that hold; one that was taken back is not shown.
SHOWN = frozenset({"later", "urgent", "picked", "solved"})


class WishView(Struct, frozen=True, kw_only=True):
    """What the customer said by a tap on the note's link."""

    #: later, urgent, picked or solved.
    kind: str
    at: datetime
    #: By when they want the answer, where they said so.
    wanted_at: datetime | None


def wish(one: Conversation) -> WishView | None:
    """Return the customer's wish that holds now; None where they said nothing."""
    said = one.wish
    if said is None or said.kind not in SHOWN:
        return None
    return WishView(kind=said.kind, at=said.at, wanted_at=said.wanted_at)
