"""What the rules may look at in a message, its conversation and its customer."""

from channels.message import Message
from router.conversation import Conversation, Customer
from rules.model import Facts


def facts_of(conversation: Conversation, message: Message, customer: Customer, *, reopened: bool) -> Facts:
    """Gather the facts, as they were when the message arrived.

    What is known of a customer is not lent to a message that may not be theirs.
    """
    known = {} if message.doubtful else customer.attributes
    ended = conversation.promises[-1].state.value if conversation.promises else ""
    return Facts(
        now=message.received_at,
        channel=message.channel,
        account=message.account,
        text=message.text,
        subject=message.subject or conversation.subject,
        sender=message.sender.address,
        sender_name=message.sender.name,
        language=conversation.language,
        customer={**message.attributes, **known},
        attachments=tuple(part for file in message.attachments for part in (file.name, file.content_type)),
        previous_owner=conversation.previous_owner,
        unanswered=conversation.unanswered or 1,
        reopened=reopened,
        promise_broken=ended == "broken",
        kind=message.kind.value,
    )
