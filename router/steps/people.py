"""Steps of the people: whose it is, and what they are warned of."""

from msgspec.structs import replace

from channels.message import Identity
from router.conversation import Conversation

FLAGS_KEPT = 20


def own(conversation: Conversation, agent: str, claim: str) -> Conversation:
    """Make the agent the owner, and so accountable."""
    return replace(conversation, owner=agent, claim=claim, accountable=agent, previous_owner=agent)


def disown(conversation: Conversation) -> Conversation:
    """Take the owner away; who is accountable must be set next where somebody still waits."""
    previous = conversation.owner or conversation.previous_owner
    return replace(conversation, owner="", claim="", previous_owner=previous, idle_until=None)


def flag(conversation: Conversation, text: str) -> Conversation:
    """Warn the accountable person."""
    if text in conversation.flags:
        return conversation
    return replace(conversation, flags=(*conversation.flags, text)[-FLAGS_KEPT:])


def left_address(conversation: Conversation, identity: Identity) -> Conversation:
    """Remember where a copy goes when the customer is no longer on the channel."""
    return replace(conversation, fallback=identity)
