"""How much work waits: the store counts it, the promise engine weighs it."""

from msgspec import Struct


class Load(Struct, frozen=True, kw_only=True):
    """So many conversations to be done now that need the same of an agent and are about as urgent."""

    queue: str
    channel: str
    language: str
    skills: tuple[str, ...]
    #: Agent id; "" = nobody yet.
    owner: str
    #: floor(urgency / 300): due within the same five minutes, at the same priority.
    bucket: int
    count: int
