"""What a channel can do, as far as it matters to who answers there; asked by capability, never by name."""

from msgspec import Struct

from channels import registry
from channels.errors import Misconfigured
from channels.manifest import Capabilities
from router.conversation import Conversation


class MeansView(Struct, frozen=True, kw_only=True):
    """How an answer goes out here."""

    #: How words are met here: mail, chat, public or spoken.
    style: str
    #: Most characters of one message; longer ones go out in several. 0 = any length.
    length: int
    #: Links may stand in it.
    links: bool
    #: Files can be sent.
    files: bool


def capabilities(channel: str) -> Capabilities:
    """Return what the channel can do; of one that is no longer there nothing is known."""
    try:
        return registry.manifest(channel).capabilities
    except Misconfigured:
        return Capabilities(attachments=True)


def means(one: Conversation) -> MeansView:
    """Return how an answer in the conversation goes out."""
    able = capabilities(one.channel)
    limit = able.length_limit
    if not one.public and able.direct_length_limit:
        limit = able.direct_length_limit
    return MeansView(style=able.style, length=limit, links=able.links, files=able.attachments)
