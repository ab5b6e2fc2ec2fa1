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
