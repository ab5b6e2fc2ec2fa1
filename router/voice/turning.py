"""Holds the turns of the texts against the store: every process and every restart goes on from the last note."""

from router import log
from router.errors import StoreError
from router.ports import Record, Store
from router.voice.turns import Turns

logger = log.get(__name__)

#: The records: one for each account, by `channel/account`.
KIND = "turns"
#: Most accounts read.
MOST = 1000
#: Tries to write against others who write too; what is left is written the next time.
TRIES = 3


async def read(turns: Turns, store: Store) -> None:
    """Take over what the store knows. Raises StoreError."""
    for record in await store.records(KIND, MOST):
        turns.adopt(
            record.id, {str(text): int(number) for text, number in record.value.items()}, record.version
        )


async def write(turns: Turns, store: Store) -> None:
    """Let the store know what was said since; where it fails, the next time tells it."""
    try:
        for _ in range(TRIES):
            for place in turns.grown():
                numbers, version = turns.at(place)
                record = Record(kind=KIND, id=place, value=dict(numbers), version=version)
                if await store.put_record(record):
                    turns.stored(place, numbers, version)
            if not turns.grown():
                return
            await read(turns, store)
    except StoreError as error:
        logger.warning("turns not written", error=type(error).__name__)
