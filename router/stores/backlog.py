"""What is counted as backlog, and under what: the few words of a conversation that an index is made of."""

from functools import lru_cache

from msgspec import json

from router.conversation import Conversation, is_work
from router.engine.backlog import bucket_of
from router.ports import Load

_encode = json.Encoder().encode
_decode = json.Decoder(tuple[str, ...]).decode


def needs(one: Conversation) -> str | None:
    """Return language and skills as one JSON array if the conversation is work to be done now, else None.

    The queue, the channel and the owner stand beside it. Who wants to be reached later waits for nobody yet;
    a timer takes `not_before` away when that time comes.
    """
    if not is_work(one):
        return None
    return _encode([one.language, *sorted(one.skills)]).decode()


def bucket(one: Conversation) -> int:
    """Return which five minutes of urgency it is due in."""
    return bucket_of(one.urgency)


@lru_cache(maxsize=4096)
def _needed(words: str) -> tuple[str, tuple[str, ...]]:
    language, *skills = _decode(words)
    return language, tuple(skills)


def load(words: str, *, queue: str, channel: str, owner: str, bucket: int, count: int) -> Load:
    """Return a group of the index as a value."""
    language, skills = _needed(words)
    return Load(
        queue=queue,
        channel=channel,
        language=language,
        skills=skills,
        owner=owner,
        bucket=bucket,
        count=count,
    )
