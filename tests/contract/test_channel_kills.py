"""What holds for every channel when the service dies in the middle; beside `test_channels.py`, as it takes longer."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from channels.message import Kind
from sandbox.stand import stand_of
from tests.support.alive import LeapingClock, Place, opened, running
from tests.support.process import Elsewhere
from tests.support.told import CHANNELS, person, sent_once_or_shown, word


@pytest.mark.faults
@pytest.mark.parametrize("channel", CHANNELS)
async def test_killed_in_the_middle_it_loses_and_doubles_nothing(channel: str, tmp_path: Path) -> None:
    """After SIGKILL while messages come in and notes go out, each message is there once and each note at most once."""
    customers = {person(): word() for _ in range(8)}
    async with opened(tmp_path, channel, stand_of(channel)) as place:
        with Elsewhere(place) as process:
            await process.start()
            await place.connect()
            writing = [
                asyncio.create_task(insist(place, customer, key, number * 0.05))
                for number, (customer, key) in enumerate(customers.items())
            ]
            await first_note(place)
            process.kill()
        async with running(place, LeapingClock()) as alive:
            await asyncio.gather(*writing)
            for customer, key in customers.items():
                await alive.until(lambda key=key: alive.has(key), f"what {customer} wrote", leap_s=10.0)
                one, items = await alive.settled(key, 0)
                assert [entry.kind for entry in one.entries] == [Kind.CUSTOMER]
                assert len(await alive.has(key)) == 1
                await sent_once_or_shown(alive, customer, one, items)
            notes = Counter(row.customer for row in place.stand.ledger if row.ours)
            assert max(notes.values(), default=0) <= 1


async def insist(place: Place, customer: str, key: str, after_s: float) -> None:
    """Let a customer write, again when the provider itself did not take it."""
    await asyncio.sleep(after_s)
    async with asyncio.timeout(60):
        while not place.stand.ledger.by(customer):
            try:
                await place.stand.write(customer, f"In the middle {key}", public=False)
            except Exception:  # noqa: BLE001  # whatever the stand-in says, it has not taken it
                await asyncio.sleep(0.2)


async def first_note(place: Place) -> None:
    """Wait until some customer has heard from us."""
    async with asyncio.timeout(40):
        while not any(row.ours for row in place.stand.ledger):
            await asyncio.sleep(0.01)
