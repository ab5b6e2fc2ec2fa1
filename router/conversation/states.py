"""Where conversations, outbox entries and promises stand."""

from enum import StrEnum


class Status(StrEnum):
    """Where a conversation stands."""

    OPEN = "open"  # somebody of ours owes an answer
    PENDING = "pending"  # answered; the customer may write again
    RESOLVED = "resolved"  # done
    SNOOZED = "snoozed"  # set aside until a time
    HELD = "held"  # set aside for review; no notes
    MERGED = "merged"  # lives on in another conversation


#: Where somebody of ours may still owe an answer, now or later.
WAITED_FOR = frozenset({Status.OPEN, Status.SNOOZED})


class NoteKind(StrEnum):
    """Why a note is sent."""

    FIRST = "first"
    RENEWAL = "renewal"
    INTRODUCTION = "introduction"
    ADDED = "added"
    FOLLOWUP = "followup"
    INCIDENT = "incident"


class SendState(StrEnum):
    """How far an outbox item is."""

    PENDING = "pending"  # to be sent
    SENDING = "sending"  # somebody sends it now; after the lease: unknown
    SENT = "sent"  # the provider took it
    RETRY = "retry"  # certainly not sent; again at next_at
    FAILED = "failed"  # the provider refuses it; a person must act
    UNKNOWN = "unknown"  # in doubt; read back or shown, never blindly repeated
    CANCELLED = "cancelled"  # no longer wanted; `reason` says why


#: States in which nothing more happens by itself.
SETTLED = frozenset({SendState.SENT, SendState.FAILED, SendState.CANCELLED})


class PromiseState(StrEnum):
    """How a promise stands or ended."""

    MADE = "made"
    KEPT = "kept"
    RENEWED = "renewed"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


class Why(StrEnum):
    """Why a promised time was not kept as it was first said."""

    NOBODY_ON = "nobody on"  # nobody who could answer was at work
    AWAY = "away"  # whoever had it was not there
    SURGE = "surge"  # there was more work than expected
    HELD_LONG = "held long"  # somebody had it, and did not come to it
    SEND_FAILED = "send failed"  # the answer was written and did not leave
    RETURNED = "returned"  # it was given back too late for somebody else
    ASKED = "asked"  # whoever had it asked for more time
    CHANGED = "changed"  # the customer, or the rules, wanted another time
