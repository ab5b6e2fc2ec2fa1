"""Steps of the people: whose it is, and what they are warned of."""

from msgspec.structs import replace

from channels.message import Identity
from router.conversation import Conversation

FLAGS_KEPT = 20


def own(conversation: Conversation, agent: str, claim: str) -> Conversation:
    """Make the agent the owner, and so accountable."""
    declined = tuple(one for one in conversation.declined if one != agent)
    return replace(
        conversation,
        owner=agent,
        claim=claim,
        accountable=agent,
        previous_owner=agent,
        declined=declined,
    )


def disown(conversation: Conversation) -> Conversation:
    """Take the owner away; who is accountable must be set next where somebody still waits."""
    previous = conversation.owner or conversation.previous_owner
    return replace(conversation, owner="", claim="", previous_owner=previous, idle_until=None)


def give_back(conversation: Conversation) -> Conversation:
    """Let the owner decline it: somebody else gets it in the running wait, unless they take it again."""
    declined = tuple(dict.fromkeys((*conversation.declined, conversation.owner)))
    return replace(disown(conversation), previous_owner="", declined=declined)


def flag(conversation: Conversation, text: str) -> Conversation:
    """Warn the accountable person."""
    if text in conversation.flags:
        return conversation
    return replace(conversation, flags=(*conversation.flags, text)[-FLAGS_KEPT:])


def left_address(conversation: Conversation, identity: Identity) -> Conversation:
    """Remember where a copy goes when the customer is no longer on the channel."""
    return replace(conversation, fallback=identity)
