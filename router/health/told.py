"""What a part of the service says of itself through the store, so that the health of every process shows it."""

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from router.ports import Record, Store
from router.switches import is_paused, paused_at

KIND = "part"
#: What was said is not believed for longer, unless it is said again.
BELIEVED = timedelta(seconds=60)
MOST = 50


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a part."""

    #: Names it over time.
    key: str
    text: str
    impact: str
    next: str
    since: datetime
    audience: str = "ops"


async def tell(store: Store, part: str, told: list[Told], now: datetime) -> None:
    """Say what is wrong with the part; nothing, when all is well. Say it again before it is disbelieved."""
    known = await store.record(KIND, part)
    if not told:
        if known is not None:
            await store.drop_record(KIND, part)
        return
    value = {"told": [msgspec.to_builtins(one) for one in told]}
    version = known.version + 1 if known is not None else 1
    record = Record(kind=KIND, id=part, value=value, version=version, expires_at=now + BELIEVED)
    await store.put_record(record)


async def heard(store: Store) -> list[Told]:
    """Return what all parts say."""
    found: list[Told] = []
    for record in await store.records(KIND, MOST):
        try:
            found += msgspec.convert(record.value.get("told", []), list[Told])
        except msgspec.ValidationError:  # of another version of this program
            continue
    return found


def paused(switch: Record | None, now: datetime) -> list[Told]:
    """Say that somebody paused all automatic notes, if so."""
    if not is_paused(switch):
        return []
    return [
        Told(
            key="paused",
            text="Automatic notes are paused.",
            audience="lead",
            impact="Messages get a person and a due time as always, but their senders are not told.",
            next="`handleby notes resume` sends them again, for what arrives from then on.",
            since=paused_at(switch) or now,
        )
    ]
