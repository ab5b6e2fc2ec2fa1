"""Who agreed to notes in their name, on which channels, and after seeing which texts: one record an agent."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from router.conversation import Event
from router.errors import Conflict
from router.ports import Record, Store

KIND = "voice"
#: Most agents that are read.
MOST = 10_000
#: How often a race with another change of the same agent is run again.
ROUNDS = 10
#: Beside the channels: what has yet to be written to the log, so that a crash between the two loses nothing.
UNLOGGED = "unlogged"


class Consent(Struct, frozen=True, kw_only=True):
    """That somebody agreed on a channel."""

    at: datetime
    #: Hash of the texts that they had seen.
    version: str


def said(record: Record | None) -> dict[str, Consent]:
    """Return what somebody agreed to, by channel."""
    found = record.value if record is not None else {}
    return msgspec.convert({key: one for key, one in found.items() if key != UNLOGGED}, dict[str, Consent])


async def voices(store: Store) -> Mapping[str, frozenset[str]]:
    """Return by agent id the channels on which notes may go out in their name."""
    found = {one.id: frozenset(one.value) - {UNLOGGED} for one in await store.records(KIND, MOST)}
    return {agent: channels for agent, channels in found.items() if channels}


async def agree(store: Store, agent: str, channel: str, consent: Consent) -> None:
    """Write down that the agent agrees; again replaces what they had agreed to. Raises Conflict."""
    await _change(store, agent, channel, consent, consent.at)


async def withdraw(store: Store, agent: str, channel: str, at: datetime) -> None:
    """Write down that the agent agrees no more; no note leaves in their name from now on. Raises Conflict."""
    await _change(store, agent, channel, None, at)


async def settled(store: Store, agent: str) -> None:
    """Write to the log what the agent said and a crash kept from it; a line may come twice, and none is lost."""
    known = await store.record(KIND, agent)
    lines = _unlogged(known)
    if known is None or not lines:
        return
    await store.append(lines)
    rest = {key: one for key, one in known.value.items() if key != UNLOGGED}
    await store.put_record(Record(kind=KIND, id=agent, value=rest, version=known.version + 1))


async def _change(store: Store, agent: str, channel: str, consent: Consent | None, at: datetime) -> None:
    data = {"agreed": consent is not None, "version": consent.version if consent is not None else ""}
    line = Event(at=at, kind="voice", channel=channel, agent=agent, data=data)
    for _ in range(ROUNDS):
        known = await store.record(KIND, agent)
        value: dict[str, object] = {key: one for key, one in said(known).items() if key != channel}
        if consent is not None:
            value[channel] = consent
        value[UNLOGGED] = [*_unlogged(known), line]
        version = known.version + 1 if known is not None else 1
        record = Record(kind=KIND, id=agent, value=msgspec.to_builtins(value), version=version)
        if await store.put_record(record):
            await settled(store, agent)
            return
    raise Conflict("This was being changed at the same time. Try again.")


def _unlogged(record: Record | None) -> list[Event]:
    found = record.value.get(UNLOGGED, []) if record is not None else []
    return msgspec.convert(found, list[Event])
