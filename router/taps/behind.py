"""Where the matter stands behind a link of a note, and what may be said there: pure."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from router.conversation import Conversation, NoteKind, Status
from router.taps import link as tap
from router.taps import wishes
from router.taps.link import Purpose, Tap

_WAITS = frozenset({Status.OPEN, Status.SNOOZED, Status.PENDING})
_ANSWERED = frozenset({Status.PENDING, Status.RESOLVED})


class Stand(StrEnum):
    """Where the matter stands for somebody who opens the link."""

    WAITS = "waits"  # an answer is owed; nothing was said about it
    SAID = "said"  # an answer is owed; the customer said what suits them
    SOLVED = "solved"  # the customer said that it is solved, and may take it back
    ASKED = "asked"  # it was answered: did that solve it?
    THANKED = "thanked"  # yes, it did
    OPENED = "opened"  # no, something is open: it is work again
    OVER = "over"  # the link is no longer in use
    BROKEN = "broken"  # the link is incomplete, or not ours


#: What may be said where.
CHOICES: Mapping[Stand, frozenset[str]] = {
    Stand.WAITS: frozenset({"later", "urgent", "picked", "solved"}),
    Stand.SAID: frozenset({"later", "urgent", "picked", "solved", "undone"}),
    Stand.SOLVED: frozenset({"undone"}),
    Stand.ASKED: frozenset({"solved", "open"}),
    Stand.THANKED: frozenset({"open"}),
    Stand.OPENED: frozenset({"solved"}),
    Stand.OVER: frozenset(),
    Stand.BROKEN: frozenset(),
}


class Looked(Struct, frozen=True, kw_only=True):
    """What is behind a link."""

    token: str
    stand: Stand
    #: None behind a broken link.
    conversation: Conversation | None = None


def reopening_key(token: str) -> str:
    """Return the key of the message that "something is open" makes: one for each link."""
    return f"tap:{token}"


def standing(one: Conversation, found: Tap, key: str, now: datetime, *, accepted: bool) -> Stand:
    """Return where the matter stands behind this link; `key` names the message that reopens it."""
    if now >= found.until:
        return Stand.OVER
    if found.purpose is Purpose.CHECK:
        return _of_check(one, found, key, now, accepted=accepted)
    return _of_wait(one, found.wait, now)


def _of_wait(one: Conversation, wait: bytes, now: datetime) -> Stand:
    kind = one.wish.kind if one.wish is not None else ""
    if one.waiting_since is not None:
        if one.status not in _WAITS or tap.mark(one.waiting_on) != wait:
            return Stand.OVER
        return Stand.SAID if kind in wishes.RUNNING else Stand.WAITS
    before = one.wish.before if one.wish is not None and kind == "solved" else None
    if one.wish is None or before is None or one.status is not Status.RESOLVED:
        return Stand.OVER
    mine = tap.mark(before.waiting_on) == wait and now - one.wish.at <= wishes.BACK_FOR
    return Stand.SOLVED if mine else Stand.OVER


def _of_check(one: Conversation, found: Tap, key: str, now: datetime, *, accepted: bool) -> Stand:
    asked = any(
        item.note is NoteKind.FOLLOWUP and tap.mark(item.trigger) == found.wait for item in one.outbox
    )
    if not asked:
        return Stand.OVER
    if accepted:
        decided = any(entry.key == key for entry in one.entries)
        stand = _of_wait(one, tap.mark(key), now) if decided else Stand.OPENED
        return Stand.OPENED if stand in {Stand.WAITS, Stand.SAID} else stand
    if one.waiting_since is not None or one.status not in _ANSWERED:
        return Stand.OVER
    return Stand.THANKED if one.wish is not None and one.wish.kind == "solved" else Stand.ASKED
