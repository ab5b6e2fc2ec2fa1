"""What a message is, and which conversation it belongs to."""

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from channels.message import Kind, Message
from router.conversation import Conversation, Status
from router.draft import Draft
from router.reading.subject import base_subject
from router.tokens import token_reference

#: The same mail may arrive twice within this time; later it is a message of its own.
SAME_MAIL = timedelta(days=7)
#: A second mail with the same subject joins an open conversation within this time.
SAME_SUBJECT = timedelta(days=14)


class Sort(StrEnum):
    """What is done with a message."""

    DUPLICATE = "duplicate"  # this very message is in a conversation already
    SAME_MAIL = "same mail"  # the same mail came by two ways: shown, nothing more
    CUSTOMER = "customer"  # starts or continues a wait
    OURS = "ours"  # a person of ours answered elsewhere
    SEEMS_OURS = "seems ours"  # somebody says they are one of ours and answered: shown, proven by nothing
    MACHINE = "machine"  # set aside or attached, never answered
    CHANGE = "change"  # an edit or deletion: attached
    STATUS = "status"  # what became of something we sent
    CONTACT = "contact"  # where else the customer can be reached
    UNREADABLE = "unreadable"  # visible, with the raw bytes to download


class Recognised(Struct, frozen=True, kw_only=True):
    """What a message is, where it belongs, and why."""

    sort: Sort
    conversation: Conversation | None
    reason: str


def recognise(message: Message, draft: Draft) -> Recognised:
    """Tell what the message is and find its conversation."""
    home = draft.holding(message)
    if home is not None:
        return Recognised(sort=Sort.DUPLICATE, conversation=home, reason="already in this conversation")
    same = _same_mail(message, draft)
    if same is not None:
        return Recognised(sort=Sort.SAME_MAIL, conversation=same, reason="the same mail arrived twice")
    found, reason = attach(message, draft)
    return Recognised(sort=_sort(message, found, draft), conversation=found, reason=reason)


def _same_mail(message: Message, draft: Draft) -> Conversation | None:
    if not message.fingerprint or message.kind is not Kind.CUSTOMER:
        return None
    for known in draft.linked(f"fp:{message.fingerprint}"):
        if known.account == message.account and message.received_at - known.updated_at < SAME_MAIL:
            return known
    return None


def _sort(message: Message, found: Conversation | None, draft: Draft) -> Sort:
    if message.kind is Kind.CUSTOMER:
        by_staff = message.sender.key in draft.house.staff and not message.doubtful
        if found is not None and by_staff and found.contact.key != message.sender.key:
            # Anybody can write an agent's address into From: only proof of the sender ends a wait.
            return Sort.OURS if message.sender.verified else Sort.SEEMS_OURS
        return Sort.MACHINE if message.sender.key in draft.house.ours else Sort.CUSTOMER
    if message.kind is Kind.STATUS:
        return Sort.CONTACT if message.claims else Sort.STATUS
    return {
        Kind.AGENT: Sort.OURS,
        Kind.MACHINE: Sort.MACHINE,
        Kind.UNREADABLE: Sort.UNREADABLE,
    }.get(message.kind, Sort.CHANGE)


def attach(message: Message, draft: Draft) -> tuple[Conversation | None, str]:
    """Find the conversation that the message belongs to, and say how it was found.

    A thread that only its members can write to, or a token that we signed, is proof. A citation counts
    only from somebody who takes part, so a stranger who quotes a reference is not let in. A new
    subject from the same person starts a new conversation.
    """
    if message.thread:
        known = next(iter(draft.linked(draft.thread_link(message))), None)
        return known, "a new thread" if known is None else "the same thread"
    found, reason = _cited(message, draft)
    if found is not None and message.kind is Kind.CUSTOMER and _other_subject(message, found):
        return None, "a new subject starts a new conversation"
    return found, reason


def _cited(message: Message, draft: Draft) -> tuple[Conversation | None, str]:
    return _by_token(message, draft) or _by_citation(message, draft) or _by_subject(message, draft)


def _by_token(message: Message, draft: Draft) -> tuple[Conversation, str] | None:
    reference = token_reference(draft.house.secret, message.token) if message.token else ""
    found = next(iter(draft.linked(f"ref:{reference}")), None) if reference else None
    return None if found is None else (found, "the signed address it was sent to")


def _by_citation(message: Message, draft: Draft) -> tuple[Conversation, str] | None:
    cited = (*reversed(message.references), *((message.about,) if message.about else ()))
    candidates = (found for name in cited for found in draft.linked(f"mid:{name}"))
    allowed = next((found for found in candidates if _may_cite(message, found, draft)), None)
    return None if allowed is None else (allowed, "it answers a message of this conversation")


def _may_cite(message: Message, found: Conversation, draft: Draft) -> bool:
    if message.doubtful:
        return False
    if message.kind is not Kind.CUSTOMER:
        return True
    return message.sender.key in draft.house.staff or message.sender.key in _members(found)


def _members(found: Conversation) -> tuple[str, ...]:
    """Return who takes part, and the addresses at which the customer gets our answers or copies of them."""
    told = (one.key for one in (found.fallback, found.answer_to) if one is not None)
    return (*found.participants, found.contact.key, *told)


def _by_subject(message: Message, draft: Draft) -> tuple[Conversation | None, str]:
    subject = base_subject(message.subject)
    if message.kind is not Kind.CUSTOMER or not subject or message.doubtful:
        return None, "nothing it belongs to"
    for found in draft.of_sender(message.sender.key):
        fresh = message.received_at - found.updated_at < SAME_SUBJECT
        alive = found.status in {Status.OPEN, Status.HELD, Status.PENDING, Status.SNOOZED}
        same = found.account == message.account and subject in _subjects(found)
        if fresh and alive and same:
            return found, "the same person wrote about the same subject"
    return None, "nothing it belongs to"


def _other_subject(message: Message, found: Conversation) -> bool:
    subject, known = base_subject(message.subject), _subjects(found)
    return bool(subject and base_subject(found.subject) and subject not in known)


def _subjects(found: Conversation) -> set[str]:
    """Return what it is about, in the words of those too that were merged into it."""
    return {base_subject(one) for one in (found.subject, *found.subjects)}
