"""Who agreed to notes in their name, on which channels, and after seeing which texts: one record an agent."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from router.conversation import Event
from router.errors import Conflict
from router.ports import Commit, Record, Store

KIND = "voice"
#: Most agents that are read.
MOST = 10_000
#: How often a race with another change of the same agent is run again.
ROUNDS = 10


class Consent(Struct, frozen=True, kw_only=True):
    """That somebody agreed on a channel."""

    at: datetime
    #: Hash of the texts that they had seen.
    version: str


def said(record: Record | None) -> dict[str, Consent]:
    """Return what somebody agreed to, by channel."""
    return msgspec.convert(record.value, dict[str, Consent]) if record is not None else {}


async def voices(store: Store) -> Mapping[str, frozenset[str]]:
    """Return by agent id the channels on which notes may go out in their name."""
    return {one.id: frozenset(one.value) for one in await store.records(KIND, MOST) if one.value}


async def agree(store: Store, agent: str, channel: str, consent: Consent) -> None:
    """Write down that the agent agrees; again replaces what they had agreed to. Raises Conflict."""
    await _change(store, agent, channel, consent, consent.at)


async def withdraw(store: Store, agent: str, channel: str, at: datetime) -> None:
    """Write down that the agent agrees no more; no note leaves in their name from now on. Raises Conflict."""
    await _change(store, agent, channel, None, at)


async def _change(store: Store, agent: str, channel: str, consent: Consent | None, at: datetime) -> None:
    for _ in range(ROUNDS):
        known = await store.record(KIND, agent)
        value = {key: one for key, one in said(known).items() if key != channel}
        if consent is not None:
            value[channel] = consent
        version = known.version + 1 if known is not None else 1
        record = Record(kind=KIND, id=agent, value=msgspec.to_builtins(value), version=version)
        if await store.put_record(record):
            data = {"agreed": consent is not None, "version": consent.version if consent is not None else ""}
            line = Event(at=at, kind="voice", channel=channel, agent=agent, data=data)
            await store.commit(Commit(events=[line]))
            return
    raise Conflict("This was being changed at the same time. Try again.")
