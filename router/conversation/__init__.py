"""The conversation: its values, and what follows from them. Stores keep it; only pure steps change it."""

from router.conversation.derive import (
    PRIORITY_RANK,
    customer_id,
    indexed,
    is_owed,
    lane,
    lane_name,
    links_of,
    note_id,
    promise_told,
    reference_in,
    thread_link,
    urgency,
    wakes,
)
from router.conversation.document import KEYS_KEPT, LINKS_KEPT, OUTBOX_KEPT, Conversation
from router.conversation.parts import Agent, Claim, Customer, Decision, Entry, Event, Item, Promise
from router.conversation.states import SETTLED, NoteKind, PromiseState, SendState, Status

__all__ = [
    "KEYS_KEPT",
    "LINKS_KEPT",
    "OUTBOX_KEPT",
    "PRIORITY_RANK",
    "SETTLED",
    "Agent",
    "Claim",
    "Conversation",
    "Customer",
    "Decision",
    "Entry",
    "Event",
    "Item",
    "NoteKind",
    "Promise",
    "PromiseState",
    "SendState",
    "Status",
    "customer_id",
    "indexed",
    "is_owed",
    "lane",
    "lane_name",
    "links_of",
    "note_id",
    "promise_told",
    "reference_in",
    "thread_link",
    "urgency",
    "wakes",
]
