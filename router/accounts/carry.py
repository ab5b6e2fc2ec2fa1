"""One try at the network: hand an outgoing to its channel, and name what became of it."""

import asyncio

from msgspec import Struct

from channels.errors import NotSent, Refused
from channels.message import Outgoing, Sent
from channels.port import Channel
from router import log
from router.conversation import Conversation, Item, SendState
from router.sending.outbox import Result

logger = log.get(__name__)

#: Longest that one try may take: within the lease, and beyond the limits that channels set themselves. They know
#: what was certainly not sent; a try that ends here is in doubt.
SEND_S = 52.0


class Job(Struct, frozen=True, kw_only=True):
    """One thing to send or to read back, once its new state is written."""

    conversation: Conversation
    outgoing: Outgoing
    read_back: bool


def job_of(conversation: Conversation, item: Item, out: Outgoing) -> Job:
    """Return what is to be done for an entry: what is in doubt is read back."""
    doubt = item.state in {SendState.SENDING, SendState.UNKNOWN}
    return Job(conversation=conversation, outgoing=out, read_back=doubt)


async def carry(channel: Channel, work: Job) -> Result:
    """Send it once, or read back whether it was sent; anything but a clear answer is `unknown`."""
    out = work.outgoing

    def result(state: SendState, reason: str = "", message_id: str = "", after_s: float = 0.0) -> Result:
        return Result(
            conversation=work.conversation,
            item=out.id,
            state=state,
            reason=reason,
            message_id=message_id,
            after_s=after_s,
        )

    try:
        async with asyncio.timeout(SEND_S):
            sent: Sent | None = await (channel.reconcile(out) if work.read_back else channel.send(out))
    except NotSent as error:
        return result(SendState.RETRY, str(error), after_s=error.after_s)
    except Refused as error:
        return result(SendState.FAILED, str(error))
    except Exception as error:  # noqa: BLE001  # whatever it was, the send is in doubt
        logger.warning("send in doubt", channel=out.channel, account=out.account, error=type(error).__name__)
        return result(SendState.UNKNOWN, f"{type(error).__name__}: {error}"[:300])
    if sent is None:
        return result(SendState.UNKNOWN, "the provider cannot tell whether it was sent")
    return result(SendState.SENT, message_id=sent.message_id)
